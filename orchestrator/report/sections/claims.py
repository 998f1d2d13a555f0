"""Sections that hold results against something: targets, the original report, and what is open."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.performance.attention import tflops
from orchestrator.performance.stats import Summary
from orchestrator.performance.target import (
    TARGET_GPU,
    TARGET_SHAPE,
    TIERS,
    Outcome,
    elsewhere,
    judge_tiers,
)
from orchestrator.report import format as fmt
from orchestrator.report.baselines import Baseline, BaselineRow, original
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.view import OriginalView, Table, TiersView
from remote_payload.contract.records import BenchRecord, CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Stage, Status
from remote_payload.operators.attention.catalog import OURS

_TIER_HEADER = ("Provider", "Method", "Tier", "Criterion", "µs/head (95 % interval)", "Outcome")


def tiers(figures: Figures | None) -> TiersView:
    """Every tier by itself, for every provider on the targets' shape."""
    shape = TARGET_SHAPE.label
    rows = [r for r in (figures.rows if figures else ()) if r.record.shape == TARGET_SHAPE]
    if figures is None or not rows:
        return TiersView(False, shape, Table((), ()), f"the run did not time {shape}", ())
    if why := elsewhere(figures.result):
        return TiersView(False, shape, Table((), ()), why, ())
    cells = [cell for row in rows for cell in _tier_rows(row, figures)]
    return TiersView(True, shape, Table(_TIER_HEADER, tuple(cells)), "", _tier_notes())


def targets(figures: Figures | None) -> Mapping[str, object]:
    """The same for programs: whether anything is judged, else why not, and every outcome."""
    view = tiers(figures)
    names = ("provider", "method", "tier", "criterion", "us_per_head", "outcome")
    return {
        "shape": view.shape,
        "gpu": TARGET_GPU,
        "judged": view.judged,
        "reason": view.reason,
        "tiers": [dict(zip(names, row, strict=True)) for row in view.table.rows],
    }


def _tier_rows(row: Figure, figures: Figures) -> list[tuple[str, ...]]:
    record = row.record
    informative = record.provider != OURS or record.method is not Method.BACK_TO_BACK
    cells: list[tuple[str, ...]] = []
    for judgement in judge_tiers(record.shape, row.trusted, elsewhere(figures.result)):
        outcome = judgement.outcome.value
        if judgement.reason:
            outcome += f": {judgement.reason}"
        if informative and judgement.outcome is not Outcome.NOT_JUDGED:
            outcome += " (for information)"
        cells.append(
            (
                record.provider,
                record.method.value,
                judgement.tier.name,
                judgement.tier.criterion,
                _per_head(row.summary, record),
                outcome,
            )
        )
    return cells


def _tier_notes() -> tuple[str, ...]:
    heads = TARGET_SHAPE.heads
    rates = ", ".join(
        f"{tier.limit_us:.3f} µs/head is {tflops(TARGET_SHAPE, tier.limit_us * heads):.0f} TFLOPS"
        for tier in TIERS
    )
    base = TIERS[0].limit_us
    cuts = " and ".join(
        f"{tier.limit_us:.1f} µs/head takes {100 * (1 - tier.limit_us / base):.1f} % less time "
        f"({base / tier.limit_us:.2f}×)"
        for tier in TIERS[1:]
    )
    return (
        f"{OURS} by {Method.BACK_TO_BACK.value} is judged; other rows are for information.",
        f"The targets were set on an {TARGET_GPU} for this shape: {rates}.",
        f"Against {base:.3f} µs/head, {cuts}.",
    )


def _per_head(summary: Summary | None, record: BenchRecord) -> str:
    return fmt.with_interval(summary, record.shape.heads) if summary else fmt.NONE


