"""Sections on what was found: method, checks, timings."""

from __future__ import annotations

from orchestrator.performance.objection import Severity
from orchestrator.performance.stats import Summary
from orchestrator.performance.verdict import MINIMUM_EFFECT, Judgement
from orchestrator.report import format as fmt
from orchestrator.report.baselines import published
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.sections import allowed
from orchestrator.report.sections.headline import failed_case
from orchestrator.report.view import ChecksView, MethodResultsView, MethodView, Table
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status

_HOW = {
    Method.BACK_TO_BACK: "calls launched back to back between two events, divided by their number "
    "(warm L2{original})",
    Method.COLD: "the last-level cache is flushed before each single, separately timed call",
    Method.GRAPH: "as back_to_back, but the launches were recorded once in a CUDA graph that the "
    "GPU replays, so the host's part in each launch is out of the time",
}
_BY_GRAPH = "with it or with {} the GPU waited for the host, so the verdict goes by the graphs"
_CHECKS_HEADER = (
    "Provider",
    "Implementation",
    "Case",
    "Status",
    "Max abs error",
    "Max rel error",
    "Outside tolerance",
    "NaN / inf",
    "Same bits twice",
)


def method(result: Result | None, figures: Figures | None) -> MethodView:
    """How numbers were taken and how far they can be trusted."""
    if result is None or figures is None:
        return MethodView(())
    notes = [
        *allowed.note(result),
        *(_how(method, figures) for method in figures.methods),
    ]
    if figures.methods:
        notes += [_noise(method, noise) for method, noise in figures.noise]
        notes.append(
            "Providers are interleaved in rounds; speed-ups compare samples of the same round. "
            "Intervals are order-statistic intervals of the median (95 %, no distribution "
            f"assumed). FASTER and SLOWER need an interval outside ±max(noise, "
            f"{fmt.percent(MINIMUM_EFFECT)}), SAME one inside it."
        )
        notes.append(_roof_note(figures))
    notes += _cuts(result)
    doubts = [o for o in figures.objections if o.severity is not Severity.ERROR]
    notes += [f"{o.severity.value.capitalize()}: {o.about}: {o.text}." for o in doubts]
    return MethodView(tuple(notes))


