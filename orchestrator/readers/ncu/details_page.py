"""`ncu` by itself, with --metrics or with --print-summary: one record per metric or rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from orchestrator.errors import UsageError
from orchestrator.readers.ncu import identity
from orchestrator.readers.ncu.capture import Average, KernelCapture, Measurement, Rule
from orchestrator.readers.ncu.number import decimal_mark, measurement
from orchestrator.readers.ncu.quantities.metrics import by_label
from orchestrator.readers.ncu.quantities.unit import base
from orchestrator.readers.ncu.text_table import Row, Table
from orchestrator.values.progress import Progress, Silence

_METRIC = re.compile(r"\w+__[\w.]+\Z", re.A)
_ROWS_PER_STEP = 1_000


@dataclass
class _Open:
    """A launch whose records are still coming in."""

    launch: KernelCapture
    metrics: dict[str, Measurement] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)


@dataclass(frozen=True)
class _Columns:
    """Where the columns stand; mark: what starts a fraction here."""

    value: int
    unit: int
    low: int | None
    high: int | None
    mark: str
    named: dict[str, int]

    def text(self, row: Row, name: str) -> str:
        """The cell of a column that may not be there."""
        place = self.named.get(name)
        return "" if place is None else row.cells[place].strip()


def captures(table: Table, progress: Progress | None = None) -> tuple[KernelCapture, ...]:
    """The launches of a details page; of a summary, one for all launches that it puts together.

    A label that we know goes by its metric's name, any other by `Section: Label`. UsageError when
    one metric stands there twice with different values.
    """
    progress = progress or Silence()
    columns = _columns(table)
    identifying = [i for i, name in enumerate(table.header) if name in identity.COLUMNS]
    found: dict[tuple[str, ...], _Open] = {}
    for number, row in enumerate(table.rows):
        if number % _ROWS_PER_STEP == 0:
            progress.step("counters", number, len(table.rows))
        key = tuple(row.cells[i] for i in identifying)
        if key not in found:
            found[key] = _Open(identity.launch(table, row, len(found)))
        _add(found[key], row, columns)
    progress.step("counters", len(table.rows), len(table.rows))
    return tuple(
        replace(one.launch, metrics=MappingProxyType(one.metrics), rules=tuple(one.rules))
        for one in found.values()
    )


def looks_cut(kernels: tuple[KernelCapture, ...]) -> str:
    """A sentence if the last launch has fewer counters than all others, else empty.

    One command collects the same of every launch, so that a file cut between two records, which
    is well formed, shows in nothing else.
    """
    if len(kernels) < 2:
        return ""
    *others, last = kernels
    fewest = min(len(one.metrics) for one in others)
    names = set().union(*(one.metrics for one in others))
    if len(last.metrics) >= fewest or not names.issuperset(last.metrics):
        return ""
    return (
        f"The last launch has fewer counters ({len(last.metrics)}) than any other ({fewest} or "
        "more): the file may be cut off behind it"
    )


def _columns(table: Table) -> _Columns:
    named = {name: i for i, name in reversed(list(enumerate(table.header)))}
    value, unit = named.get("Metric Value", named.get("Average")), named.get("Metric Unit")
    if value is None or unit is None:
        raise UsageError(
            "this table has neither values (Metric Value) nor averages (Average) with units",
            hint="Print the raw page: ncu --import FILE --csv --page raw",
        )
    is_summary = "Metric Value" not in named
    low, high = (named.get(n) if is_summary else None for n in ("Minimum", "Maximum"))
    places = [i for i in (value, low, high) if i is not None]
    cells = {
        (row.cells[i].strip(), row.cells[unit].strip()): None for row in table.rows for i in places
    }
    return _Columns(value, unit, low, high, decimal_mark(cells, "the details page"), named)


def _add(into: _Open, row: Row, columns: _Columns) -> None:
    if rule := columns.text(row, "Rule Name"):
        into.rules.append(_rule(rule, lambda name: columns.text(row, name)))
        return
    label = columns.text(row, "Metric Name")
    if not label:
        return
    where = f"{identity.place(row)}, {label}"
    unit = row.cells[columns.unit].strip()

    def read(place: int) -> Measurement:
        return measurement(row.cells[place], unit, columns.mark, where)

    found = read(columns.value)
    if columns.low is not None and columns.high is not None:
        low, high = read(columns.low).value, read(columns.high).value
        if isinstance(low, (int, float)) and isinstance(high, (int, float)):
            found = Average(found.value, found.unit, found.said, low, high)
    # A number that is not understood keeps the unit that it stands in, another prefix of ours.
    name = _metric(columns.text(row, "Section Name"), label, (base(found.unit) or (found.unit,))[0])
    if not _METRIC.match(name):
        name = _numbered(into.metrics, name, found)
    if into.metrics.setdefault(name, found) != found:
        raise UsageError(f"{where}: the metric stands there twice, with different values")


def _rule(name: str, cell: Callable[[str], str]) -> Rule:
    estimate = f"{cell('Estimated Speedup')} % {cell('Estimated Speedup Type')}".strip()
    speedup = estimate if cell("Estimated Speedup") else ""
    return Rule(name, cell("Section Name"), cell("Rule Description"), speedup)


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
