"""Figures of a whole file, "average speed-up", against those of its rows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence

from orchestrator.audit.rules import figures as fig
from orchestrator.audit.rules.figures import COARSE, agree, held, of
from orchestrator.audit.values import (
    BEST,
    MEAN,
    WORST,
    Figure,
    Finding,
    Kind,
    Quantity,
    Row,
    Weight,
)

_OF_MANY = (MEAN, "p50", BEST, WORST)


def summary(rows: Sequence[Row]) -> Iterator[Finding]:
    """Each mean, median or extreme of speed-ups or rates that no row's own time stands beside."""
    for quantity in (Quantity.SPEEDUP, Quantity.FLOP_RATE):
        single = [one for row in rows for one in of(row, quantity) if _is_of_a_row(row, one)]
        for row in rows:
            for figure in of(row, quantity):
                if not _is_of_a_row(row, figure) and figure.statistic in _OF_MANY:
                    values = [one.value for one in single if one.who == figure.who]
                    yield from _compared(row, figure, values)


def _is_of_a_row(row: Row, figure: Figure) -> bool:
    return not figure.statistic or bool(of(row, Quantity.TIME))


def _compared(row: Row, figure: Figure, values: Sequence[float]) -> Iterator[Finding]:
    if len(values) < 2 or figure.slack > COARSE:
        return
    possible = _possible(figure.statistic, values)
    if any(agree(figure.value, one, figure.slack) for one in possible):
        yield held(Kind.CONTRADICTS, "what is told of all rows follows from them", figure.slack)
        return
    shown = " or ".join(f"{one:.4g}" for one in dict.fromkeys(possible))
    text = f"{figure.key} is {fig.value(figure)}; the {len(values)} rows give "
    text += fig.value(_as(figure, possible[0])) if len(set(possible)) == 1 else shown
    title = "a figure of all rows that the rows do not give"
    yield Finding(Kind.CONTRADICTS, Weight.CONTRADICTION, title, row.where, text)


def _as(figure: Figure, value: float) -> Figure:
    return Figure(figure.key, figure.quantity, value)


def _possible(statistic: str, values: Sequence[float]) -> tuple[float, ...]:
    """A mean may be any of three; and the best speed-up is the largest, as the best time is the
    least."""
    if statistic == MEAN:
        geometric = math.exp(statistics.fmean(map(math.log, values)))
        return statistics.fmean(values), geometric, statistics.harmonic_mean(values)
    if statistic == "p50":
        return (statistics.median(values),)
    return max(values), min(values)
