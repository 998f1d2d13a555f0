"""`ncu --csv --page raw`: one record per launch, one column per metric, units in the first."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from orchestrator.errors import UsageError
from orchestrator.ncu import identity
from orchestrator.ncu.capture import KernelCapture, Measurement
from orchestrator.ncu.number import decimal_mark, measurement
from orchestrator.ncu.text_table import Row, Table


def captures(table: Table) -> tuple[KernelCapture, ...]:
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
    columns = [i for i, name in enumerate(table.header) if name not in identity.COLUMNS]
    cells = ((row.cells[i].strip(), units.cells[i].strip()) for row in rows for i in columns)
    mark = decimal_mark(cells, f"the table at line {units.line}")
    read = tuple(_launch(table, units, row, columns, mark) for row in rows)
    ids = [capture.id for capture in read]
    if len(set(ids)) != len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise UsageError(f"the table at line {units.line}: launch {twice} stands there twice")
    return read


def _launch(table: Table, units: Row, row: Row, columns: list[int], mark: str) -> KernelCapture:
    metrics: dict[str, Measurement] = {}
    for i in columns:
        name = table.header[i]
        where = f"{identity.place(row)}, {name}"
        read = measurement(row.cells[i], units.cells[i].strip(), mark, where)
        if metrics.setdefault(name, read) != read:
            raise UsageError(f"{where}: the column stands there twice, with different values")
    return replace(identity.launch(table, row, 0), metrics=MappingProxyType(metrics))
