"""Tables for spreadsheets: the one place where CSV is written.

A spreadsheet takes a cell that begins with =, +, - or @ for a formula, and a formula can start a
program (https://owasp.org/www-community/attacks/CSV_Injection). It also trims blanks, and finds the
sign behind a quotation mark. Such text gets an apostrophe in front, which says that it is text.
Figures are figures here, not text, and stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

Value = str | int | float | None

# The signs also as they are written in East Asian scripts (U+FF0B …), and the minus sign itself.
_FORMULA = re.compile(
    r"[\t\r\n]|[\s\"'`\u2018\u2019\u201c\u201d]*[=+\-@\u2212\uff0b\uff0d\uff1d\uff20]"
)
_BOTH = "\r\n"


def cell(value: Value) -> Value:
    """What can stand in a spreadsheet: text that would be a formula is text."""
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value


def csv_lines(rows: Iterable[Iterable[Value]]) -> str:
    """CSV (RFC 4180, but for its line ends, which are \\n), without the last line's end. None is an
    empty cell; figures have all their digits."""
    return "\n".join(_line(map(cell, row)) for row in rows)


def _line(cells: Iterable[Value]) -> str:
    """By a writer that ends lines with both signs, as it quotes those that end a line alone."""
    text = io.StringIO()
    csv.writer(text, lineterminator=_BOTH).writerow(cells)
    return text.getvalue().removesuffix(_BOTH)
