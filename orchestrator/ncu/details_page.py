"""`ncu --csv` by itself, with --metrics or with --print-summary: one record per metric or rule."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from orchestrator.errors import UsageError
from orchestrator.ncu import identity
from orchestrator.ncu.capture import KernelCapture, Measurement, Rule
from orchestrator.ncu.metrics import by_label
from orchestrator.ncu.number import decimal_mark, measurement
from orchestrator.ncu.text_table import Row, Table

_METRIC = re.compile(r"\w+__[\w.]+\Z", re.A)


@dataclass
class _Open:
    """A launch whose records are still coming in."""

    launch: KernelCapture
    metrics: dict[str, Measurement] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)


def captures(table: Table) -> tuple[KernelCapture, ...]:
    """The launches of a details page; of a summary, one for all launches that it puts together.

    A label that we know goes by its metric's name, any other by `Section: Label`. UsageError when
    one metric stands there twice with different values.
    """
    value = table.column("Metric Value")
    if value is None:
        value = table.column("Average")
    unit = table.column("Metric Unit")
    if value is None or unit is None:
        raise UsageError(
            "this table has neither values (Metric Value) nor averages (Average) with units",
            hint="Print the raw page: ncu --import FILE --csv --page raw",
        )
    cells = ((row.cells[value].strip(), row.cells[unit].strip()) for row in table.rows)
    mark = decimal_mark(cells, "the details page")
    found: dict[tuple[str, ...], _Open] = {}
    for row in table.rows:
        key = tuple(row.cells[i] for i, name in enumerate(table.header) if _names_launch(name))
        if key not in found:
            found[key] = _Open(identity.launch(table, row, len(found)))
        _add(found[key], table, row, value, mark)
    return tuple(
        replace(one.launch, metrics=MappingProxyType(one.metrics), rules=tuple(one.rules))
        for one in found.values()
    )


def _names_launch(column: str) -> bool:
    return column in identity.COLUMNS


def _add(into: _Open, table: Table, row: Row, value: int, mark: str) -> None:
    def cell(name: str) -> str:
        place = table.column(name)
        return row.cells[place].strip() if place is not None else ""

    if rule := cell("Rule Name"):
        estimate = f"{cell('Estimated Speedup')} % {cell('Estimated Speedup Type')}".strip()
        speedup = estimate if cell("Estimated Speedup") else ""
        into.rules.append(Rule(rule, cell("Section Name"), cell("Rule Description"), speedup))
        return
    label = cell("Metric Name")
    if not label:
        return
    where = f"{identity.place(row)}, {label}"
    read = measurement(row.cells[value], cell("Metric Unit"), mark, where)
    name = _metric(cell("Section Name"), label, read.unit)
    if not _METRIC.match(name):
        name = _numbered(into.metrics, name, read)
    if into.metrics.setdefault(name, read) != read:
        raise UsageError(f"{where}: the metric stands there twice, with different values")


def _metric(section: str, label: str, unit: str) -> str:
    if _METRIC.match(label):
        return label
    return by_label(section, label, unit) or f"{section}: {label}"


def _numbered(have: dict[str, Measurement], label: str, read: Measurement) -> str:
    """The label, with a number where it stands for another metric too: a section may print so."""
    count, name = 1, label
    while have.get(name, read) != read:
        count += 1
        name = f"{label} ({count})"
    return name
