"""The rows of a comparison, the worst first; what is the same in all of them is told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.performance.verdict import Verdict
from orchestrator.report.comparing.alike import device_of
from orchestrator.report.comparing.comparison import Comparison, Row
from orchestrator.report.first.cases import axes_of
from orchestrator.report.view.tables import NO_TABLE, Cell, Table
from orchestrator.report.wording import format as fmt

_WORST_FIRST = (Verdict.SLOWER, Verdict.INCONCLUSIVE, Verdict.SAME, Verdict.FASTER)
_FIGURES = ("Before, µs", "After, µs", "Gain on the baseline", "Verdict")
_NAMELESS = "Every row"


@dataclass(frozen=True)
class RowsView:
    """heading: what is the same in all rows, and the machine. table: every row, the worst first."""

    heading: str
    table: Table


def rows_view(found: Comparison) -> RowsView:
    """All rows, in the order in which they are worth reading."""
    rows = worst_first(found.rows)
    if not rows:
        return RowsView("", NO_TABLE)
    axes = axes_of([row.case for row in rows])
    columns = (
        ("Provider", tuple(row.provider for row in rows)),
        *(
            ("=".join(group), tuple(axes.values(row.case)[at] for row in rows))
            for at, group in enumerate(axes.varying)
        ),
        ("Method", tuple(row.method.value for row in rows)),
    )
    same = {name: column[0] for name, column in columns if len(set(column)) == 1}
    telling = [(name, column) for name, column in columns if name not in same]
    header = (*(name for name, _ in telling), *_FIGURES)
    cells = (
        (*(column[at] for _, column in telling), *_figures(row)) for at, row in enumerate(rows)
    )
    told = (same.get("Provider", ""), axes.constant, same.get("Method", ""))
    named = ", ".join(filter(None, told)) or _NAMELESS
    return RowsView(f"{named}{_device(found)}", Table(header, tuple(cells)))


def worst_first(rows: Sequence[Row]) -> tuple[Row, ...]:
    """SLOWER, the most first; then what is open, then the rest. Of equals the first stays first."""
    return tuple(sorted(rows, key=_badness))


def _badness(row: Row) -> tuple[int, bool, float]:
    speedup = row.found.judged.speedup
    return _WORST_FIRST.index(row.verdict), row.by_graph, speedup.median if speedup.n else 0.0


def _figures(row: Row) -> tuple[str, ...]:
    speedup = row.found.judged.speedup
    return (
        Cell(fmt.with_interval(row.before), row.before.median_us),
        Cell(fmt.with_interval(row.after), row.after.median_us),
        Cell(fmt.times(speedup), speedup.median) if speedup.n else fmt.NONE,
        row.verdict.value,
    )


def _device(found: Comparison) -> str:
    result = found.after.result
    return f", on {device_of(result)}" if result else ""
