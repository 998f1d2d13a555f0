"""How far outputs lie from the reference, gathered block by block."""

from __future__ import annotations

import math
from typing import Any, Iterable, List, Optional, Sequence, Tuple

import torch

from remote_payload.contract.facts import Tolerance
from remote_payload.contract.records import ErrorMeasure
from remote_payload.operators.base import Block

Tensor = Any
Position = Tuple[int, ...]


def measure(
    outputs: Sequence[Tensor], truth: Iterable[Block], tolerance: Tolerance
) -> ErrorMeasure:
    """Compare `outputs` with their reference blocks.

    An element matches if it is within the tolerance, or if both are the same infinity or both NaN.
    nan and inf count those that the reference does not have. max_rel is taken where |want| is more
    than the smallest absolute tolerance: nearer to zero that alone decides.
    """
    tally = _Tally(outputs, tolerance)
    for block in truth:
        tally.add(block)
    return tally.result()


class _Place:
    """One element that is told of: where it is, what was got there and what was wanted."""

    def __init__(self, block: Block, index: int, got: Tensor, shape: Sequence[int]) -> None:
        self.output = block.output
        self.position = _unravelled(block.start + index, shape)
        self.got = _finite(got.flatten()[index])
        self.want = _finite(block.want.flatten()[index])


class _Tally:
    def __init__(self, outputs: Sequence[Tensor], tolerance: Tolerance) -> None:
        self._outputs = outputs
        self._flat = [out.flatten() for out in outputs]
        self._tolerance = tolerance
        self._max_abs: Optional[float] = None
        self._max_rel: Optional[float] = None
        self._excess = -1.0
        self._worst: Optional[_Place] = None
        self._first: Optional[_Place] = None
        self._mismatches = self._elements = self._nan = self._inf = 0

    def add(self, block: Block) -> None:
        want = block.want.flatten()
        part = self._flat[block.output][block.start : block.start + want.numel()]
        got = part.to(torch.float64)
        same = (got == want) | (got.isnan() & want.isnan())
        finite = got.isfinite() & want.isfinite()
        error = torch.where(finite, (got - want).abs(), torch.zeros_like(want))
        allowed = self._allowed(want)
        self._elements += want.numel()
        self._nan += int((got.isnan() & ~want.isnan()).sum())
        self._inf += int((got.isinf() & ~same).sum())
        wrong = ~same & ~(finite & (error <= allowed))
        mismatches = int(wrong.sum())
        if mismatches and self._first is None:
            # Blocks come in the order of their elements, so the first wrong one is in this block.
            self._first = self._place(block, int(wrong.nonzero()[0]), got)
        self._mismatches += mismatches
        if bool(finite.any()):
            self._largest(error, want, finite)
            self._worse(block, torch.where(error > 0, error / allowed, error), got, finite)

    def _allowed(self, want: Tensor) -> Tensor:
        """What an element may be off by; the strictest gate decides."""
        limits: List[Tensor] = [g.atol + g.rtol * want.abs() for g in self._tolerance.gates]
        allowed = limits[0]
        for other in limits[1:]:
            allowed = torch.minimum(allowed, other)
        return allowed

    def _largest(self, error: Tensor, want: Tensor, finite: Tensor) -> None:
        self._max_abs = max(self._max_abs or 0.0, float(error.max()))
        sized = finite & (want.abs() > min(gate.atol for gate in self._tolerance.gates))
        if bool(sized.any()):
            relative = float((error[sized] / want[sized].abs()).max())
            self._max_rel = max(self._max_rel or 0.0, relative)

    def _worse(self, block: Block, excess: Tensor, got: Tensor, finite: Tensor) -> None:
        excess = torch.where(finite, excess, torch.full_like(excess, -1.0))
        index = int(excess.argmax())
        largest = float(excess[index])
        if largest > self._excess:
            self._excess, self._worst = largest, self._place(block, index, got)

    def _place(self, block: Block, index: int, got: Tensor) -> _Place:
        return _Place(block, index, got, self._outputs[block.output].shape)

    def result(self) -> ErrorMeasure:
        worst, first = self._worst, self._first
        return ErrorMeasure(
            max_abs=self._max_abs,
            max_rel=self._max_rel,
            mismatches=self._mismatches,
            elements=self._elements,
            nan=self._nan,
            inf=self._inf,
            worst=worst.position if worst else None,
            worst_got=worst.got if worst else None,
            worst_want=worst.want if worst else None,
            worst_output=worst.output if worst else 0,
            first=first.position if first else None,
            first_got=first.got if first else None,
            first_want=first.want if first else None,
            first_output=first.output if first else 0,
        )


def _unravelled(index: int, shape: Sequence[int]) -> Position:
    position: List[int] = []
    for size in reversed(shape):
        index, here = divmod(index, size)
        position.append(here)
    return tuple(reversed(position))


def _finite(value: Any) -> Optional[float]:
    number = float(value)
    return number if math.isfinite(number) else None


def describe(error: ErrorMeasure, names: Sequence[str] = ()) -> str:
    """One line on what is wrong; empty if nothing is. names: of the outputs."""
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
            of = f" of {names[output]}" if len(names) > 1 else ""
            text += f"; {what}{of} at {list(place)}: {_number(got)}, want {_number(want)}"
    return text


def _number(value: Optional[float]) -> str:
    return "not finite" if value is None else f"{value:.5g}"
