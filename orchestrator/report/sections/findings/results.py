"""How long each took."""

from __future__ import annotations

from orchestrator.performance.objection import Severity
from orchestrator.performance.stats import Summary
from orchestrator.performance.steps import Step
from orchestrator.performance.verdict import Judgement
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.section import Section
from orchestrator.report.subject import lost
from orchestrator.report.view.sections import MethodResultsView, ResultsView
from orchestrator.report.view.tables import Cell, Table
from orchestrator.report.wording import format as fmt
from orchestrator.report.wording.methods import PROMISED, way
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status

_BY_GRAPH = "with it or with {} the GPU waited for the host, so the verdict goes by the graphs"


def results(figures: Figures | None) -> tuple[ResultsView, ...]:
    """One view with a table for each method; methods never share one. None where nothing was
    timed."""
    if figures is None:
        return ()
    views: list[MethodResultsView] = []
    for method in figures.methods:
        rows = [row for row in figures.of_method(method) if row.record.samples_us]
        if not rows:
            continue  # nobody could be recorded; who and why is told under what was not measured
        table = Table(_results_header(figures), tuple(_result(row, figures) for row in rows))
        by_graph = _by_graph(rows, _yardstick(figures.result))
        advice = (*_raced(figures.result, first=not views), *_advice(rows))
        how = f"Time of a call; {way(method, figures)}"
        views.append(MethodResultsView(method.value, how, table, advice, by_graph))
    return (ResultsView(tuple(views)),) if views else ()


def _results_header(figures: Figures) -> tuple[str, ...]:
    yardstick = _yardstick(figures.result)
    against = f"Speed-up against {yardstick}" if yardstick else "Speed-up"
    return (
        "Provider",
        "Case",
        f"µs a call ({_holds(figures)})",
        "p20 / p80 µs",
        "CV",
        "Starts × rounds",
        *(("TFLOPS",) if figures.multiplies else ()),
        *(() if figures.result.operator.per else ("GB/s",)),
        "Of the binding roof",
        f"{against} ({PROMISED})",
        "Verdict",
    )


def _yardstick(result: Result) -> str:
    """Whom rows are compared with; empty if there is nobody."""
    return "its own baseline" if result.request.against else result.operator.baseline


def _raced(result: Result, first: bool) -> tuple[str, ...]:
    """Who was raced against which revision; what became of those that could not be."""
    asked = result.request
    pairs = [one for one in asked.providers if one.against]
    if not first or not pairs:
        return ()
    told = ", ".join(f"{one.name} with {one.against}" for one in pairs if not lost(one, result))
    missing = tuple(f"{one.name}: {why}." for one in pairs if (why := lost(one, result)))
    if not told:
        return missing
    others = f"; everybody else with {result.operator.baseline}" if result.operator.baseline else ""
    return (
        f"{told}: raced in one run against the sources at {asked.against}, by which a change is "
        f"judged; what two separate runs say counts less{others}.",
        *missing,
    )


def _holds(figures: Figures) -> str:
    known = all(row.summary.starts for row in figures.rows if row.summary)
    return "95 % interval" if known else "95 % interval within one start"


def _result(row: Figure, figures: Figures) -> tuple[str, ...]:
    record, summary = row.record, row.summary
    operator = figures.result.operator
    head = (record.provider, record.case.label)
    if summary is None:
        return (*head, "unusable samples", *(fmt.NONE,) * (len(_results_header(figures)) - 3))
    if row.step is not None:
        return _stepped(row, row.step, head, figures)
    p20, p80 = (fmt.microseconds(value, summary) for value in (summary.p20_us, summary.p80_us))
    share = "no roof known"
    if row.roof is not None:
        percent = fmt.scaled(row.roof.percent(summary.median_us), summary)
        share = f"{percent} % ({row.roof.resource.value})"
    return (
        *head,
        Cell(fmt.with_interval(summary), summary.median_us),
        f"{p20} / {p80}",
        fmt.percent(summary.cv),
        fmt.taken(record),
        *((_rate(row.tflops, summary),) if figures.multiplies else ()),
        *(() if operator.per else (_rate(row.gbs, summary),)),
        share,
        fmt.speedup(row.against),
        _verdict(row, row.against, figures.result.baseline_of(record.provider)),
    )


def _stepped(row: Figure, step: Step, head: tuple[str, ...], figures: Figures) -> tuple[str, ...]:
    """Both levels of a time that had two, and nothing that one median would be needed for."""
    operator = figures.result.operator
    rates = (fmt.NONE,) * (figures.multiplies + (not operator.per))
    return (
        *head,
        fmt.levels(step),
        fmt.NONE,
        fmt.percent(row.summary.cv) if row.summary else fmt.NONE,
        fmt.taken(row.record),
        *rates,
        fmt.NONE,
        fmt.speedup(row.against),
        _verdict(row, row.against, figures.result.baseline_of(row.record.provider)),
    )


def _rate(value: float | None, summary: Summary) -> str:
    return fmt.NONE if value is None else fmt.scaled(value, summary)


def _verdict(row: Figure, against: Judgement | None, baseline: str) -> str:
    if row.refuted:
        return Severity.ERROR.value
    if row.record.status is not Status.OK:
        return f"partial: {row.record.status.value}"
    if against:
        return fmt.verdict(against, row.host_bound)
    name = "baseline" if row.record.provider == baseline else "no baseline"
    return name + (fmt.HOST_BOUND_NOTE if row.host_bound else "")


def _advice(rows: list[Figure]) -> tuple[str, ...]:
    """Each distinct advice once, with the rows it is for."""
    cases: dict[str, list[str]] = {}
    for row in rows:
        if row.against and row.against.advice:
            cases.setdefault(row.against.advice, []).append(_case(row))
    return tuple(f"{', '.join(names)}: {advice}." for advice, names in cases.items())


def _by_graph(rows: list[Figure], baseline: str) -> tuple[str, ...]:
    cases = ", ".join(_case(row) for row in rows if row.against and row.against.by_graph)
    return (f"{cases}: {_BY_GRAPH.format(baseline)}.",) if cases else ()


def _case(row: Figure) -> str:
    return f"{row.record.provider} on {row.record.case.label}"


def _summary(view: ResultsView) -> str:
    methods = ", ".join(one.method for one in view.methods)
    return f"Every timing in full, with its interval and its spread: {methods}"


SECTION = Section(45, lambda page: results(page.figures), _summary)
