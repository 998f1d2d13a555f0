"""torch's own products: cuBLAS on a GPU, the CPU's BLAS without one."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import Any, Callable, Iterator

import torch

from remote_payload.operators import torch_provider
from remote_payload.operators.gemm.definition import COMPILED
from remote_payload.operators.loaded import CannotRun, Loaded
from remote_payload.operators.setting import Setting

Tensor = Any

FP8_CAPABILITY = (8, 9)
_FP8_STEP = 16  # torch._scaled_mm takes multiples of it for K and N
_REDUCED = ("allow_fp16_reduced_precision_reduction", "allow_bf16_reduced_precision_reduction")


def load(setting: Setting) -> Loaded:
    """torch.mm; for FP8 torch._scaled_mm."""
    scaled = Scaled(setting.device)

    def call(a: Tensor, b: Tensor) -> Tensor:
        return torch.mm(a, b) if a.element_size() > 1 else scaled(a, b)

    def implementation(a: Tensor, b: Tensor) -> str:
        if a.element_size() > 1:
            return f"torch {torch.__version__} mm through {_library(a)}{_how(a)}"
        scaled.require(b)
        through = f"_scaled_mm through {_library(a)}, fast accumulation"
        return f"torch {torch.__version__} {through}"

    return Loaded(call, sums_in_fp32, implementation)


def compiled(setting: Setting) -> Loaded:
    """torch.compile of torch.mm."""
    made = torch_provider.compiled(_product, "torch.mm", setting)

    def implementation(a: Tensor, b: Tensor) -> str:
        if a.element_size() == 1:
            raise CannotRun(f"{COMPILED} takes fp16, bf16 and fp32: torch.mm has no FP8")
        with sums_in_fp32():
            return f"{made.implementation(a, b)}{_how(a)}"

    return replace(made, within=sums_in_fp32, implementation=implementation)


def _product(a: Tensor, b: Tensor) -> Tensor:
    return torch.mm(a, b)


@contextlib.contextmanager
def sums_in_fp32() -> Iterator[None]:
    """Keep cuBLAS from adding the parts of a long sum in FP16 or BF16, which torch lets it do.

    https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html
    """
    flags = torch.backends.cuda.matmul
    before = {name: getattr(flags, name) for name in _REDUCED}
    try:
        for name in before:
            setattr(flags, name, False)
        yield
    finally:
        for name, value in before.items():
            setattr(flags, name, value)


class Scaled:
    """torch._scaled_mm with scales of one, as torch of any age wants it."""

    def __init__(self, device: str) -> None:
        self.device = device
        self._function: Callable[..., Any] = getattr(torch, "_scaled_mm", None) or _missing
        self._one = torch.ones((), device=device)

    def require(self, b: Tensor) -> None:
        """CannotRun where torch or the GPU has no FP8, or not for such a B."""
        if self._function is _missing:
            raise CannotRun(f"torch {torch.__version__} has no torch._scaled_mm for FP8")
        if self.device == "cuda" and torch.cuda.get_device_capability() < FP8_CAPABILITY:
            raise CannotRun("the GPU has no FP8 (compute capability 8.9 or newer has)")
        if b.shape[0] % _FP8_STEP or b.shape[1] % _FP8_STEP:
            raise CannotRun(f"torch._scaled_mm takes multiples of {_FP8_STEP} for K and N")

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        out = self._function(
            a, b, scale_a=self._one, scale_b=self._one,
            out_dtype=torch.bfloat16, use_fast_accum=True,
        )  # fmt: skip
        # torch 2.4 and older return (output, largest magnitude).
        return out[0] if isinstance(out, tuple) else out


def _missing(*_: Any, **__: Any) -> Tensor:
    raise NotImplementedError("torch._scaled_mm")


def _how(a: Tensor) -> str:
    """What else decides on the numbers of a GPU."""
    if a.device.type != "cuda":
        return ""
    if a.dtype is not torch.float32:
        return ", sums in FP32"
    on = torch.get_float32_matmul_precision() != "highest"
    return f", TF32 {'on' if on else 'off'}"


def _library(a: Tensor) -> str:
    """Who multiplies. On a CPU the BLAS has FP32; what torch takes for the rest is not told."""
    if a.device.type == "cuda":
        return "cuBLAS"
    if a.dtype is not torch.float32:
        return "torch's own choice for the CPU"
    # What this torch was built with: "mkl", "open".
    found = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return f"the CPU's BLAS ({found.group(1) if found else 'not told which'})"
