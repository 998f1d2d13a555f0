"""Cases of attention beyond q, k and v of one form, and attention as its formula says, in loops."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.operators import drawing
from remote_payload.operators.attention.definition import OPERATOR, attention_case

F32 = DType.FP32
CASES = {
    "plain": attention_case(2, 3, 5, 4, F32),
    "causal": attention_case(2, 3, 5, 4, F32, causal=True),
    "grouped heads": attention_case(2, 6, 5, 4, F32, kv_heads=2),
    "one head of keys": attention_case(1, 4, 6, 4, F32, causal=True, kv_heads=1),
    "more keys": attention_case(1, 2, 3, 4, F32, kv_seq=7),
    "fewer keys": attention_case(1, 2, 7, 4, F32, kv_seq=3),
    "more keys, causal": attention_case(1, 2, 3, 4, F32, causal=True, kv_seq=7),
    "decode": attention_case(2, 4, 1, 8, F32, kv_heads=2, kv_seq=9),
    "decode, causal": attention_case(2, 4, 1, 8, F32, causal=True, kv_heads=2, kv_seq=9),
    "one of one": attention_case(1, 1, 1, 4, F32, causal=True),
    "window": attention_case(1, 2, 9, 4, F32, causal=True, window=3),
    "window of one": attention_case(1, 2, 5, 4, F32, causal=True, window=1),
    "window as wide as the keys": attention_case(1, 2, 5, 4, F32, causal=True, window=5),
    "window over more keys": attention_case(1, 2, 4, 4, F32, causal=True, kv_seq=9, window=6),
    "decode in a window": attention_case(1, 2, 1, 4, F32, causal=True, kv_seq=9, window=4),
    "all at once": attention_case(2, 4, 4, 8, F32, causal=True, kv_heads=2, kv_seq=10, window=3),
}


def of_type(case: Case, dtype: DType) -> Case:
    return replace(case, dtype=dtype)


def drawn(case: Case, seed: int = 42) -> tuple[torch.Tensor, ...]:
    """q, k and v."""
    return drawing.make(OPERATOR.inputs(case), case, seed)


def sees(case: Case, query: int, key: int) -> bool:
    """Whether the mask lets a query see a key: the last query is at the last key."""
    keys, window = case.size("Skv", case.size("S")), case.size("W", 0)
    position = keys - case.size("S") + query
    if not case.flag("causal"):
        return True
    return key <= position and (not window or key > position - window)


def plain(case: Case, *inputs: torch.Tensor, scale: float = 0.0) -> torch.Tensor:
    """softmax(scale q kᵀ + mask) v, number by number; scale 0: one through the root of dim."""
    q, k, v = (tensor.double() for tensor in inputs)
    shared = q.shape[1] // k.shape[1]
    scale = scale or 1 / math.sqrt(q.shape[3])
    out = torch.empty_like(q)
    for b, h, i in (tuple(place) for place in torch.ones(q.shape[:3]).nonzero().tolist()):
        seen = [j for j in range(k.shape[2]) if sees(case, i, j)]
        scores = [float(q[b, h, i] @ k[b, h // shared, j]) * scale for j in seen]
        weights = [math.exp(score - max(scores)) for score in scores]
        rows = [w * v[b, h // shared, j] for w, j in zip(weights, seen, strict=True)]
        out[b, h, i] = torch.stack(rows).sum(0) / sum(weights)
    return out
