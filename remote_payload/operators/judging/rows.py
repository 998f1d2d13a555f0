"""Outputs cut into rows and bands, as `contract.facts.Over` means them, block by block."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional, Sequence, Tuple

import torch

from remote_payload.contract.facts import BAND_ROWS

Tensor = Any

# Fewer elements do not tell how large their like are: of 64, the root mean square is within 30 % of
# theirs but once in some thousand rows. Of more, a mistake in few of them would be lost.
_LEAST, _MOST = 64, 256


def width_of(shape: Sequence[int]) -> int:
    """Elements of a row: a whole number of the output's own, or of them a whole part if there is
    one, so that a row ends where those of the output do."""
    last = max(1, shape[-1]) if shape else 1
    if last < _LEAST:
        return last * -(-_LEAST // last)
    if last <= _MOST:
        return last
    parts = (wide for wide in range(_MOST, _LEAST - 1, -1) if last % wide == 0)
    return next(parts, _MOST // 2)


class Rows:
    """What comes in blocks of any size, as tables of whole rows.

    What is too short for a row at the end goes with the last one; only that much is held back.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._start = 0
        self._kept: Optional[Tensor] = None

    def take(self, start: int, want: Tensor) -> Iterator[Tuple[int, Tensor]]:
        """The place and the values of the rows that are whole now, [rows, elements]."""
        if self._kept is not None:
            start, want = self._start, torch.cat((self._kept, want))
        rows = want.numel() // self._width - 1
        cut = max(0, rows) * self._width
        self._start, self._kept = start + cut, want[cut:].clone()
        if cut:
            yield start, want[:cut].view(rows, self._width)

    def rest(self) -> Iterator[Tuple[int, Tensor]]:
        """The last row, if anything came at all."""
        if self._kept is not None and self._kept.numel():
            yield self._start, self._kept.view(1, -1)
        self._kept = None


class Bands:
    """The mean of every 32 numbers that come in any portions; of fewer, if there never were as
    many, and of those and more for the last."""

    def __init__(self) -> None:
        self._kept: List[Tensor] = []
        self._first = 0

    def take(self, numbers: Tensor) -> Tuple[int, Tensor]:
        """The number of the first one, and the means of the bands that are whole now."""
        every = torch.cat((*self._kept, numbers))
        bands = max(0, every.numel() // BAND_ROWS - 1)
        first, self._first = self._first, self._first + bands
        self._kept = [every[bands * BAND_ROWS :].clone()]
        return first, every[: bands * BAND_ROWS].view(bands, BAND_ROWS).mean(1)

    def rest(self) -> Tuple[int, Tensor]:
        """The last one, if anything came at all."""
        kept, self._kept = self._kept, []
        means = [part.mean().view(1) for part in kept if part.numel()]
        return self._first, torch.cat(means) if means else torch.zeros(0, dtype=torch.float64)
