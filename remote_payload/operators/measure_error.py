"""How far an output lies from the reference, gathered block by block."""

from __future__ import annotations

import math
from typing import Any, Iterable, Optional, Tuple

import torch

from remote_payload.contract.records import ErrorMeasure
from remote_payload.operators.attention.reference import Block

Tensor = Any
Position = Tuple[int, int, int, int]


def measure(out: Tensor, truth: Iterable[Block], rtol: float, atol: float) -> ErrorMeasure:
    """Compare `out` [batch, heads, seq, dim] with its reference blocks.

    An element matches if |out - want| <= atol + rtol * |want|, or if both are the same infinity
    or both NaN. nan and inf count those that the reference does not have. max_rel is taken
    where |want| > atol: nearer to zero the absolute tolerance alone decides.
    """
    tally = _Tally(out, rtol, atol)
    for block in truth:
        tally.add(block)
    return tally.result()


class _Tally:
    def __init__(self, out: Tensor, rtol: float, atol: float) -> None:
        self._heads_per_batch = out.shape[1]
        self._flat = out.flatten(0, 1)
        self._rtol, self._atol = rtol, atol
        self._max_abs: Optional[float] = None
        self._max_rel: Optional[float] = None
        self._excess = -1.0
        self._worst: Optional[Position] = None
        self._got: Optional[float] = None
        self._want: Optional[float] = None
        self._first: Optional[Position] = None
        self._first_got: Optional[float] = None
        self._first_want: Optional[float] = None
        self._mismatches = self._elements = self._nan = self._inf = 0

    def add(self, block: Block) -> None:
        want = block.want
        heads, rows = want.shape[:2]
        part = self._flat[block.head : block.head + heads, block.row : block.row + rows]
        got = part.to(torch.float64)
        same = (got == want) | (got.isnan() & want.isnan())
        finite = got.isfinite() & want.isfinite()
        error = torch.where(finite, (got - want).abs(), torch.zeros_like(want))
        tolerance = self._atol + self._rtol * want.abs()
        self._elements += want.numel()
        self._nan += int((got.isnan() & ~want.isnan()).sum())
        self._inf += int((got.isinf() & ~same).sum())
        wrong = ~same & ~(finite & (error <= tolerance))
        mismatches = int(wrong.sum())
        if mismatches and not self._mismatches:
            # Blocks come in the order of their elements, so the first wrong one is in this block.
            index = int(wrong.flatten().nonzero()[0])
            self._first = self._position(block, index)
            self._first_got = _finite(got.flatten()[index])
            self._first_want = _finite(want.flatten()[index])
        self._mismatches += mismatches
        if bool(finite.any()):
            self._largest(error, want, finite)
            self._place(block, torch.where(error > 0, error / tolerance, error), got, finite)

    def _largest(self, error: Tensor, want: Tensor, finite: Tensor) -> None:
        self._max_abs = max(self._max_abs or 0.0, float(error.max()))
        sized = finite & (want.abs() > self._atol)
        if bool(sized.any()):
            relative = float((error[sized] / want[sized].abs()).max())
            self._max_rel = max(self._max_rel or 0.0, relative)

    def _place(self, block: Block, excess: Tensor, got: Tensor, finite: Tensor) -> None:
        excess = torch.where(finite, excess, torch.full_like(excess, -1.0))
        index = int(excess.argmax())
        largest = float(excess.flatten()[index])
        if largest <= self._excess:
            return
        self._excess = largest
        self._worst = self._position(block, index)
        self._got = _finite(got.flatten()[index])
        self._want = _finite(block.want.flatten()[index])

    def _position(self, block: Block, index: int) -> Position:
        _, rows, dim = block.want.shape
        head, rest = divmod(index, rows * dim)
        row, column = divmod(rest, dim)
        batch, head_in_batch = divmod(block.head + head, self._heads_per_batch)
        return (batch, head_in_batch, block.row + row, column)

    def result(self) -> ErrorMeasure:
        return ErrorMeasure(
            max_abs=self._max_abs,
            max_rel=self._max_rel,
            mismatches=self._mismatches,
            elements=self._elements,
            nan=self._nan,
            inf=self._inf,
            worst=self._worst,
            worst_got=self._got,
            worst_want=self._want,
            first=self._first,
            first_got=self._first_got,
            first_want=self._first_want,
        )


def _finite(value: Any) -> Optional[float]:
    number = float(value)
    return number if math.isfinite(number) else None


def describe(error: ErrorMeasure) -> str:
    """One line on what is wrong; empty if nothing is."""
    if not error.mismatches:
        return ""
    text = f"{error.mismatches} of {error.elements} elements are outside the tolerance"
    if error.nan or error.inf:
        text += f" ({error.nan} NaN, {error.inf} infinite)"
    for name, place, got, want in (
        ("first", error.first, error.first_got, error.first_want),
        ("worst", error.worst, error.worst_got, error.worst_want),
    ):
        if place is not None:
            text += f"; {name} at {list(place)}: {_number(got)}, want {_number(want)}"
    return text


def _number(value: Optional[float]) -> str:
    return "not finite" if value is None else f"{value:.5g}"
