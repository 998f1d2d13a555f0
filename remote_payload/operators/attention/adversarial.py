"""Inputs that break attention kernels, and how far off an output may be on each.

Where many positions have to be tried, each gets a head of its own, so that one call tries all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import torch

from remote_payload.contract.facts import Gate, Tolerance
from remote_payload.operators.attention import reference
from remote_payload.operators.judging import measure_error

Tensor = Any
Tensors = Tuple[Tensor, Tensor, Tensor]

DIMS, DTYPES, MASKS = (64, 128), (torch.float16, torch.bfloat16), (False, True)
RTOL, ATOL = 1e-3, 2e-3
# Keys that the Hopper kernel takes together at D = 64, and whose maximum it keeps as reference.
FIRST_BLOCK = 128
# Rows with a late maximum: both halves of a fragment, every warp, strips and passes of 256 rows.
LATE_ROWS = (70, 100, 127, 129, 186, 255, 256, 300, 329)
HUGE = 200.0
# Of q, k, v and, for who hands one in, the output as strided views: the axes of [batch, heads, seq]
# from the outermost on, and the elements before and after a row, multiples of 16 bytes.
LAYOUTS = (
    ((0, 2, 1), 8, 8),
    ((0, 1, 2), 16, 8),
    ((1, 0, 2), 8, 24),
    ((2, 0, 1), 24, 16),
)


class Criterion(str, Enum):
    """What an output has to be. Values stand in logs."""

    TOLERANCE = "rtol 1e-3, atol 2e-3, NaN and infinities where the reference has them"
    AS_EXACT = "twice the error of exact exponentials, tiled, in the same element type"


@dataclass(frozen=True)
class Challenge:
    """make: q, k, v of [batch, heads, seq, dim] on the CPU. strided: hand in views with NaN around,
    each of q, k and v with strides of its own.

    scale: of the scores; None means 1 / sqrt(dim).
    """

    name: str
    make: Callable[[], Tensors]
    criterion: Criterion = Criterion.TOLERANCE
    causal: bool = False
    scale: Optional[float] = None
    strided: bool = False


def normal(*shape: int, dtype: Any = torch.float16, seed: int = 0) -> Tensors:
    """q, k, v of N(0, 1)."""
    generator = torch.Generator().manual_seed(seed)
    q, k, v = (torch.randn(*shape, generator=generator).to(dtype) for _ in range(3))
    return q, k, v


def larger(tensors: Tensors, factor: float, values_too: bool) -> Tensors:
    """q and k times `factor`, which sharpens the softmax by its square; v too if asked."""
    q, k, v = tensors
    return q * factor, k * factor, v * factor if values_too else v


def constant(seq: int, dtype: Any) -> Tensors:
    """All scores equal, so that every row is the mean of the values."""
    _, _, v = normal(1, 1, seq, 64, dtype=dtype)
    return torch.ones_like(v), torch.ones_like(v), v


def one_huge_key(columns: Sequence[int], dtype: Any, dim: int = 64) -> Tensors:
    """Head i has all its weight on key columns[i]; seq is FIRST_BLOCK + 64."""
    q, k, v = normal(1, len(columns), FIRST_BLOCK + 64, dim, dtype=dtype)
    for head, column in enumerate(columns):
        k[0, head, column] = HUGE
    return q.abs() + 0.1, k, v


def late_maximum(
    places: Sequence[Tuple[int, float]], dtype: Any = torch.float16, first_block: int = 256
) -> Tensors:
    """In head i, row 70 meets a score of places[i][1] nats only at first_block + places[i][0]."""
    q, k, v = normal(1, len(places), first_block + 64, 64, dtype=dtype)
    for head, (column, nats) in enumerate(places):
        row = q[0, head, 70].float()
        k[0, head, first_block + column] = (nats * 8 / row.dot(row) * row).to(dtype)
    return q, k, v


def late_maxima(rows: Sequence[int], dtype: Any, nats: float) -> Tensors:
    """In head i, row rows[i] meets a score of `nats` first after its first block, and sees it.

    BF16 values are so large that weights beyond 2^64 would overflow FP32.
    """
    q, k, v = normal(1, len(rows), max(rows) + 1, 64, dtype=dtype)
    for head, row in enumerate(rows):
        key = row if row >= FIRST_BLOCK else FIRST_BLOCK + row
        query = q[0, head, row].float()
        k[0, head, key] = (nats * 8 / query.dot(query) * query).to(dtype)
    return q, k, v * (2.0**60 if dtype is torch.bfloat16 else 1.0)


def below_zero(seq: int, dtype: Any) -> Tensors:
    """All scores are negative, the largest come after the first block: a key too many, of zeros,
    would have nearly all the weight."""
    q, k, v = normal(1, 2, seq, 64, dtype=dtype)
    k = k * 0.1 - 4
    k[:, :, FIRST_BLOCK:] += 3
    return q.abs() + 0.1, k, v


def spoiled(which: int, rows: Sequence[int], value: float) -> Tensors:
    """`value` in element 9 of row rows[i] of head i; which: 0 for q, 1 for k, 2 for v."""
    tensors = normal(1, len(rows), 200, 64)
    for head, row in enumerate(rows):
        tensors[which][0, head, row, 9] = value
    return tensors


def strided(tensor: Tensor, which: int) -> Tensor:
    """The same values as a view of layout LAYOUTS[which], with NaN in all that is not ours."""
    axes, before, after = LAYOUTS[which]
    dim = tensor.shape[3]
    size = (*(tensor.shape[axis] for axis in axes), before + dim + after)
    packed = torch.full(size, math.nan, dtype=tensor.dtype, device=tensor.device)
    view = packed[..., before : before + dim].permute(*(axes.index(axis) for axis in range(3)), 3)
    view.copy_(tensor)
    return view


def tiled(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float, block: int = 64) -> Tensor:
    """Attention as a good kernel does it but with exact exponentials: online softmax, weights
    rounded to the element type, sums in fp32. Finite inputs only."""
    keys = torch.arange(k.shape[2], device=q.device)
    m = torch.full((*q.shape[:3], 1), -math.inf, device=q.device)
    n = torch.zeros_like(m)
    o = torch.zeros(q.shape, device=q.device)
    for first in range(0, k.shape[2], block):
        part = slice(first, first + block)
        scores = scale * (q.float() @ k[:, :, part].float().transpose(-1, -2))
        if causal:
            scores = scores.masked_fill(keys[part] > keys[:, None], -math.inf)
        grown = torch.maximum(m, scores.amax(-1, keepdim=True))
        weights, shrink = torch.exp(scores - grown), torch.exp(m - grown)
        n = n * shrink + weights.sum(-1, keepdim=True)
        o = o * shrink + weights.to(q.dtype).float() @ v[:, :, part].float()
        m = grown
    return (o / n).to(q.dtype)


def judge(case: Challenge, qkv: Tensors, out: Tensor) -> str:
    """What is wrong with `out`, with the worst element; empty if nothing is."""
    q, k, v = qkv
    scale = scale_of(case, q)
    rtol, atol = RTOL, ATOL
    if case.criterion is Criterion.AS_EXACT:
        want = reference.attention(q, k, v, case.causal, scale)
        exact = (tiled(q, k, v, case.causal, scale).double() - want).abs().max()
        unit = torch.finfo(q.dtype).eps * float(v.abs().max()) / 2
        rtol, atol = 0.0, 2 * max(float(exact), unit)
    allowed = Tolerance((Gate(rtol, atol),))
    truth = reference.blocks(q, k, v, case.causal, scale)
    wrong = measure_error.describe(measure_error.measure((out,), truth, allowed))
    return f"{wrong}; allowed: {case.criterion.value}" if wrong else ""


def arguments(case: Challenge, q: Tensor, k: Tensor, v: Tensor) -> Dict[str, Any]:
    """What a call gets by name."""
    return {"causal": case.causal, "scale": scale_of(case, q)}


def scale_of(case: Challenge, q: Tensor) -> float:
    """The scale of the case's scores."""
    return float(q.shape[-1] ** -0.5) if case.scale is None else case.scale


