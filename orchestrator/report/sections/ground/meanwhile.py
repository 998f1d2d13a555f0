"""What the machine did during the races."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from orchestrator.report.section import Section
from orchestrator.report.view.sections import MeanwhileView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.result import Result
from remote_payload.contract.watched import Span, Watched

# With more races than this, a row for each method has to do.
_MOST_ROWS = 12
_NONE_HELD = "none"
Cell = Callable[[Sequence[Watched]], str]


def meanwhile(result: Result | None) -> tuple[MeanwhileView, ...]:
    """One view; none where nobody watched."""
    if result is None or not result.watched:
        return ()
    races = result.watched
    groups: list[tuple[str, Sequence[Watched]]] = [(one.case.label, (one,)) for one in races]
    if len(races) > _MOST_ROWS:
        methods = dict.fromkeys(one.method for one in races)
        taken = [tuple(one for one in races if one.method is method) for method in methods]
        groups = [(fmt.count(len(each), "case"), each) for each in taken]
    rows = [(what, each[0].method.value, *_cells(each)) for what, each in groups]
    told = [n for n in range(len(rows[0])) if any(row[n] != fmt.NONE for row in rows)]
    header = ("Case", "Method", *(name for name, _ in _COLUMNS))
    table = Table(
        tuple(header[n] for n in told), tuple(tuple(row[n] for n in told) for row in rows)
    )
    return (MeanwhileView(_headline(races), table),)


def _headline(races: Sequence[Watched]) -> str:
    by = ", ".join(dict.fromkeys(name for one in races for name in one.by.split(", ")))
    cost = max((one.cost for one in races if one.cost is not None), default=None)
    took = "" if cost is None else f"; looking took {fmt.percent(cost)} of one CPU"
    return (
        f"Seen by {by} while times were taken{took}. A middle value, and in brackets the least and "
        "the most, but for the outermost twentieth; loads are means over a second."
    )


def _cells(races: Sequence[Watched]) -> tuple[str, ...]:
    return tuple(cell(races) for _, cell in _COLUMNS)


def _spread(unit: str, of: Callable[[Watched], Span | None], digits: int = 0) -> Cell:
    def cell(races: Sequence[Watched]) -> str:
        spans = [span for one in races if (span := of(one)) is not None]
        if not spans:
            return fmt.NONE
        middle = median(span.median for span in spans)
        low, high = min(span.low for span in spans), max(span.high for span in spans)
        shown = [f"{value:.{digits}f}" for value in (middle, low, high)]
        around = "" if shown[1] == shown[2] else f" ({shown[1]}–{shown[2]})"
        return f"{shown[0]}{around} {unit}".rstrip()

    return cell


def _throttle(races: Sequence[Watched]) -> str:
    told = [one.throttle for one in races if one.throttle is not None]
    if not told:
        return fmt.NONE
    looks: dict[str, int] = {}
    for name, count in (pair for each in told for pair in each):
        looks[name] = looks.get(name, 0) + count
    return ", ".join(f"{name} in {count}" for name, count in looks.items()) or _NONE_HELD


def _company(races: Sequence[Watched]) -> str:
    told = [one.other_processes for one in races if one.other_processes is not None]
    return str(max(told)) if told else fmt.NONE


def _of_cpus(races: Sequence[Watched]) -> str:
    told = [one.cpus for one in races if one.cpus is not None]
    return str(max(told)) if told else fmt.NONE


_COLUMNS: tuple[tuple[str, Cell], ...] = (
    ("Looks", lambda races: str(sum(one.samples for one in races))),
    ("SM clock", _spread("MHz", lambda one: one.sm_clock_mhz)),
    ("Memory clock", _spread("MHz", lambda one: one.memory_clock_mhz)),
    ("Power", _spread("W", lambda one: one.power_w)),
    ("Temperature", _spread("°C", lambda one: one.temperature_c)),
    ("Reasons for its clock", _throttle),
    ("Others on the GPU", _company),
    ("CPUs", _of_cpus),
    ("busy for others", _spread("", lambda one: one.others_load, 1)),
    ("busy for this run", _spread("", lambda one: one.own_load, 1)),
    ("CPU clock", _spread("MHz", lambda one: one.cpu_mhz)),
)


def _summary(view: MeanwhileView) -> str:
    return f"What the machine did during the races: {', '.join(view.table.header[2:])}"


SECTION = Section(130, lambda page: meanwhile(page.result), _summary)
