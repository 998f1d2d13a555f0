"""One gate of a tolerance, held against the errors of some rows after the other."""

from __future__ import annotations

import math
from typing import Any, List, Optional, Sequence, Tuple

import torch

from remote_payload.contract.facts import BAND_ROWS, Gate, Over
from remote_payload.contract.records import Judged
from remote_payload.operators.judging.rows import Bands

Tensor = Any


class Off:
    """How far some rows of an output are off: [rows, elements], zero where something is not finite.

    start: of their first element. size: |want|. spread, rms: of each row, [rows, 1], the root mean
    square of what was wanted and of the errors.
    """

    def __init__(
        self, output: int, start: int, error: Tensor, size: Tensor, finite: Tensor
    ) -> None:
        self.output, self.start = output, start
        self.error, self.size, self.finite = error, size, finite
        self._count = finite.sum(1, keepdim=True).clamp(min=1)
        self.spread, self.rms = self._root(size), self._root(error)

    def _root(self, values: Tensor) -> Tensor:
        """Scaled by the largest, so that no square overflows or vanishes."""
        largest = values.amax(1, keepdim=True)
        scaled = values / torch.where(largest > 0, largest, torch.ones_like(largest))
        return largest * (scaled.square().sum(1, keepdim=True) / self._count).sqrt()


class Judge:
    """What one gate finds in all outputs that it is for."""

    def __init__(self, gate: Gate, outputs: int) -> None:
        self.gate = gate
        self._used, self._wrong, self._count = -1.0, 0, 0
        self._worst: Tuple[int, int] = (0, 0)
        self._bands = [Bands() for _ in range(outputs)]
        self._widths = [0] * outputs
        self._squares = [[0.0, 0.0] for _ in range(outputs)]

    def concerns(self, off: Off) -> bool:
        """Whether the gate is for that output."""
        return self.gate.output in (None, off.output)

    def see(self, off: Off) -> Tensor:
        """Judge these rows too; what is allowed there but for an element's own size, [rows, 1]."""
        gate = self.gate
        limit: Tensor = gate.atol + gate.spread * off.spread
        if gate.over is Over.ELEMENT:
            used = _used(off.error, limit + gate.rtol * off.size)
            self._note(off.output, off.start, used.flatten(), 1)
            return limit
        used = _used(off.rms, limit).flatten()
        wide = off.error.shape[1]
        if gate.over is Over.ROW:
            self._note(off.output, off.start, used, wide)
        elif gate.over is Over.BAND:
            self._widths[off.output] = self._widths[off.output] or wide
            self._take(off.output, *self._bands[off.output].take(used.square()))
        else:
            squares = self._squares[off.output]
            squares[0] += float(used.square().sum())
            squares[1] += used.numel()
        return limit

    def see_none(self, output: int, start: int, want: Tensor) -> None:
        """As `see`, of rows without any error, which need not be looked at."""
        if self.gate.output not in (None, output):
            return
        rows, wide = want.shape
        none = want.new_zeros(rows)
        if self.gate.over is Over.ELEMENT:
            self._count += want.numel()
            if self._used < 0:
                self._used, self._worst = 0.0, (output, start)
        elif self.gate.over is Over.ROW:
            self._note(output, start, none, wide)
        elif self.gate.over is Over.BAND:
            self._widths[output] = self._widths[output] or wide
            self._take(output, *self._bands[output].take(none))
        else:
            self._squares[output][1] += rows

    def _take(self, output: int, first: int, means: Tensor) -> None:
        wide = BAND_ROWS * self._widths[output]
        self._note(output, first * wide, means.sqrt(), wide)

    def _note(self, output: int, start: int, used: Tensor, wide: int) -> None:
        """used: by elements, rows, bands or outputs of `wide` elements from `start` on."""
        self._count += used.numel()
        self._wrong += int((used > 1).sum())
        if used.numel():
            worst = int(used.argmax())
            if float(used[worst]) > self._used:
                self._used, self._worst = float(used[worst]), (output, start + worst * wide)

    def result(self, shapes: Sequence[Sequence[int]]) -> Judged:
        """What was found, once all rows have been seen."""
        for output, bands in enumerate(self._bands):
            self._take(output, *bands.rest())
        for output, (squares, rows) in enumerate(self._squares):
            if rows:
                mean = torch.tensor([math.sqrt(squares / rows)], dtype=torch.float64)
                self._note(output, 0, mean, 1)
        output, index = self._worst
        used: Optional[float] = self._used if 0 <= self._used < math.inf else None
        place = unravelled(index, shapes[output]) if self._used >= 0 else None
        return Judged(self.gate, used, self._wrong, self._count, output, place)


def _used(error: Tensor, limit: Tensor) -> Tensor:
    """Of what is allowed; nothing is used where there is no error, whatever is allowed."""
    return torch.where(error > 0, error / limit, error)


def unravelled(index: int, shape: Sequence[int]) -> Tuple[int, ...]:
    """The place of an element of an output by its number."""
    position: List[int] = []
    for size in reversed(shape):
        index, here = divmod(index, size)
        position.append(here)
    return tuple(reversed(position))
