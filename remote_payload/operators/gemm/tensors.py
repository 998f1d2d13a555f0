"""GEMM's half that needs torch: the truth, other inputs, and its providers made callable."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.operators import triton_provider
from remote_payload.operators.base import Block
from remote_payload.operators.drawing import negated
from remote_payload.operators.gemm import blas
from remote_payload.operators.gemm.definition import BASELINE, COMPILED
from remote_payload.operators.loaded import Loaded
from remote_payload.operators.setting import Setting

Tensor = Any
Tensors = Tuple[Tensor, ...]

BLOCK_BYTES = 256 << 20  # each of C, A and B in fp64 is held in parts of no more than that
_FP64_BYTES = 8


def load(name: str, setting: Setting) -> Loaded:
    """A provider by name; CannotRun says why it cannot be had here."""
    if name == BASELINE:
        return blas.load(setting)
    if name == COMPILED:
        return blas.compiled(setting)
    return triton_provider.kernel(f"{__package__}.triton", setting)


def reference(case: Case, a: Tensor, b: Tensor, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """A B in fp64, whole rows of C at a time, every element.

    Nothing is left to samples: on a device with few fp64 units, 1.3 TFLOPS say, M = N = K = 8192
    takes a second, and on a CPU no more than what is checked takes in its turn.
    """
    depth, columns = b.shape
    slab = max(1, min(depth, block_bytes // (_FP64_BYTES * columns)))
    rows = max(1, min(a.shape[0], block_bytes // (_FP64_BYTES * max(columns, slab))))
    for row in range(0, a.shape[0], rows):
        some = a[row : row + rows]
        want = torch.zeros(some.shape[0], columns, dtype=torch.float64, device=a.device)
        for first in range(0, depth, slab):
            part = slice(first, first + slab)
            want.addmm_(some[:, part].double(), b[part].double())
        yield Block(row * columns, want)


def others(case: Case, a: Tensor, b: Tensor) -> Tuple[Tensors, Callable[[Tensors], Tensors]]:
    """A with its rows moved on by one and every sign turned, B with its columns moved on by one.

    The right answer is the old one with both moved, and its sign turned: no second reference is
    needed, and who hands out an old answer is wrong.
    """
    moved = negated(_rolled(a, 1, 0)), _rolled(b, 1, 1)
    return moved, lambda outputs: (outputs[0].roll((-1, -1), (0, 1)).neg_(),)


def _rolled(tensor: Tensor, by: int, axis: int) -> Tensor:
    """As torch.roll, which does not know FP8."""
    return tensor.view(_bits(tensor)).roll(by, axis).view(tensor.dtype)


def _bits(tensor: Tensor) -> Any:
    return {1: torch.int8, 2: torch.int16, 4: torch.int32}[tensor.element_size()]
