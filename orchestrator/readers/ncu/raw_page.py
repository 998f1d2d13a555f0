"""`ncu --csv --page raw`: one record per launch, one column per metric, units in the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from orchestrator.errors import UsageError
from orchestrator.readers.ncu import identity
from orchestrator.readers.ncu.capture import KernelCapture, Measurement
from orchestrator.readers.ncu.number import decimal_mark, measurement
from orchestrator.readers.ncu.quantities.unit import base
from orchestrator.readers.ncu.text_table import INDEX_COLUMNS, Row, Table
from orchestrator.values.progress import Progress, Silence

_COLUMNS_PER_STEP = 16
_FEW = 20


def captures(table: Table, progress: Progress | None = None) -> tuple[KernelCapture, ...]:
    """The launches of a raw page, in its order.

    Raises UsageError without a row of units, or when a column or launch stands there twice with
    different values.
    """
    if not table.rows:
        return ()
    units, rows = table.rows[0], table.rows[1:]
    # ncu names no launch in the row of units; without it no number here would have a meaning.
    if table.column("ID") is None or units.cells[table.header.index("ID")]:
        raise UsageError(f"{identity.place(units)}: expected the row of units under the header")
    launches = [identity.launch(table, row, 0) for row in rows]
    twice = [one for one, count in Counter(one.id for one in launches).items() if count > 1]
    if twice:
        raise UsageError(f"the table at line {units.line}: launch {twice[0]} stands there twice")
    metrics = _metrics(table, units, rows, progress or Silence())
    return tuple(
        replace(launch, metrics=MappingProxyType(held))
        for launch, held in zip(launches, metrics, strict=True)
    )


def _metrics(
    table: Table, units: Row, rows: Sequence[Row], progress: Progress
) -> list[dict[str, Measurement]]:
    """The metrics of each launch. Column by column, as most cells of one say the same."""
    skipped = {*identity.COLUMNS, *INDEX_COLUMNS}
    columns = [i for i, name in enumerate(table.header) if name not in skipped]
    by_column = list(zip(*(row.cells for row in rows), strict=True))
    lines = [row.line for row in rows]
    # Of each cell of a column the first line that has it.
    seen = {i: dict(zip(by_column[i][::-1], lines[::-1], strict=True)) for i in columns if rows}
    cells = ((cell.strip(), units.cells[i].strip()) for i, own in seen.items() for cell in own)
    mark = decimal_mark(cells, f"the table at line {units.line}")
    found: dict[str, list[Measurement]] = {}
    for number, (i, own) in enumerate(seen.items()):
        if number % _COLUMNS_PER_STEP == 0:
            progress.step("counters", number, len(columns))
        name, unit = table.header[i], units.cells[i].strip()
        known = _read(own, unit, mark, name)
        values = [known[cell] for cell in by_column[i]]
        if found.setdefault(name, values) != values:
            both = zip(values, found[name], lines, strict=True)
            line = next(line for one, other, line in both if one != other)
            raise UsageError(
                f"line {line}, {name}: the column stands there twice, with different values"
            )
    progress.step("counters", len(columns), len(columns))
    if not found:
        return [{} for _ in rows]
    return [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]


def _read(cells: dict[str, int], unit: str, mark: str, name: str) -> dict[str, Measurement]:
    """The distinct cells of a column as measurements; cells: with the line of each."""
    kept, factor = base(unit) or (unit, 1)
    found = {}
    for cell, line in cells.items():
        value = _plain(cell, mark)
        found[cell] = (
            measurement(cell, unit, mark, f"line {line}, {name}")
            if value is None
            else Measurement(value * factor, kept)
        )
    return found


def _plain(cell: str, mark: str) -> float | int | None:
    """The number in a cell of few digits and at most a point, which most are: a short way only,
    as `measurement` says the same of them.
    """
    if len(cell) > _FEW or not cell.isascii():
        return None
    if cell.isdigit():
        return int(cell)
    whole, _, fraction = cell.partition(".")
    return float(cell) if mark == "." and whole.isdigit() and fraction.isdigit() else None
