"""Find the CSV tables of `ncu --csv` in a stream that programs and ncu itself also wrote to."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

from orchestrator.errors import UsageError

_HEADER = re.compile(r'"(?:ID|Process ID)","')
_ROW = re.compile(r'"\d*","')
# A rule's description may hold line breaks; a record that needs more lines was cut off.
_LINES_PER_RECORD = 50


@dataclass(frozen=True)
class Row:
    """One record; line is where it starts in the file, from 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A header and the records under it, each filled up to the header's length."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]

    def column(self, name: str) -> int | None:
        """The place of the column, None if there is none."""
        return self.header.index(name) if name in self.header else None

    @property
    def is_raw(self) -> bool:
        """One record per launch and one column per metric, rather than one record per metric."""
        return "Metric Name" not in self.header


def decode(data: bytes) -> str:
    """The text of a log or CSV file: UTF-8, or UTF-16 as PowerShell redirects it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def tables(text: str) -> tuple[Table, ...]:
    """All tables in `text`, in order; none when ncu printed no header.

    Lines that are no records (==PROF== lines, program output) are passed over. Raises UsageError
    for a record that was cut off: a short row would lose numbers silently.
    """
    lines = [line.removesuffix("\r") for line in text.replace("\0", "\ufffd").split("\n")]
    found: list[tuple[tuple[str, ...], list[Row]]] = []
    number = 0
    while number < len(lines):
        header = _header(lines[number])
        if header:
            found.append((header, []))
        elif found and (record := _record(lines, number, found[-1][0])):
            row, taken = record
            found[-1][1].append(row)
            number += taken - 1
        number += 1
    return tuple(Table(header, tuple(rows)) for header, rows in found)


def _header(line: str) -> tuple[str, ...] | None:
    # A program that ends without a line break leaves its last words before the header.
    start = _HEADER.search(line)
    cells = _cells(line[start.start() :]) if start else None
    return cells if cells and "Kernel Name" in cells else None


def _record(lines: list[str], number: int, header: tuple[str, ...]) -> tuple[Row, int] | None:
    start = _ROW.search(lines[number])
    if start is None:
        return None
    text, taken = lines[number][start.start() :], 1
    while text.count('"') % 2 and taken < _LINES_PER_RECORD and number + taken < len(lines):
        if lines[number + taken].startswith("==") or _ROW.match(lines[number + taken]):
            break
        text += "\n" + lines[number + taken]
        taken += 1
    cells = _cells(text)
    if cells and _fits(cells, header):
        return Row(number + 1, (*cells, *[""] * (len(header) - len(cells)))), taken
    if start.start() == 0:
        raise UsageError(
            f"line {number + 1}: a record of the table is cut off or damaged "
            f"({len(cells) if cells else 'no'} complete fields, expected {len(header)})",
            hint="The file is incomplete: copy it again, or print it again from the .ncu-rep.",
        )
    return None


def _fits(cells: tuple[str, ...], header: tuple[str, ...]) -> bool:
    """Rows may be ragged, but only after the values: ncu leaves the columns of rules out."""
    values = max((header.index(n) for n in ("Metric Value", "Average") if n in header), default=0)
    least = values + 1 if values else len(header)
    return least <= len(cells) and not any(cells[len(header) :])


def _cells(text: str) -> tuple[str, ...] | None:
    """The fields of one record, None if it is not well formed."""
    if text.count('"') % 2:
        return None
    try:
        records = list(csv.reader([text], strict=True))
    except csv.Error:
        return None
    return tuple(records[0]) if len(records) == 1 else None
