"""RMSNorm's half that needs torch."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Tuple

import torch
import torch.nn.functional as functional

from remote_payload.contract.case import Case
from remote_payload.operators import torch_provider, triton_provider
from remote_payload.operators.base import Block
from remote_payload.operators.loaded import Loaded
from remote_payload.operators.rmsnorm.definition import EPS
from remote_payload.operators.row_blocks import blocks_of_rows
from remote_payload.operators.setting import Setting

Tensor = Any
Tensors = Tuple[Tensor, ...]

_KERNEL = "remote_payload.operators.rmsnorm.triton"


def load(name: str, setting: Setting) -> Loaded:
    """A provider by name; CannotRun says why it cannot be had here."""
    if name == "triton":
        return triton_provider.kernel(_KERNEL, setting)
    if name == "torch-compile":
        return torch_provider.compiled(norm, WHAT, setting)
    return torch_provider.eager(norm, WHAT)


def others(case: Case, x: Tensor, weight: Tensor) -> Tuple[Tensors, Callable[[Tensors], Tensors]]:
    """The rows moved on by one with their signs turned, and twice the weight: the outputs are moved
    and multiplied by -2."""
    return (moved(x, 1), weight * 2), lambda outputs: (moved(outputs[0], -1) / 2,)


def moved(rows: Tensor, by: int) -> Tensor:
    """The rows moved on, and every sign turned."""
    return torch.roll(rows, by, 0).neg_()


def reference(case: Case, x: Tensor, weight: Tensor) -> Iterator[Block]:
    """The truth of a case."""
    for first, (rows,) in blocks_of_rows(x):
        yield Block(first * x.shape[1], normalised(rows, weight))


def normalised(rows: Tensor, weight: Tensor) -> Tensor:
    """In the precision of `rows`."""
    mean = rows.square().mean(-1, keepdim=True)
    return rows / (mean + EPS).sqrt() * weight.to(rows.dtype)


def _composed(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    rows = x.float()
    rows = rows * torch.rsqrt(rows.square().mean(-1, keepdim=True) + eps)
    return (rows * weight.float()).to(x.dtype)


def _own(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return functional.rms_norm(x, (x.shape[-1],), weight, eps)


# https://docs.pytorch.org/docs/2.4/generated/torch.nn.functional.rms_norm.html
_HAS_OWN = torch_provider.since(2, 4)
norm = _own if _HAS_OWN else _composed
WHAT = "torch.nn.functional.rms_norm" if _HAS_OWN else "square, mean, rsqrt and products in fp32"
