"""blackwell_sparsek.attention_forward says what is wrong before anything is launched."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import blackwell_sparsek
import pytest
import torch
from blackwell_sparsek import LibraryError, attention_forward, library
from torch._subclasses.fake_tensor import FakeTensorMode

from tests.kernels.emulated import EmulatedLibrary, arguments, normal, reference, worst

PAYLOAD = Path(blackwell_sparsek.__file__).resolve().parents[1]


def good(**changes: Any) -> torch.Tensor:
    """A tensor the kernel takes, but for where it lives; or one thing changed."""
    wanted = {"size": (1, 2, 8, 64), "dtype": torch.float16, **changes}
    return torch.zeros(**wanted)


@pytest.mark.parametrize(
    ("qkv", "kind", "words"),
    [
        pytest.param((good(dtype=torch.float32),) * 3, TypeError, "q: expected float16 or bfloat16, got torch.float32", id="fp32"),
        pytest.param((good(), good(), good(dtype=torch.bfloat16)), ValueError, "v: dtype torch.bfloat16 differs", id="mixed dtypes"),
        pytest.param((good(size=(2, 8, 64)),) * 3, ValueError, "q: expected .batch, heads, seq, dim.", id="three dimensions"),
        pytest.param((good(size=(1, 2, 8, 80)),) * 3, ValueError, "head dimension 80; expected 64 or 128", id="dim 80"),
        pytest.param((good(), good(size=(1, 2, 9, 64)), good()), ValueError, "k: shape .* differs", id="another length of k"),
        pytest.param((good(size=(0, 2, 8, 64)),) * 3, ValueError, "at least 1", id="empty batch"),
        pytest.param((good(), good(device="meta"), good()), ValueError, "k: device meta differs", id="mixed devices"),
        pytest.param((good(requires_grad=True),) * 3, ValueError, "gradients are not supported", id="gradients"),
        pytest.param((good(),) * 3, ValueError, "must be CUDA tensors, got device cpu", id="CPU tensors"),
        pytest.param(("q", good(), good()), TypeError, "q: expected a torch.Tensor, got str", id="no tensor"),
    ],
)  # fmt: skip
def test_unsupported_arguments_are_named(qkv: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        attention_forward(*qkv)


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), 1e39])
def test_a_scale_that_is_not_finite_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale: expected a finite number"):
        attention_forward(good(), good(), good(), scale=scale)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        pytest.param(good(size=(1, 2, 64, 64)).transpose(2, 3), "last dimension must be contiguous", id="transposed"),
        pytest.param(good(size=(1, 2, 64, 68))[..., :64], "multiple of 16 bytes", id="rows of 136 bytes"),
        pytest.param(good(size=(1, 2, 64, 72))[..., 4:68], "multiple of 16 bytes", id="rows that start at 8"),
    ],
)  # fmt: skip
def test_rows_the_copies_cannot_take_are_refused(wrong: torch.Tensor, words: str) -> None:
    fine = good(size=(1, 2, 64, 64))
    with pytest.raises(ValueError, match=f"v: .*{words}"):
        blackwell_sparsek.checks.check_rows(fine, fine, wrong)


@pytest.mark.parametrize(
    ("out", "kind", "words"),
    [
        pytest.param("out", TypeError, "out: expected a torch.Tensor, got str", id="no tensor"),
        pytest.param(good(size=(1, 2, 9, 64)), ValueError, "out: shape .* differs from q's", id="another shape"),
        pytest.param(good(dtype=torch.bfloat16), ValueError, "out: dtype .* differs from q's", id="another dtype"),
        pytest.param(good(device="meta"), ValueError, "out: device meta differs from q's", id="another device"),
        pytest.param(good(requires_grad=True), ValueError, "gradients are not supported", id="gradients"),
        pytest.param(good(), ValueError, "must be CUDA tensors, got device cpu", id="CPU tensors"),
    ],
)  # fmt: skip
def test_an_output_of_another_form_is_refused(out: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        attention_forward(good(), good(), good(), out=out)


@pytest.mark.parametrize(
    ("out", "words"),
    [
        pytest.param(good(size=(1, 2, 64, 64)).transpose(2, 3), "last dimension must be contiguous", id="transposed"),
        pytest.param(good(size=(1, 2, 64, 68))[..., :64], "multiple of 16 bytes", id="rows of 136 bytes"),
        pytest.param(good(size=(1, 2, 64, 72))[..., 4:68], "multiple of 16 bytes", id="rows that start at 8"),
    ],
)  # fmt: skip
def test_rows_of_an_output_that_no_store_can_take_are_refused(
    out: torch.Tensor, words: str
) -> None:
    fine = good(size=(1, 2, 64, 64))
    with pytest.raises(ValueError, match=f"out: .*{words}"):
        blackwell_sparsek.checks.check_rows(fine, fine, fine, out)


def test_an_output_that_shares_memory_with_an_input_or_itself_is_refused() -> None:
    apart = blackwell_sparsek.checks.check_apart
    room = good(size=(4, 1, 2, 8, 64))
    q, k, v, out = room.unbind(0)
    apart(out, q, k, v)
    apart(out.transpose(1, 2).contiguous().transpose(1, 2), q, k, v)
    with pytest.raises(ValueError, match="out: its memory, gaps included, overlaps that of k"):
        apart(k, q, k, v)
    shifted = room.view(-1)[8 : 8 + q.numel()].view(q.shape)
    with pytest.raises(ValueError, match="overlaps that of q"):
        apart(shifted, q, k, v)
    with pytest.raises(ValueError, match=r"overlaps itself, its strides are \(1024, 0, 64, 1"):
        apart(out[:, :1].expand(1, 2, 8, 64), q, k, v)
    with pytest.raises(ValueError, match="out: it overlaps itself"):
        apart(good(size=(4096,)).as_strided((1, 2, 8, 64), (512, 512, 8, 1)), q, k, v)


def test_without_a_library_the_error_says_how_to_build_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(library.ENVIRONMENT, raising=False)
    with pytest.raises(LibraryError, match=r"is not set.*orchestrator deploy"):
        blackwell_sparsek.library_path()
    monkeypatch.setenv(library.ENVIRONMENT, str(tmp_path / "gone.so"))
    with pytest.raises(LibraryError, match=r"gone\.so, which is not a file.*orchestrator deploy"):
        blackwell_sparsek.library_digest()


def test_a_file_that_is_no_library_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "text.so").write_text("not a library")
    monkeypatch.setenv(library.ENVIRONMENT, str(tmp_path / "text.so"))
    with pytest.raises(LibraryError, match=r"text\.so is not our attention library"):
        blackwell_sparsek.library_digest()


def test_the_package_drives_the_library_it_names(
    monkeypatch: pytest.MonkeyPatch, emulated: EmulatedLibrary
) -> None:
    monkeypatch.setenv(library.ENVIRONMENT, str(emulated.path))
    emulated.native.emulator_configure(0, 0, 2**32 - 1)
    q, k, v = normal(1, 2, 20, 64, dtype=torch.float16)
    output = torch.zeros_like(q)
    args = arguments(q, k, v, output, causal=True)
    library.Prepared(args).launch(0)
    assert worst(output, reference(q, k, v, causal=True)) < 1
    assert library.name_of_kernel(args) == "portable_fp16_d64_causal"
    digest = hashlib.sha256(emulated.path.read_bytes()).hexdigest()
    assert blackwell_sparsek.library_digest() == digest
    args.dim = 96
    with pytest.raises(LibraryError, match="code 3: the head dimension must be 64 or 128"):
        library.Prepared(args).launch(0)
    with pytest.raises(LibraryError, match="no kernel"):
        library.name_of_kernel(args)


@pytest.mark.parametrize("kernel", [library.PORTABLE, library.HOPPER])
def test_an_output_with_strides_of_its_own_is_written_and_nothing_between_its_rows(
    monkeypatch: pytest.MonkeyPatch, emulated: EmulatedLibrary, kernel: int
) -> None:
    monkeypatch.setenv(library.ENVIRONMENT, str(emulated.path))
    emulated.native.emulator_configure(0, 0, 2**32 - 1)
    q, k, v = normal(2, 3, 70, 64, dtype=torch.float16)
    room = torch.full((2, 75, 3, 72), 7.0, dtype=torch.float16)
    out = room[:, 3:73, :, 8:].transpose(1, 2)
    assert out.shape == q.shape
    blackwell_sparsek.checks.check_rows(q, k, v, out)
    blackwell_sparsek.checks.check_apart(out, q, k, v)
    args = blackwell_sparsek.ops.arguments_of(q, k, v, out, True, 0.125)
    args.kernel = kernel
    library.Prepared(args).launch(0)
    assert worst(out, reference(q, k, v, causal=True)) < 1
    out.fill_(7.0)
    assert bool((room == 7.0).all()), "only what belongs to the output was written"


@pytest.mark.parametrize(
    ("scale", "name"),
    [(0.125, "hopper_fp16_d64"), (0.0, "hopper_fp16_d64"), (-0.125, "portable_fp16_d64")],
)
def test_the_kernel_is_named_for_the_scale_that_it_is_called_with(
    monkeypatch: pytest.MonkeyPatch, emulated: EmulatedLibrary, scale: float, name: str
) -> None:
    monkeypatch.setenv(library.ENVIRONMENT, str(emulated.path))
    q, k, v = normal(1, 1, 8, 64, dtype=torch.float16)
    args = blackwell_sparsek.ops.arguments_of(q, k, v, q, False, scale)
    assert library.name_of_kernel(args) == name


def test_a_scale_that_is_not_finite_has_no_kernel() -> None:
    with pytest.raises(ValueError, match="scale: expected a finite number"):
        blackwell_sparsek.kernel_name(good(), good(), good(), scale=float("inf"))


def test_importing_needs_neither_a_gpu_nor_the_library() -> None:
    environment = {k: v for k, v in os.environ.items() if k != library.ENVIRONMENT}
    environment |= {"PYTHONPATH": str(PAYLOAD), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", "import blackwell_sparsek"]
    assert subprocess.run(command, env=environment, check=False).returncode == 0


def test_torch_compile_sees_one_operator_and_its_shape() -> None:
    def model(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return 2 * attention_forward(q, k, v, causal=True)

    graphs = []

    def keep(graph: torch.fx.GraphModule, _: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile(model, fullgraph=True, backend=keep)
    with FakeTensorMode():
        # A transposed view: the output is contiguous all the same.
        q, k, v = (
            torch.empty(2, 5, 3, 128, dtype=torch.bfloat16, device="cuda").transpose(1, 2)
            for _ in range(3)
        )
        output = compiled(q, k, v)
    assert (output.shape, output.dtype, output.device.type) == (q.shape, q.dtype, "cuda")
    assert output.is_contiguous()
    called = [node.target for node in graphs[0].graph.nodes if node.op == "call_function"]
    assert any("blackwell_sparsek" in str(target) for target in called), called


def test_torch_compile_passes_the_argument_errors_on() -> None:
    compiled = torch.compile(lambda q: attention_forward(q, q, q), backend="eager")
    with pytest.raises(ValueError, match="must be CUDA tensors"):
        compiled(good())


def test_torch_compile_sees_that_the_output_is_written() -> None:
    def model(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        return attention_forward(q, k, v, out=out) + out

    graphs = []

    def keep(graph: torch.fx.GraphModule, _: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile(model, fullgraph=True, backend=keep)
    with FakeTensorMode():
        q, k, v, out = (torch.empty(2, 5, 3, 64, dtype=torch.half, device="cuda") for _ in range(4))
        assert compiled(q, k, v, out).shape == q.shape
    called = [node.target for node in graphs[0].graph.nodes if node.op == "call_function"]
    assert any("attention_forward_into" in str(target) for target in called), called
    schema = torch.ops.blackwell_sparsek.attention_forward_into.default._schema
    assert schema.is_mutable


def test_an_output_of_another_shape_is_refused_while_compiling_too() -> None:
    with FakeTensorMode():
        q, out = (torch.empty(2, 5, n, 64, dtype=torch.half, device="cuda") for n in (3, 4))
        with pytest.raises(ValueError, match="out: shape"):
            attention_forward(q, q, q, out=out)
