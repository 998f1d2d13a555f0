"""The half of GEMM with bias and activation that needs torch."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, Tuple

import torch
import torch.nn.functional as functional

from remote_payload.contract.case import Case
from remote_payload.operators import torch_provider
from remote_payload.operators.base import Block
from remote_payload.operators.gemm_bias.definition import activation as activation_of
from remote_payload.operators.loaded import Loaded
from remote_payload.operators.row_blocks import blocks_of_rows
from remote_payload.operators.setting import Setting

Tensor = Any
Tensors = Tuple[Tensor, ...]

_ACTIVATIONS: Dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "gelu": functional.gelu,
    "silu": functional.silu,
}


def load(name: str, setting: Setting) -> Loaded:
    """A provider by name; CannotRun says why it cannot be had here."""
    what = "torch.addmm and the activation"
    if name == "torch-compile":
        return torch_provider.compiled(_product, what, setting)
    return torch_provider.eager(_product, what)


def others(
    case: Case, a: Tensor, b: Tensor, bias: Tensor
) -> Tuple[Tensors, Callable[[Tensors], Tensors]]:
    """Rows of a and columns of b moved on by one, with the bias, and both signs turned: the output
    is moved as they are."""
    turned = torch.roll(a, 1, 0).neg_(), torch.roll(b, 1, 1).neg_(), torch.roll(bias, 1, 0)
    return turned, lambda outputs: (torch.roll(outputs[0], (-1, -1), (0, 1)),)


def reference(case: Case, a: Tensor, b: Tensor, bias: Tensor) -> Iterator[Block]:
    """The truth of a case."""
    whole_b, whole_bias, columns = b.double(), bias.double(), b.shape[1]
    follow = _ACTIVATIONS[activation_of(case)]
    for first, (rows,) in blocks_of_rows(a, columns=columns):
        yield Block(first * columns, follow(rows @ whole_b + whole_bias))


def _product(a: Tensor, b: Tensor, bias: Tensor, activation: str) -> Tensor:
    return _ACTIVATIONS[activation](torch.addmm(bias, a, b))
