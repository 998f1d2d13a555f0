"""Comparing figures: which belong together, when two agree, and how they read."""

from __future__ import annotations

import math

from orchestrator.audit.values import (
    BEST,
    MEAN,
    TOTAL,
    Figure,
    Finding,
    Kind,
    Quantity,
    Role,
    Row,
    Weight,
)

# Beyond what their digits leave open, two figures may differ by this much, as where one was
# rounded twice; 1024 for 1000 is more.
TOLERANCE = 0.02
# A figure whose last digit is more than this part of it can be held against nothing.
COARSE = 0.3
_MOST_SLACK = 0.9
# In any unit; beyond them nothing is, and products would be no numbers.
LEAST, MOST = 1e-40, 1e40
# Which of many times a rate is made from, where nobody says.
_USUAL = ("p50", MEAN, "", BEST)


def sane(value: float) -> bool:
    """Whether it is a number above zero that anything could have; false for NaN."""
    return LEAST < value < MOST


def sound(figure: Figure) -> bool:
    """Whether its value is sane."""
    return sane(figure.value)


def of(row: Row, quantity: Quantity, role: Role = Role.MEASURED) -> tuple[Figure, ...]:
    """The sound figures of a kind whose unit is known."""
    return tuple(one for one in row.of(quantity, role) if sound(one) and one.scaled)


def times_for(row: Row, figure: Figure) -> tuple[Figure, ...]:
    """The times that a figure may have been made from, the likeliest first."""
    known = [one for one in of(row, Quantity.TIME) if one.statistic != TOTAL]
    known += _of_samples(row)
    owners = {one.who for one in known}
    who = figure.who if figure.who in owners else next(iter(owners)) if len(owners) == 1 else None
    mine = [one for one in known if one.who == who]
    if figure.statistic and any(one.statistic == figure.statistic for one in mine):
        return tuple(one for one in mine if one.statistic == figure.statistic)
    return tuple(sorted(mine, key=_likelihood))


def _of_samples(row: Row) -> list[Figure]:
    """Medians of raw samples, where no time is told beside them."""
    found = []
    for series in row.series:
        good = sorted(one for one in series.samples_us if sane(one))
        if good:
            middle = (good[(len(good) - 1) // 2] + good[len(good) // 2]) / 2
            key = f"median of {series.key}"
            found.append(Figure(key, Quantity.TIME, middle, series.who, statistic="p50"))
    return found


def _likelihood(figure: Figure) -> int:
    return _USUAL.index(figure.statistic) if figure.statistic in _USUAL else len(_USUAL)


def agree(claimed: float, computed: float, slack: float) -> bool:
    """Whether two figures are the same, as far as their digits tell. slack: of both together."""
    apart = max(claimed / computed, computed / claimed)
    return apart <= (1 + TOLERANCE) / (1 - min(slack, _MOST_SLACK))


def held(kind: Kind, title: str, slack: float = 0.0) -> Finding:
    """Two figures agree; that says nothing where so few digits would agree with much else."""
    return Finding(kind, Weight.HELD, title, judges=slack <= COARSE)


def time(us: float) -> str:
    """`45 µs`, `7.433 ms`."""
    for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1.0)):
        if abs(us) >= size:
            return f"{us / size:.4g} {unit}"
    return f"{us * 1e3:.4g} ns"


def flops(rate: float) -> str:
    """`23.08 TFLOPS`."""
    return _scaled(rate, "FLOPS")


def flop(amount: float) -> str:
    """`34.36 GFLOP`."""
    return _scaled(amount, "FLOP")


def bandwidth(rate: float) -> str:
    """`321.6 GB/s`."""
    return f"{rate / 1e9:.4g} GB/s"


def size(amount: float) -> str:
    """`16.78 MB`."""
    return _scaled(amount, "B")


def _scaled(value: float, unit: str) -> str:
    for prefix, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= factor:
            return f"{value / factor:.4g} {prefix}{unit}"
    return f"{value:.4g} {unit}"


def times(ratio: float) -> str:
    """`2×`, `2.04×`, `0.25×`."""
    if 100 <= ratio < 1e7:
        return f"{ratio:.0f}×"
    return f"{ratio:.3g}×"


def value(figure: Figure) -> str:
    """A figure as people read it."""
    worded = {
        Quantity.TIME: time,
        Quantity.SPREAD: time,
        Quantity.FLOP_RATE: flops,
        Quantity.BYTE_RATE: bandwidth,
        Quantity.FLOP: flop,
        Quantity.BYTES: size,
        Quantity.SHARE: percent,
        Quantity.RELATIVE_SPREAD: percent,
        Quantity.SPEEDUP: times,
        Quantity.SLOWDOWN: times,
    }.get(figure.quantity)
    if not math.isfinite(figure.value) or worded is None or not figure.scaled:
        return f"{figure.value:.4g}"
    return worded(figure.value)


def percent(fraction: float) -> str:
    """`107.2 %`."""
    return f"{100 * fraction:.4g} %"
