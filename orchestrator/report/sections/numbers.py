"""Sections on what was found: method, checks, timings."""

from __future__ import annotations

from orchestrator.performance.objection import Severity
from orchestrator.performance.verdict import MINIMUM_EFFECT, Judgement
from orchestrator.report import format as fmt
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.sections.headline import failed_case
from orchestrator.report.view import ChecksView, MethodResultsView, MethodView, Table
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status
from remote_payload.operators.attention.catalog import BASELINE

_HOW = {
    Method.BACK_TO_BACK: "calls launched back to back between two events, divided by their number "
    "(warm L2; the original report's method)",
    Method.COLD: "the last-level cache is flushed before each single, separately timed call",
    Method.GRAPH: "as back_to_back, but the launches were recorded once in a CUDA graph that the "
    "GPU replays, so the host's part in each launch is out of the time",
}
_BY_GRAPH = (
    f"with it or with {BASELINE} the GPU waited for the host, so the verdict goes by the graphs"
)
_CHECKS_HEADER = (
    "Provider",
    "Implementation",
    "Shape",
    "Status",
    "Max abs error",
    "Max rel error",
    "Outside tolerance",
    "NaN / inf",
    "Same bits twice",
)
_RESULTS_HEADER = (
    "Provider",
    "Shape",
    "Total µs, median (95 % interval)",
    "p20 / p80 µs",
    "µs/head",
    "CV",
    "n",
    "TFLOPS",
    "Of the binding roof",
    f"Speed-up against {BASELINE} (95 % interval)",
    "Verdict",
)


def method(result: Result | None, figures: Figures | None) -> MethodView:
    """How numbers were taken and how far they can be trusted."""
    if result is None or figures is None:
        return MethodView(())
    plan = result.request.check
    notes = [
        "Reference: attention in fp64 on the same inputs; a check passes if no element is off by "
        f"more than {plan.atol:g} + {plan.rtol:g} · the magnitude of its reference.",
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
    return f"Method {method.value}: {_HOW[method]}; {counts}; {rounds} asked for."


def _noise(method: Method, noise: float | None) -> str:
    if noise is None:
        return f"Noise floor, {method.value}: unknown (no A/A control with an interval)."
    return (
        f"Noise floor, {method.value}: up to {fmt.percent(noise)} (A/A: the same provider twice; "
        "each verdict uses the pair of its own shape, or this figure where there is none)."
    )


def _roof_note(figures: Figures) -> str:
    device = figures.device
    if device is None:
        return "No roof is known for this machine, so no share of a peak is given."
    return (
        f"Roofs of {device.model} ({device.source}): {device.tensor_tflops:g} TFLOPS dense FP16 at "
        f"{device.peak_mhz} MHz, {device.memory_gbs:g} GB/s, 16 exponentials per clock and SM; "
        f"the clock may reach {device.max_mhz} MHz, and a time below that limit is refused. "
        "The HBM roof counts q, k and v read and the output written once; warm calls whose traffic "
        f"fits into the L2 cache ({device.l2_bytes >> 20} MiB) have none."
    )


def checks(result: Result | None) -> ChecksView:
    """One row for each provider and shape."""
    records = result.checks if result else ()
    failures = [c for c in records if c.status in (Status.FAILED, Status.TIMEOUT)]
    return ChecksView(
        bool(records),
        Table(_CHECKS_HEADER, tuple(_check(record) for record in records)),
        tuple(failed_case(record) for record in failures),
    )


def _check(record: CheckRecord) -> tuple[str, ...]:
    error = record.error
    same = {True: "yes", False: "no", None: fmt.NONE}[record.deterministic]
    name = f"{record.provider} (emulated)" if record.emulated else record.provider
    head = (name, record.implementation or fmt.NONE, record.shape.label)
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
        table = Table(_RESULTS_HEADER, tuple(_result(row, figures) for row in rows))
        views.append(
            MethodResultsView(method.value, _HOW[method], table, _advice(rows), _by_graph(rows))
        )
    return tuple(views)


def _result(row: Figure, figures: Figures) -> tuple[str, ...]:
    record, summary = row.record, row.summary
    head = (record.provider, record.shape.label)
    if summary is None or row.tflops is None:
        return (*head, "unusable samples", *(fmt.NONE,) * 8)
    p20, p80 = (fmt.microseconds(value, summary) for value in (summary.p20_us, summary.p80_us))
    share = "no roof known"
    if row.roof is not None:
        percent = fmt.scaled(row.roof.percent(summary.median_us), summary)
        share = f"{percent} % ({row.roof.resource.value})"
    return (
        *head,
        fmt.with_interval(summary),
        f"{p20} / {p80}",
        fmt.microseconds(summary.median_us, summary, record.shape.heads),
        fmt.percent(summary.cv),
        str(summary.n),
        fmt.scaled(row.tflops, summary),
        share,
        fmt.speedup(row.against),
        _verdict(row, row.against),
    )


def _verdict(row: Figure, against: Judgement | None) -> str:
    if row.refuted:
        return Severity.ERROR.value
    if row.record.status is not Status.OK:
        return f"partial: {row.record.status.value}"
    if against:
        return fmt.verdict(against, row.host_bound)
    name = "baseline" if row.record.provider == BASELINE else "no baseline"
    return name + (fmt.HOST_BOUND_NOTE if row.host_bound else "")


def _advice(rows: list[Figure]) -> tuple[str, ...]:
    """Each distinct advice once, with the rows it is for."""
    cases: dict[str, list[str]] = {}
    for row in rows:
        if row.against and row.against.advice:
            cases.setdefault(row.against.advice, []).append(_case(row))
    return tuple(f"{', '.join(names)}: {advice}." for advice, names in cases.items())


def _by_graph(rows: list[Figure]) -> tuple[str, ...]:
    cases = ", ".join(_case(row) for row in rows if row.against and row.against.by_graph)
    return (f"{cases}: {_BY_GRAPH}.",) if cases else ()


def _case(row: Figure) -> str:
    return f"{row.record.provider} on {row.record.shape.label}"
