"""Plain attention in fp64, the truth that outputs are measured against, in bounded memory."""

from __future__ import annotations

from typing import Any, Iterator

import torch

from remote_payload.operators.base import Block

Tensor = Any
SCORES_BYTES = 256 << 20  # scores held at once; 512 x 512 in fp64 lets 128 heads through together
_FP64_BYTES = 8


def blocks(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    causal: bool,
    scale: float,
    window: int = 0,
    scores_bytes: int = SCORES_BYTES,
) -> Iterator[Block]:
    """softmax(scale * q k^T + mask) v for q of [batch, heads, seq, dim] and k, v of [batch,
    kv_heads, kv_seq, dim], block by block.

    Each head of k and v serves heads / kv_heads heads of q that lie side by side. causal: row i of
    the last seq keys sees itself and what lies before; window: of those the last so many.
    """
    shared = q.shape[1] // k.shape[1]
    q, k, v = (tensor.flatten(0, 1) for tensor in (q, k, v))
    heads, seq, keys = q.shape[0], q.shape[1], k.shape[1]
    rows = max(1, min(seq, scores_bytes // (_FP64_BYTES * keys)))
    # Whole groups, so that a block's heads share what they share.
    group = max(1, scores_bytes // (_FP64_BYTES * keys * rows)) if rows == seq else 1
    for head in range(0, heads, group):
        chosen = range(head, min(head + group, heads))
        theirs = torch.tensor([each // shared for each in chosen], device=k.device)
        some_keys, some_values = k[theirs].double(), v[theirs].double()
        for row in range(0, seq, rows):
            some = q[chosen.start : chosen.stop, row : row + rows].double()
            scores = some @ some_keys.transpose(-2, -1) * scale
            if causal:
                scores.masked_fill_(_hidden(scores[0], row + keys - seq, window), float("-inf"))
            start = (head * seq + row) * v.shape[2]
            yield Block(start, scores.softmax(-1) @ some_values)


def _hidden(scores: Tensor, position: int, window: int) -> Tensor:
    """What a causal mask hides of scores whose first row is the query at `position` of the keys."""
    hidden = torch.ones_like(scores, dtype=torch.bool).triu(position + 1)
    if window:
        hidden |= torch.ones_like(hidden).tril(position - window)
    return hidden


def attention(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> Tensor:
    """The whole reference at once, fp64 [batch, heads, seq, dim]; for small shapes."""
    out = torch.empty(q.shape, dtype=torch.float64, device=q.device)
    flat = out.flatten()
    for block in blocks(q, k, v, causal, scale):
        flat[block.start : block.start + block.want.numel()] = block.want.flatten()
    return out
