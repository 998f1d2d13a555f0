"""Statistics of the same samples have an order: minimum, percentiles, maximum; and bounds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from orchestrator.audit.rules.figures import of, sound, time
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

# Half a digit may make equal ones differ.
_EXACT = 1e-9


def order(row: Row) -> Iterator[Finding]:
    """Whether what is told of each one's times can be of the same samples."""
    times = [one for one in row.of(Quantity.TIME) if sound(one)]
    for who in dict.fromkeys(one.who for one in times):
        mine = {one.statistic: one for one in times if one.who == who and one.statistic}
        ranked = sorted(
            ((_rank(name), one) for name, one in mine.items() if _rank(name) >= 0),
            key=lambda pair: pair[0],
        )
        for (_, low), (_, high) in pairwise(ranked):
            yield _compared(row, low, high)
        if mean := mine.get(MEAN):
            if least := mine.get(BEST):
                yield _compared(row, least, mean)
            if most := mine.get(WORST):
                yield _compared(row, mean, most)
        yield from _spread(row, who, mine)


def _rank(statistic: str) -> float:
    if statistic in (BEST, WORST):
        return 0.0 if statistic == BEST else 100.0
    return float(statistic[1:]) if statistic[:1] == "p" and statistic != "peak" else -1.0


def _compared(row: Row, low: Figure, high: Figure) -> Finding:
    halves = sorted((_half(low), _half(high)))
    # Rounding to the same digit leaves an order as it is.
    allowed = low.value * _EXACT + (halves[1] if halves[1] > 1.001 * halves[0] else 0.0)
    if low.value <= high.value + allowed:
        return Finding(
            Kind.ORDER, Weight.HELD, "percentiles, minimum and mean in order", judges=False
        )
    text = f"{low.key} is {time(low.value)}, {high.key} only {time(high.value)}"
    title = f"{_name(high)} below {_name(low)}"
    return Finding(Kind.ORDER, Weight.CONTRADICTION, title, row.where, text)


def _name(figure: Figure) -> str:
    return {BEST: "minimum", WORST: "maximum"}.get(figure.statistic, figure.statistic)


def _spread(row: Row, who: str, mine: dict[str, Figure]) -> Iterator[Finding]:
    """A deviation is no more than the range; mean and median differ by no more than it."""
    spreads = [one for one in of(row, Quantity.SPREAD) if one.who == who]
    if not spreads:
        return
    spread, least, most = spreads[0], mine.get(BEST), mine.get(WORST)
    if least and most and spread.value > (most.value - least.value) * 1.01 + 2 * _half(most):
        text = (
            f"{spread.key} is {time(spread.value)}, but from {least.key} to {most.key} are only "
            f"{time(most.value - least.value)}"
        )
        title = "a standard deviation larger than the whole range"
        yield Finding(Kind.ORDER, Weight.CONTRADICTION, title, row.where, text)
    mean, median = mine.get(MEAN), mine.get("p50")
    if mean and median:
        apart = abs(mean.value - median.value)
        if apart > spread.value * 1.01 + _half(mean) + _half(median) + _half(spread):
            text = f"{time(apart)} apart, with a standard deviation of {time(spread.value)}"
            title = "mean and median further apart than one standard deviation"
            yield Finding(Kind.ORDER, Weight.CONTRADICTION, title, row.where, text)


def _half(figure: Figure) -> float:
    return figure.value * figure.slack
