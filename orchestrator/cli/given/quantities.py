"""Numbers as options take them: plain, finite, and no larger than anything can use.

Python itself reads underscores, the digits of every script, nan, infinity, and refuses digits
without end; click passes all of that on.
"""

from __future__ import annotations

import re
from typing import Any

import click

# Sizes and counts are 32-bit integers in kernels, and times are waited for: a year is for ever.
MOST, YEAR_S = 2**31 - 1, 366 * 86400.0
_DURATION = re.compile(r"\d{1,20}(\.\d{0,20})?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_SHOWN_CHARACTERS = 40


class Whole(click.ParamType["int"]):
    """A whole number from least to most, in plain digits: no sign, no underscore."""

    def __init__(self, least: int = 1, most: int = MOST) -> None:
        self._least, self._most = least, most
        self.name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = value if isinstance(value, int) else _whole(str(value).strip())
        if number is None or not self._least <= number <= self._most:
            expected = f"expected a whole number from {self._least} to {self._most}"
            self.fail(f"{shortened(value)} is not allowed; {expected}", param, ctx)
        return number


class Duration(click.ParamType["float"]):
    """A length of time, from least to most of its unit, such as 90 or 1.5; least_open: more."""

    name = "SECONDS"
    _FORMS = "such as 90 or 1.5"

    def __init__(self, least: float, most: float = YEAR_S, least_open: bool = False) -> None:
        self._least, self._most, self._least_open = least, most, least_open

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        text = str(value).strip()
        # Shorter than any Python int that it refuses to read; 1e400 is too much, not infinity.
        length = float(text) if _DURATION.fullmatch(text) else -1.0
        if not self._least <= length <= self._most or (self._least_open and length == self._least):
            low = f"more than {self._least:g}" if self._least_open else f"{self._least:g}"
            expected = f"expected {low} to {self._most:.0f}, {self._FORMS}"
            self.fail(f"{shortened(value)} is no length of time; {expected}", param, ctx)
        return length


class Length(Duration):
    """A length of time in seconds, or with its unit behind it: 90, 90s, 5m, 1.5h."""

    name = "TIME"
    _FORMS = "in seconds, or with its unit, such as 90s, 5m or 1.5h"
    _UNITS = (("s", 1.0), ("m", 60.0), ("h", 3600.0))

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        text = str(value).strip()
        for unit, seconds in self._UNITS:
            number = text.removesuffix(unit).rstrip()
            if number != text and _DURATION.fullmatch(number):
                # Checked as what it is in seconds.
                return super().convert(f"{float(number) * seconds:.12g}", param, ctx)
        return super().convert(value, param, ctx)


class Percent(click.ParamType["float"]):
    """A share from least to most percent, such as 1% or 0.5; given as a fraction."""

    name = "PERCENT"

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        text = str(value).strip().removesuffix("%").rstrip()
        share = float(text) if _DURATION.fullmatch(text) else -1.0
        if not self._least <= share <= self._most:
            expected = f"expected {self._least:g}% to {self._most:g}%, such as 1% or 0.5%"
            self.fail(f"{shortened(value)} is not allowed; {expected}", param, ctx)
        return share / 100


def shortened(value: object) -> str:
    """What was typed, as far as it helps to see it again."""
    text = str(value)
    if len(text) <= _SHOWN_CHARACTERS:
        return text if text.isprintable() and text.strip() else repr(text)
    return f"{text[:_SHOWN_CHARACTERS]!r}… ({len(text)} characters)"


def _whole(text: str) -> int | None:
    """Plain digits as a number, of any size; None for anything else."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= len(str(MOST)) else MOST + 1
