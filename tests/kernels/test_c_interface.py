"""The library's C interface refuses what no kernel can run, with a code and a sentence."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Callable

import pytest
import torch
from blackwell_sparsek import library

from tests.kernels.emulated import (
    CSRC,
    LAST_CTA,
    EmulatedLibrary,
    arguments,
    normal,
    reference,
    worst,
)

Change = Callable[[library.Attention], None]
NULL_POINTER, NOT_PREPARED = 1, 11  # enum SparsekError


def put(name: str, value: object) -> Change:
    return lambda args: setattr(args, name, value)


def put_stride(name: str, axis: int, value: int) -> Change:
    return lambda args: getattr(args, f"{name}_stride").__setitem__(axis, value)


def shift(name: str, by_bytes: int) -> Change:
    return lambda args: setattr(args, name, getattr(args, name) + by_bytes)


def many_heads(args: library.Attention) -> None:
    args.batch, args.heads = 2**16, 2**15


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(put("q", None), "null", id="null q"),
        pytest.param(put("o", None), "null", id="null output"),
        pytest.param(put("batch", 0), "at least 1", id="no batch"),
        pytest.param(put("seq", -1), "at least 1", id="negative seq"),
        pytest.param(put("dim", 96), "64 or 128", id="dim 96"),
        pytest.param(put("dtype", 2), "FP16 or BF16", id="unknown dtype"),
        pytest.param(shift("v", 8), "16 bytes", id="misaligned v"),
        pytest.param(put_stride("k", 2, 68), "16 bytes", id="misaligned rows of k"),
        pytest.param(put_stride("o", 1, 1), "16 bytes", id="misaligned heads of the output"),
        pytest.param(put("scale", math.nan), "finite", id="NaN scale"),
        pytest.param(put("scale", 3e38), "finite", id="scale that overflows in log2 units"),
        pytest.param(put("seq", 2**31), "below 2\\^31", id="a sequence too long"),
        pytest.param(many_heads, "below 2\\^31", id="too many heads"),
    ],
)
def test_a_bad_argument_is_refused_before_the_launch(
    emulated: EmulatedLibrary, change: Change, words: str
) -> None:
    q, k, v = normal(1, 2, 5, 64, dtype=torch.float16)
    output = torch.zeros_like(q)
    args = arguments(q, k, v, output)
    change(args)
    code = emulated.native.sparsek_attention_forward(ctypes.byref(args), None)
    assert 0 < code < 1000
    assert re.search(words, emulated.native.sparsek_error_text(code).decode())
    assert (output == 0).all()


def test_what_cannot_be_prepared_leaves_nothing_to_launch(emulated: EmulatedLibrary) -> None:
    q, k, v = normal(1, 2, 5, 64, dtype=torch.float16)
    call = library.Call()
    native = emulated.native
    assert native.sparsek_launch(ctypes.byref(call), None) == NOT_PREPARED
    assert native.sparsek_prepare(ctypes.byref(arguments(q, k, v, q)), ctypes.byref(call)) == 0
    assert any(call.opaque)
    refused = arguments(q, k, v, q)
    refused.dim = 96
    assert native.sparsek_prepare(ctypes.byref(refused), ctypes.byref(call)) == 3
    assert not any(call.opaque)
    assert native.sparsek_launch(ctypes.byref(call), None) == NOT_PREPARED
    assert native.sparsek_prepare(ctypes.byref(arguments(q, k, v, q)), None) == NULL_POINTER
    assert native.sparsek_launch(None, None) == NULL_POINTER


@pytest.mark.parametrize("kernel", [library.PORTABLE, library.HOPPER])
def test_a_prepared_call_computes_anew_at_each_launch_from_any_copy_of_it(
    emulated: EmulatedLibrary, kernel: int
) -> None:
    q, k, v = normal(1, 2, 20, 64, dtype=torch.float16)
    output = torch.zeros_like(q)
    call, native = library.Call(), emulated.native
    native.emulator_configure(0, 0, LAST_CTA)
    args = arguments(q, k, v, output, kernel=kernel)
    assert native.sparsek_prepare(ctypes.byref(args), ctypes.byref(call)) == 0
    del args
    # Nothing in it may depend on where it lies: eight bytes on is another alignment.
    room = ctypes.create_string_buffer(ctypes.sizeof(call) + 8)
    for shift_bytes in (0, 8):
        place = ctypes.addressof(room) + shift_bytes
        ctypes.memmove(place, ctypes.byref(call), ctypes.sizeof(call))
        v.mul_(-2.0)
        output.fill_(math.nan)
        assert native.sparsek_launch(ctypes.c_void_p(place), None) == 0
        assert native.emulator_fault() == b""
        assert worst(output, reference(q, k, v), magnitude=4.0) < 1


def test_a_stride_along_a_dimension_of_one_is_ignored(emulated: EmulatedLibrary) -> None:
    q, k, v = normal(1, 1, 1, 64, dtype=torch.float16)
    output = torch.zeros_like(q)
    args = arguments(q, k, v, output)
    for axis in range(3):
        put_stride("q", axis, 3)(args)
    assert emulated.native.sparsek_attention_forward(ctypes.byref(args), None) == 0
    assert torch.equal(output, v)


def test_null_arguments_have_no_kernel(emulated: EmulatedLibrary) -> None:
    assert emulated.native.sparsek_attention_forward(None, None) == 1
    assert emulated.native.sparsek_kernel_name(None) is None


@pytest.mark.parametrize(
    ("dtype", "dim", "causal", "name"),
    [
        (torch.float16, 64, False, "portable_fp16_d64"),
        (torch.float16, 128, True, "portable_fp16_d128_causal"),
        (torch.bfloat16, 64, True, "portable_bf16_d64_causal"),
        (torch.bfloat16, 128, False, "portable_bf16_d128"),
    ],
)
def test_the_library_names_the_kernel_it_would_launch(
    emulated: EmulatedLibrary, dtype: torch.dtype, dim: int, causal: bool, name: str
) -> None:
    q, k, v = normal(1, 1, 5, dim, dtype=dtype)
    args = arguments(q, k, v, q, causal)
    assert emulated.native.sparsek_kernel_name(ctypes.byref(args)).decode() == name


def test_every_code_has_a_sentence(emulated: EmulatedLibrary) -> None:
    texts = [emulated.native.sparsek_error_text(code).decode() for code in (*range(14), -1, 1719)]
    assert all(texts)
    assert len(set(texts[:13])) == 13
    assert texts[13] == texts[14] == "an error code this library does not know"


def test_python_and_c_agree_on_the_abi_version_and_the_struct(emulated: EmulatedLibrary) -> None:
    assert emulated.native.sparsek_abi_version() == library.ABI_VERSION
    header = (CSRC / "attention/api.h").read_text()
    words = re.search(r"typedef struct SparsekCall \{\s*uint64_t opaque\[(\d+)\];", header)
    assert words is not None
    assert ctypes.sizeof(library.Call) == 8 * int(words[1])
    declared = re.search(r"typedef struct SparsekAttention \{(.*?)\}", header, re.S)
    assert declared is not None
    names = re.findall(r"(\w+)(?:\[3\])?;", re.sub(r"/\*.*?\*/", "", declared[1], flags=re.S))
    assert names == [field[0] for field in library.Attention._fields_]