def cases(thorough: bool) -> List[Challenge]:
    """All that a GPU is asked; not thorough: as many as an emulator answers in seconds."""
    every = (_plain, _sharp, _one_column, _not_finite, _odd_forms)
    return [case for part in every for case in part(thorough)]


def _plain(thorough: bool) -> Iterator[Challenge]:
    heads = (2, 80) if thorough else (1, 2)  # 160 heads are more than any Hopper GPU has SMs
    for dtype in DTYPES:
        criterion = Criterion.TOLERANCE if dtype is torch.float16 else Criterion.AS_EXACT
        for dim in DIMS:
            for causal in MASKS:
                for seq in (1, 63, 64, 128, 200, 512, 1100) if thorough else (1, 63, 200):
                    yield Challenge(
                        f"N(0,1) S={seq} {_what(dtype, dim, causal)}",
                        partial(normal, *heads, seq, dim, dtype=dtype, seed=seq),
                        criterion,
                        causal,
                    )


def _sharp(thorough: bool) -> Iterator[Challenge]:
    seq = 512 if thorough else 160
    for causal in MASKS:
        for dim in DIMS:
            name = f"q and k times 3, {_what(torch.float16, dim, causal)}"
            make = partial(_larger_normal, (1, 2, seq, dim), torch.float16, 3.0, False)
            yield Challenge(name, make, causal=causal)
        for dtype in DTYPES:
            for factor in (0.01, 3.0, 10.0, 30.0):
                make = partial(_larger_normal, (1, 2, seq, 64), dtype, factor, True)
                name = f"all times {factor:g}, {_what(dtype, 64, causal)}"
                yield Challenge(name, make, Criterion.AS_EXACT, causal)


