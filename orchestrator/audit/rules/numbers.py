"""Figures that can be none: NaN, infinities, times of zero and less; and what has no digits."""

from __future__ import annotations

import math
from collections.abc import Iterator

from orchestrator.audit.rules.figures import sane, sound, value
from orchestrator.audit.values import Figure, Finding, Kind, Quantity, Row, Series, Weight

_RATES = (Quantity.FLOP_RATE, Quantity.BYTE_RATE, Quantity.OTHER_RATE)


def numbers(row: Row) -> Iterator[Finding]:
    """What no measurement gives."""
    for figure in row.figures:
        title, weight = _fault(figure)
        if title:
            text = f"{figure.key} is {value(figure)}"
            yield Finding(Kind.NO_NUMBER, weight, title, row.where, text)
    for series in row.series:
        yield from _samples(row, series)


def _fault(figure: Figure) -> tuple[str, Weight]:
    what = figure.quantity.value
    if math.isnan(figure.value):
        return f"NaN where a {what} should be", Weight.CONTRADICTION
    if math.isinf(figure.value):
        return f"infinity where a {what} should be", Weight.CONTRADICTION
    if figure.value < 0:
        return f"a {what} below zero", Weight.CONTRADICTION
    if figure.value and not sound(figure):
        return f"a {what} that nothing has", Weight.CONTRADICTION
    if figure.value == 0 and figure.quantity in (Quantity.TIME, Quantity.SPEEDUP):
        return f"a {what} of zero", Weight.CONTRADICTION
    if figure.value == 0 and figure.quantity in _RATES:
        return f"a {what} of zero, or one that was printed with too few digits", Weight.DOUBT
    if figure.value == 0 and figure.quantity is Quantity.SPREAD:
        return "a spread of exactly zero: one sample, or times on a grid", Weight.DOUBT
    return "", Weight.NOTE


def _samples(row: Row, series: Series) -> Iterator[Finding]:
    bad = [one for one in series.samples_us if not sane(one)]
    if bad:
        text = f"{series.key}: {len(bad)} of {len(series.samples_us)}, such as {bad[0]:.4g} µs"
        title = "samples that are no times above zero"
        yield Finding(Kind.NO_NUMBER, Weight.CONTRADICTION, title, row.where, text)
