"""A figure from commit to commit: a point for each, the levels they lie on, and what is not known.

The unit is a run: a run is one draw of what its commit takes, however many samples it has
(`separate_runs`). So runs of one commit count each, and a point's interval is by how runs differ,
never by what one run knows of itself alone where more is known.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, pairwise

from orchestrator.performance.family import CONFIDENCE, critical
from orchestrator.performance.trend.levels import (
    FEWEST_BESIDE,
    FEWEST_RUNS,
    MOST_RUNS,
    SMALLEST_STEP,
    Levels,
    find_levels,
)
from orchestrator.performance.trend.students import student_of

_OF_STEP = 0.01  # that its interval misses it
_SURE = 1.28  # a deviate: what would have been found in nine of ten series
_OUTSIDE = 3.0  # spreads
_FEWEST_REPEATED = 3  # degrees of freedom, of runs of commits that were run more than once
# Of three runs or more, whose median errs by so much more than their mean, if there are many.
_OF_MEDIAN = math.sqrt(math.pi / 2)


class State(str, Enum):
    """What can be said of steps."""

    FOUND = "step found"
    NONE = "no step found"
    TOO_FEW = "not enough runs"


@dataclass(frozen=True)
class Draw:
    """One run. log: of its figure. half: of its own interval, in logarithms; 0 if it has none."""

    commit: str
    log: float
    half: float = 0.0


@dataclass(frozen=True)
class Point:
    """The runs of one commit, in a row. log: their median; half: of its interval of 95 %, None
    where nothing is known. by_runs: it is by how runs differ, not by what one says of itself."""

    commit: str
    runs: int
    log: float
    half: float | None
    by_runs: bool


@dataclass(frozen=True)
class Step:
    """A new level begins at the point `at`; where exactly is open from `first` to `last`.

    log: of new / old, with an interval of 99 %, from low to high.
    """

    at: int
    first: int
    last: int
    log: float
    low: float
    high: float


@dataclass(frozen=True)
class Trend:
    """left_out: runs before the latest that count. spread: of runs on one level, as a standard
    deviation of logarithms, None where it is not known; freedom: degrees of it. smallest: a step so
    large, halfway, would have been found in nine of ten. outside: the last so many runs lie off
    their level, by `away`; too few to be one."""

    state: State
    points: tuple[Point, ...]
    steps: tuple[Step, ...] = ()
    levels: tuple[float, ...] = ()
    runs: int = 0
    left_out: int = 0
    spread: float | None = None
    freedom: int = 0
    smallest: float | None = None
    outside: int = 0
    away: float = 0.0


def trend_of(draws: Sequence[Draw], series: int = 1) -> Trend:
    """draws: in the order of their commits, those of one commit in a row. series: how many are told
    of together; all that is called a step holds together with 99 %."""
    kept = tuple(draws)[-MOST_RUNS:]
    groups = [tuple(group) for _, group in groupby(kept, lambda one: one.commit)]
    left_out = len(draws) - len(kept)
    if len(kept) < FEWEST_RUNS or len(groups) < 2:
        spread, freedom = _of_repeated(groups)
        points = _points(groups, spread, freedom)
        return Trend(State.TOO_FEW, points, (), (), len(kept), left_out, spread, freedom)
    begins = [0]
    for group in groups:
        begins.append(begins[-1] + len(group))
    logs = [one.log for one in kept]
    found = find_levels(logs, begins[1:-1], series)
    ends = (0, *(cut.at for cut in found.cuts), len(logs))
    parts = [logs[start:end] for start, end in pairwise(ends)]
    levels = tuple(map(statistics.median, parts))
    outside, away = _outside(parts[-1], found.spread)
    return Trend(
        State.FOUND if found.cuts else State.NONE,
        _points(groups, found.spread, found.freedom, found.widening),
        tuple(_step(number, found, parts, begins) for number in range(len(found.cuts))),
        levels,
        len(kept),
        left_out,
        found.spread,
        found.freedom,
        _smallest(found, len(kept)),
        outside,
        away,
    )


def _points(
    groups: Sequence[tuple[Draw, ...]], spread: float | None, freedom: int, widening: float = 1.0
) -> tuple[Point, ...]:
    t = critical(freedom, 1 - CONFIDENCE) if spread is not None else 0.0
    return tuple(_point(group, spread, t, widening) for group in groups)


def _point(group: tuple[Draw, ...], spread: float | None, t: float, widening: float) -> Point:
    """No narrower than what its runs say of themselves."""
    own = statistics.fmean(one.half for one in group) / math.sqrt(len(group))
    middle = statistics.median(one.log for one in group)
    error = _error(len(group), widening)
    by_runs = None if spread is None else t * spread * error
    half = max(own, by_runs or 0.0) if own or by_runs is not None else None
    return Point(group[0].commit, len(group), middle, half, by_runs is not None)


def _error(runs: int, widening: float) -> float:
    """Of the median of so many runs in a row, in their spreads. widening: by which that of very
    many is larger, as neighbours are alike; of one run nothing is."""
    alike = (widening**2 - 1) / (widening**2 + 1)
    variance = 1 + 2 * sum((1 - apart / runs) * alike**apart for apart in range(1, runs))
    return (_OF_MEDIAN if runs > 2 else 1.0) * math.sqrt(variance / runs)


def _of_repeated(groups: Sequence[tuple[Draw, ...]]) -> tuple[float | None, int]:
    """How runs of one commit differ, over all that were run more than once."""
    several = [[one.log for one in group] for group in groups if len(group) > 1]
    freedom = sum(len(logs) - 1 for logs in several)
    if freedom < _FEWEST_REPEATED:
        return None, 0
    squares = sum(statistics.variance(logs) * (len(logs) - 1) for logs in several)
    return math.sqrt(squares / freedom), freedom


def _step(
    number: int, found: Levels, parts: Sequence[Sequence[float]], begins: Sequence[int]
) -> Step:
    cut, old, new = found.cuts[number], parts[number], parts[number + 1]
    change = statistics.median(new) - statistics.median(old)
    error = found.spread * found.widening * math.sqrt(1 / len(old) + 1 / len(new))
    half = critical(found.freedom, _OF_STEP) * error
    at, first, last = (begins.index(run) for run in (cut.at, cut.first, cut.last))
    return Step(at, first, last, change, change - half, change + half)


def _smallest(found: Levels, runs: int) -> float:
    error = found.spread * found.widening * math.sqrt(4 / runs)
    return max(student_of(found.chance + _SURE, found.freedom) * error, SMALLEST_STEP)


def _outside(part: Sequence[float], spread: float) -> tuple[int, float]:
    """How many of the last runs lie off the level before them, all on one side, and how far."""
    for number in range(FEWEST_BESIDE - 1, 0, -1):
        before, last = part[:-number], part[-number:]
        if len(before) < FEWEST_BESIDE:
            continue
        away = [one - statistics.median(before) for one in last]
        if min(away) > _OUTSIDE * spread or max(away) < -_OUTSIDE * spread:
            return number, statistics.median(away)
    return 0, 0.0
