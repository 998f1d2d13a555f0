"""How far outputs lie from the reference, gathered block by block."""

from __future__ import annotations

import math
from typing import Any, Iterable, List, Optional, Sequence, Tuple

import torch

from remote_payload.contract.facts import BAND_ROWS, Over, Tolerance
from remote_payload.contract.records import ErrorMeasure, Judged
from remote_payload.operators.base import Block
from remote_payload.operators.judging.judge import Judge, Off, unravelled
from remote_payload.operators.judging.rows import Rows, width_of

Tensor = Any
Position = Tuple[int, ...]


def measure(
    outputs: Sequence[Tensor], truth: Iterable[Block], tolerance: Tolerance
) -> ErrorMeasure:
    """Compare `outputs` with their reference blocks.

    An element matches if it is within the tolerance, or if both are the same infinity or both NaN;
    those that are not finite are no part of a root mean square. nan and inf count those that the
    reference does not have. max_rel is taken where |want| is more than what zero itself might be
    off by: nearer to zero that alone decides. Of the reference no more than a block is held.
    """
    tally = _Tally(outputs, tolerance)
    for block in truth:
        tally.add(block)
    return tally.result()


class _Place:
    """One element that is told of: where it is, what was got there and what was wanted."""

    def __init__(self, output: int, index: int, got: Tensor, want: Tensor) -> None:
        self.output, self.index = output, index
        self.got, self.want = finite(got), finite(want)


class _Tally:
    """Of all outputs; each is gone through row by row, in the order of its elements."""

    def __init__(self, outputs: Sequence[Tensor], tolerance: Tolerance) -> None:
        self._flat = [out.flatten() for out in outputs]
        self._shapes = [out.shape for out in outputs]
        self._rows = [Rows(width_of(shape)) for shape in self._shapes]
        self._judges = [Judge(gate, len(outputs)) for gate in tolerance.gates]
        self._max_abs: Optional[float] = None
        self._max_rel: Optional[float] = None
        self._excess = -1.0
        self._worst: Optional[_Place] = None
        self._first: Optional[_Place] = None
        self._mismatches = self._elements = self._nan = self._inf = 0

    def add(self, block: Block) -> None:
        for start, want in self._rows[block.output].take(block.start, block.want.flatten()):
            self._compare(block.output, start, want)

    def _compare(self, output: int, start: int, want: Tensor) -> None:
        """Some rows of an output whose first element is `start`."""
        part = self._flat[output][start : start + want.numel()]
        got = part.to(torch.float64).view(want.shape)
        if self._max_rel is not None and nothing_off(got, want):
            # No largest and no worst is changed by what has no error: only the counts are.
            self._elements += want.numel()
            for judge in self._judges:
                judge.see_none(output, start, want)
            return
        same = (got == want) | (got.isnan() & want.isnan())
        finite = got.isfinite() & want.isfinite()
        error = torch.where(finite, (got - want).abs(), torch.zeros_like(want))
        off = Off(output, start, error, torch.where(finite, want.abs(), error), finite)
        allowed, near_zero = self._allowed(off)
        self._elements += want.numel()
        self._nan += int((got.isnan() & ~want.isnan()).sum())
        self._inf += int((got.isinf() & ~same).sum())
        wrong = ~same & ~(finite & (error <= allowed))
        mismatches = int(wrong.sum())
        before = self._first is None or output < self._first.output
        if mismatches and before:
            # An output's rows come in order, but the last of one may come after those of the next.
            self._first = _place(off, int(wrong.flatten().nonzero()[0]), got, want)
        self._mismatches += mismatches
        if bool(finite.any()):
            self._largest(off, near_zero)
            excess = torch.where(error > 0, error / allowed, error)
            self._worse(off, torch.where(finite, excess, torch.full_like(excess, -1.0)), got, want)

    def _allowed(self, off: Off) -> Tuple[Tensor, Tensor]:
        """What each element may be off by, and what of that does not come from its own size; the
        strictest gate decides. What others than elements may be off by is judged on the way."""
        without = torch.full_like(off.spread, math.inf)
        allowed, near_zero = without.expand_as(off.error), without
        for judge in self._judges:
            if judge.concerns(off):
                limit = judge.see(off)
                if judge.gate.over is Over.ELEMENT:
                    allowed = torch.minimum(allowed, limit + judge.gate.rtol * off.size)
                    near_zero = torch.minimum(near_zero, limit)
        return allowed, near_zero

    def _largest(self, off: Off, near_zero: Tensor) -> None:
        self._max_abs = max(self._max_abs or 0.0, float(off.error.max()))
        sized = off.finite & (off.size > near_zero)
        if bool(sized.any()):
            relative = float((off.error[sized] / off.size[sized]).max())
            self._max_rel = max(self._max_rel or 0.0, relative)

    def _worse(self, off: Off, excess: Tensor, got: Tensor, want: Tensor) -> None:
        index = int(excess.argmax())
        largest = float(excess.flatten()[index])
        if largest > self._excess:
            self._excess, self._worst = largest, _place(off, index, got, want)

    def result(self) -> ErrorMeasure:
        for output, rows in enumerate(self._rows):
            for start, want in rows.rest():
                self._compare(output, start, want)
        worst, first = self._worst, self._first
        return ErrorMeasure(
            max_abs=self._max_abs,
            max_rel=self._max_rel,
            mismatches=self._mismatches,
            elements=self._elements,
            nan=self._nan,
            inf=self._inf,
            worst=self._position(worst),
            worst_got=worst.got if worst else None,
            worst_want=worst.want if worst else None,
            worst_output=worst.output if worst else 0,
            first=self._position(first),
            first_got=first.got if first else None,
            first_want=first.want if first else None,
            first_output=first.output if first else 0,
            judged=tuple(judge.result(self._shapes) for judge in self._judges),
        )

    def _position(self, place: Optional[_Place]) -> Optional[Position]:
        return unravelled(place.index, self._shapes[place.output]) if place else None


