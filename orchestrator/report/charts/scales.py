"""From values to pixels, with the values at which an axis is marked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_FEW = 7
_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """low and high lie at the pixels start and end. What is not finite lies at an end."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def at(self, value: float) -> float:
        """Its pixel, within three lengths of the axis whatever it is."""
        low, here, high = self._bent(self.low), self._bent(value), self._bent(self.high)
        share = (here - low) / (high - low) if high > low else 0.5
        return self.start + min(max(share, -1.0), 2.0) * (self.end - self.start)

    def _bent(self, value: float) -> float:
        if self.is_log:
            return math.log(min(max(value, 1e-300), 1e300))
        return min(max(value, -1e300), 1e300)


@dataclass(frozen=True)
class Places:
    """Values that no logarithm has, one beside the other."""

    ticks: tuple[float, ...]
    start: float
    end: float

    def at(self, value: float) -> float:
        before = sum(one < value for one in self.ticks)
        return self.start + (self.end - self.start) * before / max(len(self.ticks) - 1, 1)


def linear(low: float, high: float, start: float, end: float, most: int = 6) -> Scale:
    """Marked at multiples of 1, 2 or 5."""
    return Scale(low, high, start, end, tuple(_multiples(low, high, most)))


def given(values: Iterable[float], start: float, end: float) -> Scale | Places:
    """By powers of two, marked at the values."""
    ticks = tuple(sorted(set(values)))
    if ticks[0] <= 0:
        return Places(ticks, start, end)
    return Scale(ticks[0], ticks[-1], start, end, ticks, is_log=True)


def logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    """Marked at 1, 2 and 5 of each power of ten, of many powers at fewer."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    apart = max(1, math.ceil((last - first) / _FEW))
    powers = range(first, last + 1, apart)
    for leads in ((1, 2, 5), (1, 3), (1,)):
        ticks = [float(f"{lead}e{power}") for power in powers for lead in leads]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= _FEW:
            break
    return Scale(low, high, start, end, tuple(ticks), is_log=True)


def apart(ends: Sequence[tuple[float, float]], gap: float) -> list[int]:
    """Which of several stretches stand, so that none comes near another: both ends first."""
    kept: list[int] = []
    for number in sorted(range(len(ends)), key=lambda each: (each not in (0, len(ends) - 1), each)):
        low, high = ends[number]
        if all(high + gap <= ends[one][0] or ends[one][1] + gap <= low for one in kept):
            kept.append(number)
    return sorted(kept)


def _multiples(low: float, high: float, most: int) -> Iterable[float]:
    width = high - low
    if not (0 < width < 1e300):
        return [low] if math.isfinite(low) else []
    power = 10.0 ** math.floor(math.log10(width / most)) if width / most > 1e-300 else 1e-300
    step = next((power * one for one in _STEPS if width / (power * one) <= most), power * 10)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, min(last, first + 20) + 1)]
