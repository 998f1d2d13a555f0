"""Times by one method, a row for each case; what is the same in all cases stands in the heading."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.performance.objection import Severity
from orchestrator.performance.targets.judging import in_force, weight
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.subject import subjects
from orchestrator.report.view.report import CasesView
from orchestrator.report.view.tables import Cell, Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.case import Case
from remote_payload.contract.words import Method, Status

_WARMTH = {
    Method.BACK_TO_BACK: "warm (back to back)",
    Method.COLD: "cold (cache flushed before each call)",
    Method.GRAPH: "by CUDA graph",
}
# Whose times one row can bear beside the subjects': the baseline, and the fastest of the others.
_MOST_COLUMNS = 4


@dataclass(frozen=True)
class Axes:
    """How cases differ. varying: groups of symbols that have one value in every case, such as
    M, N and K of square products; constant: the rest, as in a label. switches: those that are off
    where a case does not name them."""

    varying: tuple[tuple[str, ...], ...]
    constant: str
    switches: frozenset[str] = frozenset()

    def values(self, case: Case) -> tuple[str, ...]:
        """Where a case stands, in the order of `varying`."""
        told = {name: _word(value) for name, value in case.axes}
        told[_DTYPE] = case.dtype.value
        off = dict.fromkeys(self.switches, "false")
        return tuple((off | told).get(group[0], fmt.NONE) for group in self.varying)


_DTYPE = "dtype"


def axes_of(cases: list[Case]) -> Axes:
    """Of cases of one operator, in their order."""
    names = dict.fromkeys([*(name for case in cases for name, _ in case.axes), _DTYPE])
    columns = {
        name: tuple(
            case.dtype.value if name == _DTYPE else _word(case.get(name, "")) for case in cases
        )
        for name in names
    }
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, column in columns.items():
        if len(set(column)) > 1:
            groups.setdefault(column, []).append(name)
    same = [_constant(name, column[0]) for name, column in columns.items() if len(set(column)) == 1]
    switches = {name for case in cases for name, value in case.axes if isinstance(value, bool)}
    varying = tuple(map(tuple, groups.values()))
    return Axes(varying, " ".join(filter(None, same)), frozenset(switches))


def cases_view(figures: Figures, method: Method) -> CasesView:
    """The table of a method, of all rows that have samples."""
    rows = [row for row in figures.of_method(method) if row.record.samples_us]
    cases = list(dict.fromkeys(row.record.case for row in rows))
    axes = axes_of(cases)
    shown = _columns(rows, figures)
    judged = [name for name in shown if any(r.against for r in rows if r.record.provider == name)]
    # The first is the one that the title speaks of.
    mine = [name for name in subjects(figures.result, judged) if name in judged]
    mine += [name for name in judged if name not in mine]
    names = {axis.symbol: axis.name for axis in figures.result.operator.axes}
    by_case = {(row.record.provider, row.record.case): row for row in rows}
    unit = figures.result.operator.unit
    header = (
        *(_axis(group, names) for group in axes.varying),
        *(f"{name}, {unit}" for name in shown),
        *(_judged(name, mine) for name in mine),
        *_rates(figures, mine),
    )
    cells = tuple(
        (
            *axes.values(case),
            *(_time(by_case.get((name, case)), figures) for name in shown),
            *(_verdict(by_case.get((name, case))) for name in mine),
            *(_rate(by_case.get((mine[0], case)), figures) if mine else ()),
        )
        for case in cases
    )
    heading = f"Times {_WARMTH.get(method, method.value)}: {axes.constant}".rstrip(": ")
    marked = _marked(cases, figures) if len(cases) > 1 else ()
    return CasesView(heading, Table(header, cells, marked), _notes(rows, shown))


def _columns(rows: list[Figure], figures: Figures) -> list[str]:
    """Whose times are shown: the baseline's, the subjects', and the fastest of the others'."""
    result = figures.result
    present = list(dict.fromkeys(row.record.provider for row in rows))
    if len(present) <= _MOST_COLUMNS:
        return present
    total = {
        name: sum(r.summary.median_us for r in rows if r.record.provider == name and r.summary)
        for name in present
    }
    first = [
        name for name in (result.operator.baseline, *subjects(result, present)) if name in present
    ]
    rest = sorted((name for name in present if name not in first), key=lambda name: total[name])
    chosen = [*dict.fromkeys(first), *rest][:_MOST_COLUMNS]
    return [name for name in present if name in chosen]


