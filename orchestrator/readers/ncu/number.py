"""Numbers as Nsight Compute prints them, in whatever locale it ran.

Only LC_ALL=C is unambiguous: `1,234` is one thousand or one and a bit. What a table writes
elsewhere often decides it (`54,207,744`, `100.39`, `5,40`); where nothing does, we refuse. Blanks
that do not break, apostrophes and underscores only ever stand between thousands (CLDR's group
marks of French, Swiss and Nordic locales).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from orchestrator.errors import UsageError
from orchestrator.readers.ncu.capture import KernelCapture, Measurement
from orchestrator.readers.ncu.quantities.unit import base

_SIGN = r"[-+\u2212]?"
_THOUSANDS = "'\u2019\u02bc_\u00a0\u2007\u2009\u202f"
_EXPONENT = r"(?:[eE][-+]?\d{1,3})?"
_WHOLE = re.compile(rf"{_SIGN}\d{{1,39}}{_EXPONENT}\Z", re.A)
_LONG = re.compile(rf"{_SIGN}\d{{4,39}}\Z", re.A)
_EITHER = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}([.,])\d{{3}}\Z", re.A)
_MARKED = re.compile(
    rf"{_SIGN}(?:"
    rf"(?P<plain>\d{{1,39}}(?P<point>[.,])\d{{1,39}})"
    rf"|(?P<grouped>[1-9]\d{{0,2}}(?:(?P<group>[.,])\d{{3}})(?:(?P=group)\d{{3}}){{0,12}})"
    rf"(?P<fraction>(?P<after>[.,])\d{{1,39}})?"
    rf"){_EXPONENT}\Z",
    re.A,
)
_CLEAR = re.compile(
    rf"{_SIGN}[1-9]\d{{0,2}}(?P<group>[{_THOUSANDS}])\d{{3}}(?:(?P=group)\d{{3}}){{0,12}}"
    rf"(?:(?P<point>[.,])\d{{1,39}})?{_EXPONENT}\Z",
    re.A,
)
_PLAIN = str.maketrans("\u2212", "-", _THOUSANDS)
_NOTHING = re.compile(r"(?:n/a|no data|none|[-+]?nan(?:\(\w+\))?|[-+]?inf(?:inity)?)?\Z", re.I)
_ERROR_MARK = "(!)"
_ADVICE = "Print it again in one notation: LC_ALL=C ncu --import FILE --csv --page raw"


def decimal_mark(cells: Iterable[tuple[str, str]], where: str) -> str:
    """Which of `.` and `,` starts a fraction in these (cell, unit); empty if nothing tells.

    A comma in a cell without unit may stand in a list (`0,1`), so it gives way to any point.
    Raises UsageError when cells contradict each other: two locales in one table.
    """
    proofs: dict[str, str] = {}
    is_ungrouped = has_riddle = False
    weak = ""
    for given, stated in cells:
        cell, unit = _without_percent(given, stated)
        mark = _proof(cell)
        if mark == "," and not unit:
            weak = mark
        elif mark:
            proofs.setdefault(mark, cell)
        elif either := _EITHER.match(cell):
            has_riddle |= either[1] == ","
        else:
            is_ungrouped |= bool(_LONG.match(cell))
    if len(proofs) > 1:
        raise UsageError(
            f"{where}: numbers in two notations, {proofs['.']!r} and {proofs[',']!r}", hint=_ADVICE
        )
    # Long whole numbers without separators: nothing is grouped here, so a point is no group mark.
    return next(iter(proofs), weak or ("." if is_ungrouped and not has_riddle else ""))


def _proof(cell: str) -> str:
    """The decimal mark that this cell alone proves, else empty."""
    if clear := _CLEAR.match(cell):
        return clear["point"] or ""
    found = _MARKED.match(cell)
    if found is None or _EITHER.match(cell):
        return ""
    if found["plain"]:
        return found["point"]
    if found["fraction"]:
        return "" if found["after"] == found["group"] else found["after"]
    # Only commas prove a grouping: 580.126.009 may be a version.
    return "." if found["group"] == "," else ""


def number(cell: str, mark: str, where: str) -> float | int | None:
    """The number in a cell, None if it holds none. UsageError if it could be two numbers."""
    if _WHOLE.match(cell):
        return _finite(cell)
    if clear := _CLEAR.match(cell):
        at_odds = clear["point"] and mark and clear["point"] != mark
        return None if at_odds else _finite(cell.replace(clear["point"] or ".", "."))
    found = _MARKED.match(cell)
    if found is None:
        return None
    either = _EITHER.match(cell)
    if either and not mark:
        raise UsageError(
            f"{where}: {cell!r} is one number with a decimal point and another with thousands "
            "separators, and nothing in the table says which",
            hint=_ADVICE,
        )
    if not mark:
        return None
    other = "," if mark == "." else "."
    if found["plain"] and found["point"] == mark:
        return _finite(cell.replace(mark, "."))
    if (either and either[1] == other) or (
        found["grouped"] and found["group"] == other and found["after"] in (None, mark)
    ):
        return _finite(cell.replace(other, "").replace(mark, "."))
    return None


def _without_percent(cell: str, unit: str) -> tuple[str, str]:
    """`61.20 %` as `61.20` in %, unless the table says that it is in something else."""
    if not cell.endswith("%") or unit not in ("", "%"):
        return cell, unit
    return cell[:-1].rstrip(), "%"


def _finite(text: str) -> float | int | None:
    text = text.translate(_PLAIN)
    if text.lstrip("+-").isdigit():
        return int(text)
    value = float(text)
    return value if math.isfinite(value) else None


def measurement(cell: str, unit: str, mark: str, where: str) -> Measurement:
    """A cell as a Measurement in our unit; an unknown unit stays as it is, with its number.

    A text without a unit is a text metric; a text with a unit is a missing number, if `is_nothing`
    knows it as a word for that, or else a number that we do not understand: it keeps its own unit.
    """
    said = cell.strip()
    text, stated = _without_percent(said, unit)
    known = base(stated)
    kept, factor = known or (stated, 1)
    value = number(text, mark, where)
    # What is finite in seconds may not be in nanoseconds.
    if value is not None and math.isfinite(value * factor):
        return Measurement(value * factor, kept)
    if is_nothing(said):
        return Measurement(None, kept, said)
    return Measurement(None, unit, said) if unit else Measurement(said, "")


def is_nothing(text: str) -> bool:
    """Whether this is one of ncu's words for "no number", rather than something we cannot read."""
    return text.startswith(_ERROR_MARK) or bool(_NOTHING.match(text))


def unknown_units(kernels: Iterable[KernelCapture]) -> tuple[str, ...]:
    """Units in these captures that the table of units does not know."""
    units = {one.unit for kernel in kernels for one in kernel.metrics.values()}
    return tuple(sorted(unit for unit in units if base(unit) is None))
