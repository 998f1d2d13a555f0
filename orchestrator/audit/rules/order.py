"""Statistics of the same samples have an order: minimum, percentiles, maximum; and bounds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from orchestrator.audit.rules.figures import of, sound, time, value
from orchestrator.audit.values import (
    BEST,
    HIGH,
    LOW,
    MEAN,
    TOTAL,
    WORST,
    Figure,
    Finding,
    Kind,
    Quantity,
    Row,
    Weight,
)

# Equal ones may differ in their last bit, by a change of units.
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
        middle = mine.get("p50") or mine.get(MEAN)
        if middle and (low_end := mine.get(LOW)):
            yield _compared(row, low_end, middle)
        if middle and (high_end := mine.get(HIGH)):
            yield _compared(row, middle, high_end)
        if mean := mine.get(MEAN):
            if least := mine.get(BEST):
                yield _compared(row, least, mean)
            if most := mine.get(WORST):
                yield _compared(row, mean, most)
        yield from _spread(row, who, mine)
        yield from _total(row, mine)


def _rank(statistic: str) -> float:
    if statistic in (BEST, WORST):
        return 0.0 if statistic == BEST else 100.0
    return float(statistic[1:]) if statistic[:1] == "p" and statistic != "peak" else -1.0


def _compared(row: Row, low: Figure, high: Figure) -> Finding:
    # Rounding leaves an order as it is, whether to decimals or to digits.
    if low.value <= high.value * (1 + _EXACT):
        return Finding(
            Kind.ORDER, Weight.HELD, "percentiles, minimum and mean in order", judges=False
        )
    text = f"{low.key} is {value(low)}, {high.key} only {value(high)}"
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


def _total(row: Row, mine: dict[str, Figure]) -> Iterator[Finding]:
    """A mean times the number of calls is no more than the time of all together."""
    total, mean = mine.get(TOTAL), mine.get(MEAN)
    counts = [one for one in row.of(Quantity.COUNT) if sound(one)]
    if not (total and mean and counts and total.scaled and mean.scaled):
        return
    together = mean.value * counts[0].value
    if together <= total.value * 1.02 + _half(total) + _half(mean) * counts[0].value:
        yield Finding(Kind.ORDER, Weight.HELD, "mean and number within the total")
        return
    text = (
        f"{counts[0].value:.0f} times {time(mean.value)} ({mean.key}) are {time(together)}; "
        f"{total.key} is {time(total.value)}"
    )
    title = "a mean that times the number of calls exceeds the total"
    yield Finding(Kind.ORDER, Weight.CONTRADICTION, title, row.where, text)


def _half(figure: Figure) -> float:
    return figure.value * figure.slack
