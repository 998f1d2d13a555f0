"""Copy's half that needs torch."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, Optional, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.operators import torch_provider
from remote_payload.operators.base import Block
from remote_payload.operators.copy.definition import BASELINE
from remote_payload.operators.drawing import negated
from remote_payload.operators.loaded import Loaded
from remote_payload.operators.setting import Setting

Tensor = Any
Tensors = Tuple[Tensor, ...]

BLOCK_ELEMENTS = 1 << 22  # 32 MiB in fp64


def load(name: str, setting: Setting) -> Loaded:
    """A provider by name; CannotRun says why it cannot be had here."""
    if name == BASELINE:
        version = f"torch {torch.__version__} copy_ into memory that is kept"
        return Loaded(_Copy(), contextlib.nullcontext, lambda x: version)
    return torch_provider.compiled(_clone, "torch.clone", setting)


def _clone(x: Tensor) -> Tensor:
    return torch.clone(x)


class _Copy:
    """Tensor.copy_. The target is kept between calls: on a CPU new memory costs as much as the
    copy, and it is the copy that is asked for."""

    def __init__(self) -> None:
        self._target: Optional[Tensor] = None

    def __call__(self, x: Tensor) -> Tensor:
        if self._target is None or (self._target.shape, self._target.dtype) != (x.shape, x.dtype):
            self._target = torch.empty_like(x)
        return self._target.copy_(x)


def reference(case: Case, x: Tensor) -> Iterator[Block]:
    """The input, block by block."""
    for start in range(0, x.numel(), BLOCK_ELEMENTS):
        yield Block(start, x[start : start + BLOCK_ELEMENTS].double())


def others(case: Case, x: Tensor) -> Tuple[Tensors, Callable[[Tensors], Tensors]]:
    """x moved on by one, and every sign turned."""
    return (negated(x.roll(1)),), lambda outputs: (negated(outputs[0].roll(-1)),)
