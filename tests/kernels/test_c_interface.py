"""The library's C interface refuses what no kernel can run, with a code and a sentence."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Callable

import pytest
import torch
from blackwell_sparsek import library

from tests.kernels.emulated import CSRC, EmulatedLibrary, arguments, normal

Change = Callable[[library.Attention], None]


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
    texts = [emulated.native.sparsek_error_text(code).decode() for code in (*range(12), -1, 1719)]
    assert all(texts)
    assert len(set(texts[:11])) == 11
    assert texts[11] == texts[12] == "an error code this library does not know"


def test_python_and_c_agree_on_the_abi_version_and_the_struct(emulated: EmulatedLibrary) -> None:
    assert emulated.native.sparsek_abi_version() == library.ABI_VERSION
    declared = re.search(
        r"typedef struct SparsekAttention \{(.*?)\}", (CSRC / "attention/api.h").read_text(), re.S
    )
    assert declared is not None
    names = re.findall(r"(\w+)(?:\[3\])?;", re.sub(r"/\*.*?\*/", "", declared[1], flags=re.S))
    assert names == [field[0] for field in library.Attention._fields_]
