"""Many rows judged at once; a test holds this against the product's own judging, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestrator.performance.family import Family, critical

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


def interval(ratios: Array, level: float) -> tuple[Array, Array]:
    """Mean and half-width over the last axis, the starts."""
    count = ratios.shape[-1]
    half = critical(count - 1, level) * ratios.std(axis=-1, ddof=1) / np.sqrt(count)
    return ratios.mean(axis=-1), half


def in_one_run(
    middles: Array, rows: int, looks: tuple[int, ...], precision: float = 0.01
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
        mean, half = interval(ratios, level)
        found = decide(mean, half, precision)
        differs = np.isin(found[:, :1], (FASTER, SLOWER))
        found = np.where(differs, OPEN, found[:, 1:])
        fresh = (verdict == OPEN) & (found != OPEN)
        verdict = np.where(fresh, found, verdict)
        starts = np.where(fresh, look, starts)
        enough = np.where(fresh, half[:, 1:] <= np.log1p(precision), enough)
    return Judged(verdict, starts, enough)
