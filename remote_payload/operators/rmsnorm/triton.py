"""RMSNorm in Triton: one program normalises one row.

A row that fits is kept in registers, so that it is read once; a longer one is walked over twice,
and the second time comes from the L2 cache.
"""

import importlib
from typing import TYPE_CHECKING, Any

import torch

from remote_payload.compiling import emulation

# By name, because a bare host has no triton: whoever imports this module has looked first.
triton: Any = importlib.import_module("triton")
tl: Any = importlib.import_module("triton.language")

Tensor = Any
if TYPE_CHECKING:
    constexpr = Any
    tensor = Any
else:
    # Triton looks up every name in a kernel's text, annotations too, and allows only its own.
    constexpr, tensor = tl.constexpr, tl.tensor

DTYPES = (torch.float16, torch.bfloat16, torch.float32)
# Elements that a program holds at once: 64 KiB of fp32, a quarter of an SM's registers.
MOST_HELD = 16384
_ELEMENTS_PER_WARP = 1024
_MOST_WARPS = 16
# Triton's interpreter runs kernels on the CPU, so that their numbers can be checked anywhere.
INTERPRETED = emulation.switched_on("TRITON_INTERPRET")


def forward(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """x / sqrt(mean(x²) + eps) · weight for contiguous x of [rows, columns].

    Raises ValueError for what `unsupported` names, and for other strides.
    """
    if problem := unsupported(x, weight):
        raise ValueError(problem)
    if not (x.is_contiguous() and weight.is_contiguous()):
        raise ValueError("x and weight must be contiguous")
    rows, columns = x.shape
    out = torch.empty_like(x)
    block = min(triton.next_power_of_2(columns), MOST_HELD)
    warps = min(max(block // _ELEMENTS_PER_WARP, 1), _MOST_WARPS)
    kernel = _WHOLE if columns <= block else _IN_PARTS
    kernel[(rows,)](x, weight, out, columns, eps, block=block, num_warps=warps)
    return out


def unsupported(x: Tensor, weight: Tensor) -> str:
    """Why there is no kernel for such tensors; empty if there is one."""
    if x.dtype not in DTYPES:
        return f"no kernel for {x.dtype}, only for float16, bfloat16 and float32"
    return ""


def _whole(
    x: tensor, weight: tensor, out: tensor, columns: tensor, eps: tensor, block: constexpr
) -> None:
    # 64 bits, because the tensors may hold more than 2^31 elements.
    row = tl.program_id(0).to(tl.int64) * columns
    at = tl.arange(0, block)
    inside = at < columns
    values = tl.load(x + row + at, inside, 0.0).to(tl.float32)
    scale = tl.rsqrt(tl.sum(values * values, 0) / columns + eps)
    weights = tl.load(weight + at, inside, 0.0).to(tl.float32)
    tl.store(out + row + at, (values * scale * weights).to(out.dtype.element_ty), inside)


def _in_parts(
    x: tensor, weight: tensor, out: tensor, columns: tensor, eps: tensor, block: constexpr
) -> None:
    row = tl.program_id(0).to(tl.int64) * columns
    total = tl.zeros([block], tl.float32)
    for start in range(0, columns, block):
        at = start + tl.arange(0, block)
        values = tl.load(x + row + at, at < columns, 0.0).to(tl.float32)
        total += values * values
    scale = tl.rsqrt(tl.sum(total, 0) / columns + eps)
    for start in range(0, columns, block):
        at = start + tl.arange(0, block)
        values = tl.load(x + row + at, at < columns, 0.0).to(tl.float32)
        weights = tl.load(weight + at, at < columns, 0.0).to(tl.float32)
        tl.store(out + row + at, (values * scale * weights).to(out.dtype.element_ty), at < columns)


_WHOLE: Any = triton.jit(_whole)
_IN_PARTS: Any = triton.jit(_in_parts)
