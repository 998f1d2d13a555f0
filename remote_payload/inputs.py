"""The tensors every provider gets: seeded, independent, the same on every machine."""

from __future__ import annotations

import hashlib
from typing import Any, Tuple

import torch

from remote_payload.contract import DType, Shape

Tensor = Any
TORCH_DTYPES = {
    DType.FP16: torch.float16,
    DType.BF16: torch.bfloat16,
    DType.FP32: torch.float32,
}


def make(shape: Shape, seed: int) -> Tuple[Tensor, Tensor, Tensor]:
    """q, k, v of [batch, heads, seq, dim] on the CPU, standard normal.

    Each tensor has its own generator, seeded by (seed, shape, name): q, k and v are never
    clones of each other, and a shape's inputs do not depend on which shapes ran before it.
    Drawn on the CPU because CUDA generators differ between devices.
    """
    q, k, v = (_draw(shape, seed, name) for name in "qkv")
    return q, k, v


def _draw(shape: Shape, seed: int, name: str) -> Tensor:
    digest = hashlib.sha256(f"{seed}/{shape.label}/{name}".encode()).digest()
    generator = torch.Generator("cpu")
    generator.manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    size = (shape.batch, shape.heads, shape.seq, shape.dim)
    drawn = torch.randn(size, generator=generator, dtype=torch.float32)
    return drawn.to(TORCH_DTYPES[shape.dtype])
