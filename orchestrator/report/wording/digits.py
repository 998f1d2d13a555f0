"""Numbers as text by themselves, without what they are of."""

from __future__ import annotations

import math

_PLAIN_DIGITS = 3


def rounded(value: float, half_width: float | None) -> str:
    """`value` with the digits its half-width allows; three significant digits if it has none.

    The Particle Data Group's rule (pdg.lbl.gov, Review, Introduction, 5.3 Rounding): an error that
    starts with 100 to 354 keeps two digits, any other one; the value stops at the same place.
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if half_width:
        magnitude = math.floor(math.log10(half_width))
        decimals = -magnitude + (half_width / 10**magnitude < 3.55)
    else:
        decimals = _PLAIN_DIGITS - 1 - math.floor(math.log10(abs(value)))
    # From one to six significant digits, however wide or narrow the interval is.
    first = -math.floor(math.log10(abs(value)))
    decimals = min(max(decimals, first), first + 5)
    return f"{round(value, decimals):.{max(decimals, 0)}f}"


def percent(fraction: float) -> str:
    """A fraction as percent with two significant digits below ten, none after the point above."""
    value = 100 * fraction
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"


def count(value: int, noun: str) -> str:
    """`1 call`, `100 calls`."""
    return f"{value} {noun}{'' if value == 1 else 's'}"
