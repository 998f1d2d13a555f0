"""Many rows judged at once; a test holds this against the product's own judging, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestrator.performance.family import Family, critical
from remote_payload.contract.tools.middles import cut_of, students

Array = Any
OPEN, SAME, FASTER, SLOWER = range(4)


@dataclass(frozen=True)
class Judged:
    """For each row: its verdict, after how many starts, and whether the width was enough there."""

    verdict: Array
    starts: Array
    enough: Array


def medians(logs: Array) -> Array:
    """(..., entrants, starts): a middle of each start's turns."""
    return np.median(logs, axis=-1)


def decide(mean: Array, half: Array, precision: float) -> Array:
    """As `verdict.decide`, of logarithms."""
    low, high, enough = mean - half, mean + half, np.log1p(precision)
    within = (-enough <= low) & (high <= enough)
    told = np.where(low > 0, FASTER, np.where(high < 0, SLOWER, OPEN))
    narrow = np.where(half <= enough, SAME, OPEN)
    return np.where(within, SAME, np.where(told != OPEN, told, narrow))


def interval(logs: Array, level: float, coarse: bool = False) -> tuple[Array, Array]:
    """Middle and half-width over the last axis, the starts; as `starts.of_logs`."""
    known = _middles(logs, coarse)
    halves = [
        critical(one.freedom, level * one.share) * error
        for one, (_, error) in zip(students(logs.shape[-1], coarse), known, strict=True)
    ]
    chosen = np.argmin(halves, axis=0)
    return np.choose(chosen, [at for at, _ in known]), np.min(halves, axis=0)


def _middles(values: Array, coarse: bool) -> list[tuple[Array, Array]]:
    """As `middles.middles`, of the last axis: middle, and its error."""
    count = values.shape[-1]
    found = [(values.mean(axis=-1), values.std(axis=-1, ddof=1) / np.sqrt(count))]
    for one in students(count, coarse)[1:]:
        cut, left = cut_of(count), one.freedom + 1
        inner = np.sort(values, axis=-1)[..., cut : count - cut]
        winsorized = np.clip(values, inner[..., :1], inner[..., -1:])
        error = winsorized.std(axis=-1, ddof=1) * np.sqrt((count - 1) / (left * (left - 1)))
        found.append((inner.mean(axis=-1), error))
    return found


def rounding(middles: Array, grid: float) -> Array:
    """As `starts.rounding`, of the last axis."""
    times = np.exp(middles)
    errors = [error for _, error in _middles(times, coarse=False)]
    averaged = np.min(errors, axis=0) * np.sqrt(times.shape[-1]) >= grid / 2
    return np.where(averaged, 0.0, -np.log1p(-grid / 2 / np.median(times, axis=-1)))


def in_one_run(
    middles: Array,
    rows: int,
    looks: tuple[int, ...],
    precision: float = 0.01,
    grid: float = 0.0,
) -> Judged:
    """middles: (cases, entrants, starts), the baseline first and its control second.

    Verdicts of the others, (cases, entrants - 2), each at the first look that decides it; open
    where the control differs from the baseline at that look.
    """
    level = Family(rows, len(looks)).level
    shape = (middles.shape[0], middles.shape[1] - 2)
    verdict, starts, enough = (np.full(shape, fill) for fill in (OPEN, looks[-1], False))
    for look in looks:
        ratios = middles[:, :1, :look] - middles[:, 1:, :look]
        mean, half = interval(ratios, level, bool(grid))
        off = rounding(middles[..., :look], grid)
        half = half + off[:, :1] + off[:, 1:]
        found = decide(mean, half, precision)
        differs = np.isin(found[:, :1], (FASTER, SLOWER))
        found = np.where(differs, OPEN, found[:, 1:])
        fresh = (verdict == OPEN) & (found != OPEN)
        verdict = np.where(fresh, found, verdict)
        starts = np.where(fresh, look, starts)
        enough = np.where(fresh, half[:, 1:] <= np.log1p(precision), enough)
    return Judged(verdict, starts, enough)
