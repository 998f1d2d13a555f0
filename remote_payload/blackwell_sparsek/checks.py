"""What the kernel takes, and who says so if it is given something else."""

from __future__ import annotations

import math
from typing import Any, Optional, Tuple

import torch

DIMS = (64, 128)
DTYPES = {torch.float16: 0, torch.bfloat16: 1}  # enum SparsekDType
ROW_BYTES = 16  # what the kernel's asynchronous copies move at once
ROW_ELEMENTS = 8
LOG2_E = math.log2(math.e)
LARGEST_FLOAT = torch.finfo(torch.float32).max


def check_tensors(q: Any, k: Any, v: Any, out: Any = None) -> None:
    """TypeError for what is no tensor. `out` may be None."""
    for name, tensor in named(q, k, v) if out is None else named(q, k, v, out):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name}: expected a torch.Tensor, got {type(tensor).__name__}")


def check_arguments(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    scale: float,
    out: Optional[torch.Tensor] = None,
) -> None:
    """Raise TypeError or ValueError for what can be told without looking at memory."""
    shape = tuple(q.shape)
    if q.dtype not in DTYPES:
        raise TypeError(f"q: expected float16 or bfloat16, got {q.dtype}")
    if len(shape) != 4:
        raise ValueError(f"q: expected [batch, heads, seq, dim], got shape {shape}")
    if shape[3] not in DIMS:
        raise ValueError(f"q: head dimension {shape[3]}; expected 64 or 128")
    if min(shape) < 1:
        raise ValueError(f"q: every dimension must be at least 1, got shape {shape}")
    others = (("k", k), ("v", v)) if out is None else named(q, k, v, out)[1:]
    for name, tensor in others:
        for what in ("shape", "dtype", "device"):
            mine, theirs = getattr(tensor, what), getattr(q, what)
            if mine != theirs:
                raise ValueError(f"{name}: {what} {mine} differs from q's {theirs}")
    if not abs(scale) * LOG2_E <= LARGEST_FLOAT:
        raise ValueError(f"scale: expected a finite number within float32, got {scale}")
    check_gradients(q, k, v, out)
    check_device(q)


def check_gradients(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, out: Optional[torch.Tensor] = None
) -> None:
    """ValueError if autograd would expect to go back through this call."""
    if torch.is_grad_enabled() and (
        q.requires_grad
        or k.requires_grad
        or v.requires_grad
        or (out is not None and out.requires_grad)
    ):
        raise ValueError(
            "gradients are not supported: call under torch.no_grad() or pass detached tensors"
        )


def check_device(q: torch.Tensor) -> None:
    """ValueError unless q, and with it the others, lies on a CUDA device."""
    if q.device.type != "cuda":
        raise ValueError(f"q, k and v must be CUDA tensors, got device {q.device}")


def check_rows(*tensors: torch.Tensor) -> None:
    """ValueError for q, k, v and maybe out whose rows no 16-byte copy can take."""
    for name, tensor in named(*tensors):
        strides, address = tensor.stride(), tensor.data_ptr()
        if strides[3] != 1:
            raise ValueError(
                f"{name}: the last dimension must be contiguous, its stride is {strides[3]}"
            )
        uneven = [size > 1 and step % ROW_ELEMENTS for size, step in zip(tensor.shape, strides[:3])]
        if address % ROW_BYTES or any(uneven):
            raise ValueError(
                f"{name}: every row must start at a multiple of {ROW_BYTES} bytes; "
                f"strides are {strides} elements, the address is {address:#x}"
            )


def check_apart(out: torch.Tensor, *inputs: torch.Tensor) -> None:
    """ValueError for an output that shares memory with itself or with q, k or v."""
    reach = out.shape[3]
    for step, size in sorted(zip(out.stride()[:3], out.shape[:3])):
        if size > 1 and step < reach:
            raise ValueError(f"out: it overlaps itself, its strides are {out.stride()} elements")
        reach += (size - 1) * step
    first, end = _span(out)
    for name, tensor in named(*inputs):
        begins, ends = _span(tensor)
        if first < ends and begins < end:
            raise ValueError(f"out: its memory, gaps included, overlaps that of {name}")


def _span(tensor: torch.Tensor) -> Tuple[int, int]:
    """From the address of the first element to the end of the last."""
    steps = zip(tensor.shape, tensor.stride())
    elements = 1 + sum((size - 1) * step for size, step in steps)
    return tensor.data_ptr(), tensor.data_ptr() + elements * tensor.element_size()


def named(*tensors: torch.Tensor) -> Tuple[Tuple[str, torch.Tensor], ...]:
    """Each with what errors call it: q, k, v and, if there are four, out."""
    return tuple(zip(("q", "k", "v", "out"), tensors))
