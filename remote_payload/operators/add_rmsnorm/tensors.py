"""The half of add + RMSNorm that needs torch."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Tuple

from remote_payload.contract.case import Case
from remote_payload.operators import torch_provider
from remote_payload.operators.base import Block
from remote_payload.operators.loaded import Loaded
from remote_payload.operators.rmsnorm.tensors import WHAT, moved, norm, normalised
from remote_payload.operators.row_blocks import blocks_of_rows
from remote_payload.operators.setting import Setting

Tensor = Any
Tensors = Tuple[Tensor, ...]


def load(name: str, setting: Setting) -> Loaded:
    """A provider by name; CannotRun says why it cannot be had here."""
    what = f"an addition and {WHAT}"
    if name == "torch-compile":
        return torch_provider.compiled(_added, what, setting)
    return torch_provider.eager(_added, what)


def others(
    case: Case, x: Tensor, residual: Tensor, weight: Tensor
) -> Tuple[Tensors, Callable[[Tensors], Tensors]]:
    """As of RMSNorm: rows moved on with their signs turned, and twice the weight."""

    def back(outputs: Tensors) -> Tensors:
        return moved(outputs[0], -1) / 2, moved(outputs[1], -1)

    return (moved(x, 1), moved(residual, 1), weight * 2), back


def reference(case: Case, x: Tensor, residual: Tensor, weight: Tensor) -> Iterator[Block]:
    """The truth of a case."""
    for first, (some, rest) in blocks_of_rows(x, residual):
        yield Block(first * x.shape[1], normalised(some + rest, weight))
    for first, (some, rest) in blocks_of_rows(x, residual):
        yield Block(first * x.shape[1], some + rest, output=1)


def _added(x: Tensor, residual: Tensor, weight: Tensor, eps: float) -> Tensors:
    total = x + residual
    return norm(total, weight, eps), total
