"""Plain attention in fp64, the truth that outputs are measured against, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator

import torch

Tensor = Any
SCORES_BYTES = 256 << 20  # scores held at once; 512 x 512 in fp64 lets 128 heads through together
_FP64_BYTES = 8


@dataclass(frozen=True)
class Block:
    """Reference rows [row, row + n) of heads [head, head + m) of the flattened batch x heads.

    want: fp64 tensor [m, n, dim].
    """

    head: int
    row: int
    want: Tensor


def blocks(
    q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float, scores_bytes: int = SCORES_BYTES
) -> Iterator[Block]:
    """softmax(scale * q k^T + mask) v for q, k, v of [batch, heads, seq, dim], block by block.

    causal: row i sees columns 0..i, as in torch's scaled_dot_product_attention.
    """
    q, k, v = (tensor.flatten(0, 1) for tensor in (q, k, v))
    heads, seq = q.shape[0], q.shape[1]
    rows = max(1, min(seq, scores_bytes // (_FP64_BYTES * seq)))
    group = max(1, scores_bytes // (_FP64_BYTES * seq * rows))
    for head in range(0, heads, group):
        chosen = slice(head, head + group)
        keys, values = k[chosen].double(), v[chosen].double()
        for row in range(0, seq, rows):
            scores = q[chosen, row : row + rows].double() @ keys.transpose(-2, -1) * scale
            if causal:
                hidden = torch.ones_like(scores[0], dtype=torch.bool).triu(row + 1)
                scores.masked_fill_(hidden, float("-inf"))
            yield Block(head, row, scores.softmax(-1) @ values)


def attention(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> Tensor:
    """The whole reference at once, fp64 [batch, heads, seq, dim]; for small shapes."""
    out = torch.empty(q.shape, dtype=torch.float64, device=q.device)
    flat = out.flatten(0, 1)
    for block in blocks(q, k, v, causal, scale):
        heads, rows = block.want.shape[:2]
        flat[block.head : block.head + heads, block.row : block.row + rows] = block.want
    return out
