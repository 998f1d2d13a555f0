"""Times that are all multiples of a coarse step: the timer's grid, or too few digits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from orchestrator.audit.rules import figures as fig
from orchestrator.audit.rules.figures import of, sane
from orchestrator.audit.values import MEAN, TOTAL, Finding, Kind, Quantity, Row, Weight

# A step that hides a difference of one percent is coarse.
COARSE_STEP = 0.01
_FEWEST = 4
# Of the shortest time, what two times that are the same may differ by.
_SAME = 5e-5
_OF_A_STEP = 0.02


def grid(rows: Sequence[Row]) -> Iterator[Finding]:
    """All times of a key over all rows, and each series of raw samples."""
    by_key: dict[str, list[float]] = {}
    for row in rows:
        for time in of(row, Quantity.TIME):
            if time.statistic not in (MEAN, TOTAL):
                by_key.setdefault(time.key, []).append(time.value)
        for series in row.series:
            yield from _objection(series.samples_us, series.key, row.where)
    for key, times in by_key.items():
        yield from _objection(times, key, "all rows")


def _objection(times: Sequence[float], key: str, where: str) -> Iterator[Finding]:
    step = step_of(times)
    shortest = min((one for one in times if sane(one)), default=0.0)
    if step is not None and step >= COARSE_STEP * shortest:
        share = fig.percent(step / shortest)
        text = (
            f"all {len(times)} of {key} are multiples of {fig.time(step)}, which is {share} of "
            f"the shortest ({fig.time(shortest)})"
        )
        title = "a coarse step, of the timer or of the digits: no finer difference shows"
        yield Finding(Kind.GRID, Weight.DOUBT, title, where, text)


def step_of(times: Sequence[float]) -> float | None:
    """The largest step of which all times are multiples; None if they are on no coarse grid, or
    too few to tell."""
    different = sorted({one for one in times if sane(one)})
    if len(different) < _FEWEST:
        return None
    least = different[0] * COARSE_STEP / 2
    step = different[0]
    for one in different[1:]:
        step = _common(one, step, different[0] * _SAME)
        if step < least:
            return None
    step = different[-1] / round(different[-1] / step)
    off = (abs(one / step - round(one / step)) for one in different)
    return step if all(each <= _OF_A_STEP for each in off) else None


def _common(one: float, two: float, same: float) -> float:
    """The largest common divisor of two numbers that are not quite exact."""
    while two > same:
        rest = math.fmod(one, two)
        one, two = two, min(rest, two - rest)
    return one