def beside_original(figures: Figures | None) -> OriginalView:
    """The six published rows beside ours; a ratio only where machine and software are the same."""
    base = original()
    machine = figures.result.machine if figures else None
    same = base.same_machine(machine) and figures is not None and figures.on_gpu
    if same:
        note = (
            "Same GPU model and torch version: the ratio column compares medians; "
            "the original has no interval, so there is no verdict."
        )
    elif base.same_gpu(machine) and machine is not None:
        note = (
            f"Different software (torch {machine.torch or 'unknown'} here, {base.torch} there): "
            "no ratio is computed."
        )
    else:
        gpu = (machine.gpu or "no GPU") if machine else "unknown"
        note = f"Different machine ({gpu} here, {base.gpu} there): no ratio is computed."
    providers = _providers(figures, base)
    ratios = tuple(f"{name} / original" for name in providers) if same else ()
    header = ("Heads", "Original µs/head", *(f"{n} here, µs/head" for n in providers), *ratios)
    rows = tuple(_original_row(row, base, figures, providers, same) for row in base.rows)
    provenance = f"{base.provenance}; {base.method_note}"
    return OriginalView(base.name, provenance, note, Table(header, rows))


def _providers(figures: Figures | None, base: Baseline) -> tuple[str, ...]:
    shapes = [base.shape(row) for row in base.rows]
    rows = figures.of_method(base.method) if figures else ()
    timed = [r for r in rows if r.record.shape in shapes and r.trusted]
    return tuple(dict.fromkeys(row.record.provider for row in timed))


def _original_row(
    row: BaselineRow,
    base: Baseline,
    figures: Figures | None,
    providers: tuple[str, ...],
    same: bool,
) -> tuple[str, ...]:
    cells, ratios = [], []
    for provider in providers:
        summary = _summary(figures, provider, base, row)
        cells.append(fmt.with_interval(summary, row.heads) if summary else fmt.NONE)
        if same:
            per_head = summary.median_us / row.heads if summary else None
            ratio = fmt.rounded(per_head / row.per_head_us, None) if per_head else None
            ratios.append(f"{ratio}×" if ratio else fmt.NONE)
    return (str(row.heads), f"{row.per_head_us:.3f}", *cells, *ratios)


def _summary(
    figures: Figures | None, provider: str, base: Baseline, row: BaselineRow
) -> Summary | None:
    for figure in figures.of_method(base.method) if figures else ():
        record = figure.record
        if (record.provider, record.shape) == (provider, base.shape(row)):
            return figure.trusted
    return None


# What a reader looks for in any report; the other stages are extras that a run may ask for.
_EXPECTED = (Stage.BUILD, Stage.CHECK, Stage.BENCH, Stage.NCU)


def unmeasured(result: Result | None, figures: Figures | None) -> tuple[str, ...]:
    """Everything a reader might look for in vain, with the reason."""
    if result is None or figures is None:
        return ("Everything: no result came back.",)
    lines = [f"{what}: {', '.join(cases)}" for what, cases in _left_out(result).items()]
    ran = {stage.stage for stage in result.stages}
    lines += [f"Stage {s.value}: not reached." for s in result.request.stages if s not in ran]
    lines += [
        f"Stage {stage.value}: not asked for."
        for stage in _EXPECTED
        if stage not in result.request.stages
    ]
    if figures.rows and figures.device is None:
        lines.append("Share of a roof: no roof is known for this machine.")
    if figures.rows and any(noise is None for _, noise in figures.noise):
        lines.append("Noise floor of every method: an A/A control is missing or too short.")
    lines += [
        f"Hardware counters: {stage.reason}"
        for stage in result.stages
        if stage.stage is Stage.NCU and stage.status is not Status.OK
    ]
    return tuple(lines)


def _left_out(result: Result) -> dict[str, list[str]]:
    """Reason → providers and shapes it kept from running."""
    kept: dict[str, list[str]] = {}
    records: list[CheckRecord | BenchRecord] = [*result.checks, *result.bench]
    for record in records:
        if record.status is Status.OK and not getattr(record, "emulated", False):
            continue
        kind = "Check" if isinstance(record, CheckRecord) else "Timing"
        what = f"{kind} {record.status.value} ({record.reason or 'no reason given'})"
        if record.status is Status.OK:
            what = "Never timed, only checked (emulated on the CPU)"
        case = f"{record.provider} on {record.shape.label}"
        if isinstance(record, BenchRecord):
            case += f", {record.method.value}"
        cases = kept.setdefault(what, [])
        if case not in cases:
            cases.append(case)
    return kept