def _one_column(thorough: bool) -> Iterator[Challenge]:
    columns = (0, 5, 31, 32, 127, *range(FIRST_BLOCK, FIRST_BLOCK + 64))
    late = [(column, nats) for column in (0, 8, 40, 63) for nats in (5.0, 10, 12, 16, 20, 80)]
    if not thorough:
        columns, late = (0, 31, 127, 128, 150, 191), late[1::5]
    for dtype in DTYPES:
        make = partial(constant, 300, dtype)
        yield Challenge(f"constant rows, {_what(dtype, 64, False)}", make, Criterion.AS_EXACT)
        make = partial(late_maximum, late, dtype)
        yield Challenge(f"late maximum, {_what(dtype, 64, False)}", make, Criterion.AS_EXACT)
        make = partial(below_zero, 200, dtype)
        yield Challenge(f"scores below zero, {_what(dtype, 64, False)}", make, Criterion.AS_EXACT)
        rows = LATE_ROWS if thorough else LATE_ROWS[4::2]
        make = partial(late_maxima, rows, dtype, 20.0 if dtype is torch.float16 else 60.0)
        for causal in MASKS:
            name = f"late maxima of {len(rows)} rows, {_what(dtype, 64, causal)}"
            yield Challenge(name, make, Criterion.AS_EXACT, causal)
        for dim in DIMS:
            for causal in MASKS:
                name = f"one huge key at {len(columns)} columns, {_what(dtype, dim, causal)}"
                make = partial(one_huge_key, columns, dtype, dim)
                yield Challenge(name, make, Criterion.AS_EXACT, causal)


def _not_finite(thorough: bool) -> Iterator[Challenge]:
    rows = ((0, 77, 199), (0, 7, 8, 127, 128, 140, 160, 199), (3, 150))
    for which, name in enumerate("qkv"):
        for value in (math.nan, math.inf, -math.inf):
            chosen = rows[which] if thorough else rows[which][-2:]
            yield Challenge(f"{value} in {name}", partial(spoiled, which, chosen, value))


def _odd_forms(thorough: bool) -> Iterator[Challenge]:
    for dtype in DTYPES:
        criterion = Criterion.TOLERANCE if dtype is torch.float16 else Criterion.AS_EXACT
        for dim in DIMS:
            make = partial(normal, 2, 3, 70, dim, dtype=dtype)
            name = f"strided views, {_what(dtype, dim, False)}"
            yield Challenge(name, make, criterion, strided=True)
    for dim in DIMS:
        for scale in (1.0, 0.0, 1e-20, 3.0, 1e4):
            name = f"scale {scale:g}, {_what(torch.float16, dim, False)}"
            yield Challenge(name, partial(normal, 1, 1, 150, dim), scale=scale)
    many = (1 << 16) + 1 if thorough else 32
    yield Challenge(f"{many} heads of one row", partial(normal, 1, many, 1, 64))


def _larger_normal(shape: Tuple[int, ...], dtype: Any, factor: float, values_too: bool) -> Tensors:
    return larger(normal(*shape, dtype=dtype), factor, values_too)


def _what(dtype: Any, dim: int, causal: bool) -> str:
    name = "fp16" if dtype is torch.float16 else "bf16"
    return f"{name} D={dim}{' causal' if causal else ''}"
