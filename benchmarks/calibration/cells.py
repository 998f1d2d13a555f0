"""One figure after another: what the procedure does under one kind of noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.calibration.judging import (
    FASTER,
    OPEN,
    SLOWER,
    in_one_run,
    interval,
    medians,
    rounding,
)
from benchmarks.calibration.noise import Array, Kind
from orchestrator.performance.family import ALONE, looks
from orchestrator.performance.steps import find_step

ROWS = 90
CASES, OTHERS = 30, 3  # as in a report of 90 rows: 30 cases, on each the baseline and three more
ROUNDS = 5
LOOKS = looks(64)
DIFFERENCE = 0.03
_AT_ONCE = 20  # reports
_SHARES = ("false", "starts", "found", "missed", "open", "starts_found", "covers_ratio")


@dataclass(frozen=True)
class Cell:
    """Shares of reports or rows, 0 to 1.

    false: reports on one and the same code with any false FASTER or SLOWER. starts: that such rows
    took, in the mean. found, missed, open: of rows that take 3 % longer. enough: of those that were
    decided, found. covers_ratio, covers_time: intervals of 95 % over 8 starts that hold the truth;
    None where the noise has no one level. stepped: series of 64 starts told with two levels.
    """

    kind: Kind
    cv: float
    covers_time: float | None
    stepped: float
    false: float
    starts: float
    found: float
    missed: float
    open: float
    starts_found: float
    covers_ratio: float

    @property
    def enough(self) -> float:
        decided = self.found + self.missed
        return self.found / decided if decided else 1.0


def cell(kind: Kind, cv: float, reports: int, rng: np.random.Generator) -> Cell:
    """Simulate as many reports twice: of one code, and of rows that are 3 % slower."""
    parts = [_part(kind, cv, count, rng) for count in _portions(reports)]
    sums = np.sum([part * count for part, count in zip(parts, _portions(reports), strict=True)], 0)
    *shares, covers_time = (float(one) for one in sums / reports)
    told = dict(zip(_SHARES, shares, strict=True))
    stepped = _stepped(kind, cv, max(reports // 2, 20), rng)
    return Cell(kind, cv, covers_time if kind.still else None, stepped, **told)


def _portions(reports: int) -> Iterator[int]:
    return (min(_AT_ONCE, reports - done) for done in range(0, reports, _AT_ONCE))


def _part(kind: Kind, cv: float, reports: int, rng: np.random.Generator) -> Array:
    logs = kind.draw(rng, (reports * CASES, 2 + OTHERS, LOOKS[-1], ROUNDS), cv)
    middles = medians(logs)
    same = in_one_run(middles, ROWS, LOOKS, grid=kind.grid)
    false = np.isin(same.verdict, (FASTER, SLOWER)).reshape(reports, -1).any(axis=1)
    slower = middles.copy()
    slower[:, 2:] += np.log1p(DIFFERENCE)
    other = in_one_run(slower, ROWS, LOOKS, grid=kind.grid)
    found, is_open = other.verdict == SLOWER, other.verdict == OPEN
    few = middles[..., : LOOKS[0]]
    mean, half = interval(few[:, :1] - few[:, 2:], ALONE, bool(kind.grid))
    off = rounding(few, kind.grid)
    half = half + off[:, :1] + off[:, 2:]
    return np.array(
        [
            false.mean(),
            same.starts.mean(),
            found.mean(),
            (~found & ~is_open).mean(),
            is_open.mean(),
            other.starts.mean(),
            (np.abs(mean) <= half).mean(),
            _covers_time(middles, kind),
        ]
    )


def _stepped(kind: Kind, cv: float, series: int, rng: np.random.Generator) -> float:
    """By the product's own function, one series after another."""
    logs = kind.draw(rng, (series, 1, LOOKS[-1], ROUNDS), cv)[:, 0]
    starts = (ROUNDS,) * LOOKS[-1]
    found = [
        find_step(one.ravel().tolist(), starts, middle.tolist())
        for one, middle in zip(logs, np.median(logs, axis=-1), strict=True)
    ]
    return sum(one is not None for one in found) / series


def _covers_time(middles: Array, kind: Kind) -> float:
    """The truth is the mean of thousands of starts; of hundreds, where each case has its own."""
    few, rest = middles[..., : LOOKS[0]], middles[..., LOOKS[0] :]
    truth = rest.mean(axis=(1, 2))[:, None] if kind.apart else middles.mean()
    mean, half = interval(few, ALONE, bool(kind.grid))
    half = half + rounding(few, kind.grid)
    return float((np.abs(mean - truth) <= half).mean())
