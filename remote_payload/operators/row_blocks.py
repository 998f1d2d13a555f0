"""References in parts: of operators that work row by row, in bounded memory, and of whole ones."""

from __future__ import annotations

from typing import Any, Iterator, Sequence, Tuple

import torch

from remote_payload.operators.base import Block

Tensor = Any
BLOCK_BYTES = 64 << 20
_FP64_BYTES = 8
_BLOCK_ELEMENTS = 1 << 24


def blocks_of(outputs: Sequence[Tensor]) -> Iterator[Block]:
    """Outputs that are there already, as a reference tells them."""
    for number, output in enumerate(outputs):
        flat = output.flatten()
        for start in range(0, flat.numel(), _BLOCK_ELEMENTS):
            want = flat[start : start + _BLOCK_ELEMENTS].to(torch.float64)
            yield Block(start, want, number)


def blocks_of_rows(
    *tensors: Tensor, columns: int = 0, block_bytes: int = BLOCK_BYTES
) -> Iterator[Tuple[int, Tuple[Tensor, ...]]]:
    """As many rows of each in fp64 as block_bytes hold, and the number of the first of them.

    tensors: of the same number of rows. columns: of the widest that is made of them.
    """
    rows, width = tensors[0].shape[0], max(columns, *(tensor.shape[1] for tensor in tensors))
    height = max(1, block_bytes // (_FP64_BYTES * width))
    for first in range(0, rows, height):
        yield first, tuple(tensor[first : first + height].double() for tensor in tensors)