def _cuts(result: Result) -> list[str]:
    """What was cut short: one note for each reason, with all that it cut."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for cut in result.cuts:
        case = f"{cut.case}: {cut.what}" if cut.case else cut.what
        found.setdefault((cut.stage.value, cut.why, cut.option), []).append(case)
    return [
        f"Cut short, {stage}: {'; '.join(cases)}: as {why}; "
        f"{f'lifted by {option}' if option else 'no option lifts that'}."
        for (stage, why, option), cases in found.items()
    ]


def _how(method: Method, figures: Figures) -> str:
    taken = {(row.record.warmup, row.record.calls) for row in figures.of_method(method)}
    counts = "; ".join(
        f"{fmt.count(warmup, 'warm-up')}, {fmt.count(calls, 'call')} per sample"
        for warmup, calls in sorted(taken)
    )
    rounds = fmt.count(figures.result.request.bench.rounds, "round")
    return f"Method {method.value}: {_way(method, figures)}; {counts}; {rounds} asked for."


def _way(method: Method, figures: Figures) -> str:
    """How the method takes its times."""
    known = published(figures.result.operator.name)
    original = "; the original report's method" if any(b.method is method for b in known) else ""
    return _HOW[method].format(original=original)


def _noise(method: Method, noise: float | None) -> str:
    if noise is None:
        return f"Noise floor, {method.value}: unknown (no A/A control with an interval)."
    return (
        f"Noise floor, {method.value}: up to {fmt.percent(noise)} (A/A: the same provider twice; "
        "each verdict uses the pair of its own case, or this figure where there is none)."
    )


def _roof_note(figures: Figures) -> str:
    device = figures.device
    if device is None:
        return "No roof is known for this machine, so no share of a peak is given."
    works = [row.facts.work for row in figures.rows if row.facts.work]
    tensor, exp = any(w.matrix for w in works), any(w.exponentials for w in works)
    peaks = [f"{device.memory_gbs:g} GB/s"]
    refused = "a time in which the memory cannot move that is refused"
    if tensor:
        peaks.insert(0, f"{device.tensor_tflops:g} TFLOPS dense FP16 at {device.peak_mhz} MHz")
    if exp:
        at = "" if tensor else f" at {device.peak_mhz} MHz"
        peaks.append(f"16 exponentials per clock and SM{at}")
    if tensor or exp:
        refused = (
            f"the clock may reach {device.max_mhz} MHz, and a time below that limit is refused"
        )
    return (
        f"Roofs of {device.model} ({device.source}): {', '.join(peaks)}; {refused}. "
        "The HBM roof counts inputs read and outputs written once; warm calls whose traffic "
        f"fits into the L2 cache ({device.l2_bytes >> 20} MiB) have none."
    )


def checks(result: Result | None) -> ChecksView:
    """One row for each provider and case."""
    records = result.checks if result else ()
    failures = [c for c in records if c.status in (Status.FAILED, Status.TIMEOUT)]
    header: tuple[str, ...] = _CHECKS_HEADER
    rows = tuple(_check(record) for record in records)
    if any(allowed.has_share(record) for record in records):
        header = (*header, allowed.HEADER)
        rows = tuple(
            (*row, allowed.share(record)) for row, record in zip(rows, records, strict=True)
        )
    return ChecksView(
        bool(records),
        Table(header, rows),
        tuple(failed_case(record) for record in failures),
    )


def _check(record: CheckRecord) -> tuple[str, ...]:
    error = record.error
    same = {True: "yes", False: "no", None: fmt.NONE}[record.deterministic]
    name = f"{record.provider} (emulated)" if record.emulated else record.provider
    head = (name, record.implementation or fmt.NONE, record.case.label)
    if error is None:
        return (*head, record.status.value, *(fmt.NONE,) * 4, same)
    return (
        *head,
        record.status.value,
        fmt.error(error.max_abs),
        fmt.error(error.max_rel),
        f"{error.mismatches} of {error.elements}",
        f"{error.nan} / {error.inf}",
        same,
    )


def results(figures: Figures | None) -> tuple[MethodResultsView, ...]:
    """One table for each method; methods never share one."""
    if figures is None:
        return ()
    views = []
    for method in figures.methods:
        rows = [row for row in figures.of_method(method) if row.record.samples_us]
        if method is Method.GRAPH and not rows:
            continue  # nobody could be recorded; who and why is told under what was not measured
        operator = figures.result.operator
        table = Table(_results_header(figures), tuple(_result(row, figures) for row in rows))
        by_graph = _by_graph(rows, operator.baseline)
        what = f"{_total(operator)}; {_way(method, figures)}"
        views.append(MethodResultsView(method.value, what, table, _advice(rows), by_graph))
    return tuple(views)


def _total(operator: OperatorFacts) -> str:
    if not operator.per:
        return "Total latency per call"
    return f"Total latency per call and the same divided by the number of {operator.per}"


def _results_header(figures: Figures) -> tuple[str, ...]:
    operator = figures.result.operator
    against = f"Speed-up against {operator.baseline}" if operator.baseline else "Speed-up"
    return (
        "Provider",
        "Case",
        "Total µs, median (95 % interval)",
        "p20 / p80 µs",
        *((operator.unit,) if operator.per else ()),
        "CV",
        "n",
        *(("TFLOPS",) if figures.multiplies else ()),
        *(() if operator.per else ("GB/s",)),
        "Of the binding roof",
        f"{against} (95 % interval)",
        "Verdict",
    )


def _result(row: Figure, figures: Figures) -> tuple[str, ...]:
    record, summary = row.record, row.summary
    operator = figures.result.operator
    head = (record.provider, record.case.label)
    if summary is None:
        return (*head, "unusable samples", *(fmt.NONE,) * (len(_results_header(figures)) - 3))
    p20, p80 = (fmt.microseconds(value, summary) for value in (summary.p20_us, summary.p80_us))
    share = "no roof known"
    if row.roof is not None:
        percent = fmt.scaled(row.roof.percent(summary.median_us), summary)
        share = f"{percent} % ({row.roof.resource.value})"
    per_unit = fmt.microseconds(summary.median_us, summary, row.facts.per)
    return (
        *head,
        fmt.with_interval(summary),
        f"{p20} / {p80}",
        *((per_unit,) if operator.per else ()),
        fmt.percent(summary.cv),
        str(summary.n),
        *((_rate(row.tflops, summary),) if figures.multiplies else ()),
        *(() if operator.per else (_rate(row.gbs, summary),)),
        share,
        fmt.speedup(row.against),
        _verdict(row, row.against, operator.baseline),
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
