"""Find the CSV tables of `ncu --csv` in a stream that programs and ncu itself also wrote to.

ncu quotes every cell. Spreadsheets and data frames save the same table again without quotes, with
semicolons or tabs, and with an index in front: those are read as well.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

from orchestrator.errors import UsageError
from orchestrator.values.progress import Progress, Silence

_DELIMITERS = ",;\t"
_HEADER = re.compile(rf'"(?:ID|Process ID)"([{_DELIMITERS}])(?=")')
_LAUNCH_COLUMNS = {"ID", "Process ID"}
# What is left of a record that was cut in its first cell, with and without quotes.
_REMNANT = re.compile(r'"\d*(?:"(?:[,;\t]"?)?)?\Z')
_BARE_REMNANT = re.compile(r'"?\d+"?\Z')
_NUMBER = r"\d*(?:\.0)?"
# A rule's description may hold line breaks; a record that needs more lines was cut off.
_LINES_PER_RECORD = 50
_LINES_PER_STEP = 2_000
_BEFORE_INDEX = f'{_DELIMITERS}" \ufeff'
INDEX_COLUMNS = ("", "Unnamed: 0")  # what a data frame puts in front
_WHOLE_HINT = "If nothing is missing, put a line break at its end."
CUT_HINT = "The file is incomplete: copy it again, or print it again from the .ncu-rep."


@dataclass(frozen=True)
class Row:
    """One record; line is where it starts in the file, from 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A header and the records under it, each filled up or cut to the header's length: no cell that
    says anything is beyond it.

    doubts: sentences on what may be missing.
    """

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    doubts: tuple[str, ...] = ()

    def column(self, name: str) -> int | None:
        """The place of the column, None if there is none."""
        return self.header.index(name) if name in self.header else None

    @property
    def is_raw(self) -> bool:
        """One record per launch and one column per metric, rather than one record per metric."""
        return "Metric Name" not in self.header


@dataclass
class _Open:
    """A table whose records are still coming in. quoted: every cell of it, as ncu writes it."""

    header: tuple[str, ...]
    delimiter: str
    quoted: bool
    rows: list[Row]
    doubts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.remnant = _REMNANT if self.quoted else _BARE_REMNANT
        self.start = _row_start(self.header, self.delimiter, self.quoted)
        values = [self.header.index(n) for n in ("Metric Value", "Average") if n in self.header]
        # Rows may be ragged, but only after the values: ncu leaves the columns of rules out.
        self.least = max(values) + 1 if values else len(self.header)


def _row_start(header: tuple[str, ...], delimiter: str, quoted: bool) -> re.Pattern[str]:
    """How a record begins: with the number of a launch or process, or none above units."""
    if quoted:
        return re.compile(f'"{_NUMBER}"{delimiter}"')
    if header[0] in _LAUNCH_COLUMNS:
        return re.compile(f'"?{_NUMBER}"?{delimiter}')
    first = f'(?:"(?:[^"]|"")*"|[^"{_DELIMITERS}]*){delimiter}'
    return re.compile(f'{first}"?{_NUMBER}"?{delimiter}' if header[0] in INDEX_COLUMNS else first)


def decode(data: bytes) -> str:
    """The text of a log or CSV file: UTF-8, or UTF-16 as PowerShell redirects it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if data[:2].isascii() and data[1:64:2].count(0) == len(data[1:64:2]) > 0:
        return data.decode("utf-16-le", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def tables(text: str, progress: Progress | None = None) -> tuple[Table, ...]:
    """All tables in `text`, in order; none when ncu printed no header.

    Lines that are no records (==PROF== lines, program output) are passed over. Raises UsageError
    for a record or header that was cut off: a short row would lose numbers silently.
    """
    progress = progress or Silence()
    lines = [line.removesuffix("\r") for line in text.replace("\0", "\ufffd").split("\n")]
    found: list[_Open] = []
    number = 0
    while number < len(lines):
        if number % _LINES_PER_STEP == 0:
            progress.step("lines", number, len(lines))
        if header := _header(lines[number], is_last=number + 1 == len(lines)):
            found.append(header)
        elif found and (record := _record(lines, number, found[-1])):
            row, taken = record
            found[-1].rows.append(row)
            number += taken - 1
        number += 1
    progress.step("lines", len(lines), len(lines))
    return tuple(Table(one.header, tuple(one.rows), one.doubts) for one in found)


def _header(line: str, is_last: bool) -> _Open | None:
    # A program that ends without a line break leaves its last words before the header.
    start = _HEADER.search(line) if 'ID"' in line else None
    if start and not (start.start() and not line[: start.start()].strip(_BEFORE_INDEX)):
        delimiter = start[1]
        cells = _cells(line[start.start() :], delimiter)
        if cells and "Kernel Name" in cells and not is_last:
            return _Open(cells, delimiter, True, [])
        if is_last:
            raise UsageError(
                "the file is cut off inside the header of ncu's table: no launch was read, all "
                "are missing",
                hint=CUT_HINT,
            )
    if "Kernel Name" in line:
        for delimiter in _DELIMITERS:
            cells = _cells(line.lstrip("\ufeff"), delimiter)
            if cells and "Kernel Name" in cells and _LAUNCH_COLUMNS & set(cells):
                return _Open(tuple(cell.strip() for cell in cells), delimiter, False, [])
    return None


def _record(lines: list[str], number: int, table: _Open) -> tuple[Row, int] | None:
    find = table.start.search if table.quoted else table.start.match
    start = find(lines[number])
    if start is None and number + 1 == len(lines) and table.remnant.match(lines[number]):
        raise UsageError(_cut(number + 1, None, table), hint=CUT_HINT)
    if start is None:
        return None
    text, taken = lines[number][start.start() :], 1
    while text.count('"') % 2 and taken < _LINES_PER_RECORD and number + taken < len(lines):
        following = lines[number + taken]
        if following.startswith("==") or (table.quoted and table.start.match(following)):
            break
        text += "\n" + following
        taken += 1
    cells = _cells(text, table.delimiter)
    is_end = number + taken == len(lines)  # no line break stands after it
    if cells and _is_whole(cells, text, table, is_end):
        if is_end:
            table.doubts += (
                f"The file ends in line {number + 1}, without the line break that ncu writes: "
                "what stood below it, if anything did, is missing",
            )
        width = len(table.header)
        return Row(number + 1, (*cells[:width], *[""] * (width - len(cells)))), taken
    if start.start() == 0 and (table.quoted or _looks_cut(cells, table, is_end)):
        hint = f"{CUT_HINT} {_WHOLE_HINT}" if is_end and not table.quoted else CUT_HINT
        raise UsageError(_cut(number + 1, cells, table), hint=hint)
    return None


def _is_whole(cells: tuple[str, ...], text: str, table: _Open, is_end: bool) -> bool:
    """Whether nothing is missing from a record's values."""
    if len(cells) < table.least or any(cells[len(table.header) :]):
        return False
    ends_open = text.endswith(table.delimiter)
    # ncu writes an empty value as "": a bare end behind a comma is where the file was cut.
    if ends_open and len(cells) == table.least and text.count('"') >= 2 * (len(cells) - 1):
        return False
    if not is_end:
        return True
    if ends_open:
        return len(cells) > table.least and not any(cells[table.least :])
    return text.endswith('"') and len(cells) in (table.least, len(table.header))


def _looks_cut(cells: tuple[str, ...] | None, table: _Open, is_end: bool) -> bool:
    """In a table without quotes a program's line may start like a record."""
    return is_end or cells is None or len(cells) > len(table.header) // 2


def _cut(line: int, cells: tuple[str, ...] | None, table: _Open) -> str:
    whole = f"{_fields(cells, len(table.header))}, expected {len(table.header)}"
    read = f"{len(table.rows)} records"
    if "ID" in table.header:
        place = table.header.index("ID")
        launches = len({row.cells[place] for row in table.rows} - {""})
        read += f" of {launches} launch{'es' if launches != 1 else ''}"
    return (
        f"line {line}: a record of the table is cut off or damaged ({whole}); whole above it: "
        f"{read}; missing: this record and what stood below it"
    )


def _fields(cells: tuple[str, ...] | None, expected: int) -> str:
    if not cells:
        return "no complete fields"
    # Where all are there, the record is refused because its last one is in doubt.
    return f"{len(cells) - (len(cells) == expected)} complete fields"


def _cells(text: str, delimiter: str) -> tuple[str, ...] | None:
    """The fields of one record, None if it is not well formed."""
    if text.count('"') % 2:
        return None
    try:
        records = list(csv.reader([text], strict=True, delimiter=delimiter))
    except csv.Error:
        return None
    return tuple(records[0]) if len(records) == 1 else None