def _axis(group: tuple[str, ...], names: dict[str, str]) -> str:
    told = names.get(group[0], group[0]) if len(group) == 1 else "=".join(group)
    return told[:1].upper() + told[1:]


def _judged(name: str, mine: list[str]) -> str:
    return "Speed-up" if len(mine) == 1 else f"Speed-up of {name}"


def _rates(figures: Figures, mine: list[str]) -> tuple[str, ...]:
    """Of the one that is judged, where it is one."""
    if not mine:
        return ()
    rate = "TFLOPS" if figures.multiplies else "GB/s"
    of, by = (f" of {mine[0]}", f" by {mine[0]}") if len(mine) > 1 else ("", "")
    known = any(row.roof for row in figures.rows)
    return (f"{rate}{of}", *((f"Of the roof{by}",) if known else ()))


def _time(row: Figure | None, figures: Figures) -> str:
    """A time with half its interval: `2.9522 ±0.1 %`."""
    if row is None:
        return fmt.NONE
    if row.refuted:
        return Severity.ERROR.value
    if row.summary is None:
        return "unusable samples"
    if row.step is not None:
        return fmt.levels(row.step, row.facts.per)
    summary, half = row.summary, row.summary.half_width_us
    told = fmt.microseconds(summary.median_us, summary, row.facts.per)
    spread = "" if half is None else f" ±{_percent(half / summary.median_us)}"
    partial = "" if row.record.status is Status.OK else f", partial: {row.record.status.value}"
    return Cell(f"{told}{spread}{partial}", summary.median_us / row.facts.per)


def _percent(fraction: float) -> str:
    """With one digit that counts; whole ones from one on."""
    value = 100 * fraction
    return f"{value:.0f} %" if value >= 1 else f"{value:.1g} %"


def _verdict(row: Figure | None) -> str:
    """`1.320× FASTER`, and what bears on it."""
    if row is None or row.against is None:
        return fmt.NONE
    ratio = row.against.speedup
    told = fmt.rounded(
        ratio.median, (ratio.high - ratio.low) / 2 if ratio.high and ratio.low else None
    )
    return Cell(f"{told}× {fmt.verdict(row.against, row.host_bound)}", ratio.median)


def _rate(row: Figure | None, figures: Figures) -> tuple[str, ...]:
    known = any(one.roof for one in figures.rows)
    none = (fmt.NONE,) * (1 + known)
    if row is None or row.summary is None or row.step is not None or row.refuted:
        return none
    value = row.tflops if figures.multiplies else row.gbs
    rate = fmt.NONE if value is None else Cell(fmt.scaled(value, row.summary), value)
    if not known:
        return (rate,)
    if row.roof is None:
        return (rate, fmt.NONE)
    share = row.roof.percent(row.summary.median_us)
    return (rate, Cell(f"{fmt.percent(share / 100)} {row.roof.resource.value}", share))


def _marked(cases: list[Case], figures: Figures) -> tuple[int, ...]:
    """The case that the title speaks of."""
    facts = [figures.result.facts(case) for case in cases]
    most = max(range(len(cases)), key=lambda at: weight(facts[at], in_force(figures.result)))
    return (most,)


def _notes(rows: list[Figure], shown: list[str]) -> tuple[str, ...]:
    notes = []
    absent = [n for n in dict.fromkeys(row.record.provider for row in rows) if n not in shown]
    if absent:
        notes.append(f"Timed too, under every timing: {', '.join(absent)}.")
    return tuple(notes)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _constant(name: str, value: str) -> str:
    """As a label has it: `B=16`, `fp16`, `causal`."""
    if name == _DTYPE or value == "":
        return value
    return {"true": name, "false": ""}.get(value, f"{name}={value}")
