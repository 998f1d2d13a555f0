"""Tables in text: CSV with any usual separator, tabs, and Markdown's with bars."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from orchestrator.audit.recognising import axes, keys, units
from orchestrator.audit.recognising.cells import Cell, Number, cell
from orchestrator.audit.recognising.rows import Entry
from orchestrator.errors import UsageError

MOST_ROWS = 50_000
_HEADER_WITHIN = 50
_SEPARATORS = ",;\t|"
_REMARK = re.compile(r"#\s*([A-Za-z][\w .]{0,40}?)\s*[:=]\s*(.+)")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_RULE = re.compile(r":?-{2,}:?")


@dataclass(frozen=True)
class Table:
    """entries, and in words what was not read."""

    entries: tuple[Entry, ...]
    skipped: tuple[str, ...]


Line = tuple[int, list[str]]


def parse(name: str, text: str) -> Table:
    """Read a table. UsageError: it holds none, or more rows than are read."""
    tried = [(_score(list(islice(_lines(name, text, m), _HEADER_WITHIN))), m) for m in _SEPARATORS]
    score, mark = max(tried, key=lambda one: one[0])
    if score[0] == 0 and score[1] < 2:
        raise UsageError(
            f"{name}: no table in it: no line is a header of two columns or more",
            hint="Name a file of results: CSV, JSON, JSON lines, or the folder of a run.",
        )
    at, lines = score[2], list(islice(_lines(name, text, mark), _HEADER_WITHIN + MOST_ROWS + 2))
    header = [one.strip() for one in lines[at][1]]
    body = lines[at + 1 :]
    if body and _are_units(body[0][1]):
        pairs = zip(header, body[0][1] + [""] * len(header), strict=False)
        header = [f"{key} ({unit.strip()})" if unit.strip() else key for key, unit in pairs]
        body = body[1:]
    if len(body) > MOST_ROWS:
        raise UsageError(
            f"{name}: more than {MOST_ROWS} rows; so many are not read", hint="Give a part of it."
        )
    return _table(header, body, _remarks(text), mark == ";")


def _lines(name: str, text: str, mark: str) -> Iterator[Line]:
    reader = csv.reader((_bare(line, mark) for line in text.split("\n")), delimiter=mark)
    try:
        for cells in reader:
            if not cells or all(not one.strip() for one in cells):
                continue
            if cells[0].lstrip().startswith("#") or _is_rule(cells):
                continue
            yield reader.line_num, cells
    except csv.Error as exc:
        raise UsageError(
            f"{name}: line {reader.line_num}: no row of a table: {exc}",
            hint="Look at that line: a quote may be open.",
        ) from None


def _bare(line: str, mark: str) -> str:
    """A row of Markdown without its outer bars."""
    line = line.rstrip("\r")
    return line.strip().strip("|") if mark == "|" else line


def _is_rule(cells: Sequence[str]) -> bool:
    return all(_RULE.fullmatch(one.strip()) for one in cells)


def _score(lines: list[Line]) -> tuple[int, int, int]:
    """How many keys the best header has that are known, its columns, and where it stands."""
    best = (0, 0, 0)
    for at, (_, cells) in enumerate(lines):
        known = sum(_is_known(one) for one in cells)
        if (known, len(cells)) > best[:2]:
            best = (known, len(cells), at)
    return best


def _is_known(key: str) -> bool:
    if not re.search(r"[A-Za-z%]", key) or isinstance(cell(key), Number):
        return False
    return keys.meaning(key) is not None or axes.symbol(key) is not None


def _are_units(cells: Sequence[str]) -> bool:
    said = [one.strip(" ()[]") for one in cells if one.strip()]
    return bool(said) and all(units.of(one) is not None for one in said)


def _remarks(text: str) -> dict[str, Cell]:
    """What lines that begin with # tell of the whole: `# GPU: NVIDIA L4`."""
    found: dict[str, Cell] = {}
    for line in text.split("\n")[:_HEADER_WITHIN]:
        if match := _REMARK.match(line.strip()):
            found.setdefault(match[1], cell(match[2][:200]))
    return found


def _table(header: list[str], body: list[Line], of_all: dict[str, Cell], comma: bool) -> Table:
    counted = Counter(header)
    twice = sorted(key for key, count in counted.items() if count > 1 and key)
    skipped = [f"the column {key!r}, which is there {counted[key]} times" for key in twice]
    ragged = [number for number, cells in body if len(cells) != len(header)]
    if ragged:
        lines = ", ".join(map(str, ragged[:5])) + (", …" if len(ragged) > 5 else "")
        skipped.append(f"lines that have not {len(header)} cells as the header has: {lines}")
    entries = []
    for number, cells in body:
        if len(cells) != len(header):
            continue
        named = {
            key: cell(_point(one) if comma else one)
            for key, one in zip(header, cells, strict=True)
            if key and counted[key] == 1
        }
        entries.append(Entry(f"line {number}", {**of_all, **named}))
    return Table(tuple(entries), tuple(skipped))


def _point(text: str) -> str:
    """A number with a decimal comma, as where `;` separates."""
    word = text.strip()
    return word.replace(",", ".") if _DECIMAL_COMMA.fullmatch(word) else text
