"""Cells as they stand in files: numbers with the digits they were printed with, units, words."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from orchestrator.audit.recognising import units
from orchestrator.audit.recognising.units import Unit

_MISSING = frozenset(("", "-", "—", "n/a", "na", "none", "null", "[n/a]", "skip", "skipped", "oom"))
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "infinity": math.inf, "+inf": math.inf}
_NOT_FINITE |= {f"-{word}": -math.inf for word in ("inf", "infinity")} | {"-nan": math.nan}
_NUMBER = re.compile(
    r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d{1,3})?)\s*([a-zµμ%×/]{0,12})",
    re.IGNORECASE,
)
_TRUE, _FALSE = frozenset(("true", "yes", "1")), frozenset(("false", "no", "0"))
# Numbers of more characters are none that anybody wrote.
_LONGEST = 60
_WHOLE = 0.1


@dataclass(frozen=True)
class Number:
    """A number of a file. half: half a unit of its last digit. unit: where one stands behind it."""

    value: float
    half: float = 0.0
    unit: Unit | None = None

    @property
    def slack(self) -> float:
        """Half a unit of its last digit, of the value."""
        return abs(self.half / self.value) if self.value and math.isfinite(self.value) else 0.0


Cell = Number | str | bool | None


def cell(text: str) -> Cell:
    """What a cell of a table says: a number, with a unit or without, else its words."""
    word = text.strip()
    if word.lower() in _MISSING:
        return None
    return number(word) or word


def number(text: str) -> Number | None:
    """The number that a text is, NaN and infinities included; None for any other text."""
    word = text.strip()
    if word.lower() in _NOT_FINITE:
        return Number(_NOT_FINITE[word.lower()])
    found = _NUMBER.fullmatch(word) if len(word) <= _LONGEST else None
    if found is None or not any(character.isdigit() for character in found[1]):
        return None
    unit = units.of(found[2]) if found[2] else None
    if found[2] and unit is None:
        return None
    try:
        value = float(found[1].replace(",", ""))
    except ValueError:
        return None
    return Number(value, _half(found[1]), unit)


def _half(digits: str) -> float:
    """Half a unit of the last digit printed; 0 for `1e-05`, by which programs print all of it."""
    mantissa, _, exponent = digits.lower().partition("e")
    if exponent and "." not in mantissa:
        return 0.0
    decimals = len(mantissa.partition(".")[2])
    power = int(exponent or 0) - decimals
    half = 0.5 * 10.0**power if -300 < power < 300 else 0.0
    # A whole number of one digit is meant as it stands more often than it was rounded.
    return half if decimals else min(half, _WHOLE * abs(float(digits.replace(",", ""))))


def truth(value: Cell) -> bool | None:
    """Yes or no, however it is written; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Number):
        return bool(value.value) if value.value in (0, 1) else None
    word = (value or "").strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None