def nothing_off(got: Tensor, want: Tensor) -> bool:
    """Whether both hold the same numbers, all of them finite."""
    return torch.equal(got, want) and bool(want.isfinite().all())


def _place(off: Off, index: int, got: Tensor, want: Tensor) -> _Place:
    return _Place(off.output, off.start + index, got.flatten()[index], want.flatten()[index])


def finite(value: Any) -> Optional[float]:
    """As a number of strict JSON; None for what that has not."""
    number = float(value)
    return number if math.isfinite(number) else None


def describe(error: ErrorMeasure, names: Sequence[str] = ()) -> str:
    """One line on what is wrong; empty if nothing is. names: of the outputs."""
    many = next((one for one in _widest_first(error) if one.wrong), None)
    told = (_elements(error, names), _together(many, names) if many else "")
    return "; ".join(part for part in told if part)


def _widest_first(error: ErrorMeasure) -> List[Judged]:
    order = (Over.OUTPUT, Over.BAND, Over.ROW)
    return [one for over in order for one in error.judged if one.gate.over is over]


def _elements(error: ErrorMeasure, names: Sequence[str]) -> str:
    if not error.mismatches:
        return ""
    text = f"{error.mismatches} of {error.elements} elements are outside the tolerance"
    if error.nan or error.inf:
        text += f" ({error.nan} NaN, {error.inf} infinite)"
    for what, place, got, want, output in (
        ("first", error.first, error.first_got, error.first_want, error.first_output),
        ("worst", error.worst, error.worst_got, error.worst_want, error.worst_output),
    ):
        if place is not None:
            of = _of(names, output)
            text += f"; {what}{of} at {list(place)}: {_number(got)}, want {_number(want)}"
    return text


def _together(judged: Judged, names: Sequence[str]) -> str:
    """What errors come to where many are taken together."""
    gate, used = judged.gate, judged.used
    most = "more" if used is None else _share(used * gate.spread)
    allowed = f"{_share(gate.spread)} are allowed"
    if gate.over is Over.OUTPUT:
        what = f"the errors{_of(names, judged.output)} come to {most} of the spread"
        return f"{what} in root mean square; {allowed}"
    what = "rows" if gate.over is Over.ROW else f"bands of {BAND_ROWS} rows"
    text = f"in {judged.wrong} of {judged.count} {what} errors come to too much of the spread"
    where = f" at {list(judged.place)}" if judged.place is not None else ""
    return f"{text}, to {most}{_of(names, judged.output)}{where}, in root mean square; {allowed}"


def _of(names: Sequence[str], output: int) -> str:
    return f" of {names[output]}" if len(names) > 1 else ""


def _share(part: float) -> str:
    return f"{part * 100:.2g} %" if part < 1e3 else f"{part:.1e} times"


def _number(value: Optional[float]) -> str:
    return "not finite" if value is None else f"{value:.5g}"
