"""Sections that hold results against something: targets, the original report, and what is open."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.performance.stats import Summary
from orchestrator.performance.target import Outcome, criterion, elsewhere, judge_tiers
from orchestrator.performance.work import tflops
from orchestrator.report import format as fmt
from orchestrator.report.baselines import Baseline, BaselineRow, published
from orchestrator.report.families import sweep
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.view import OriginalView, Table, TiersView
from remote_payload.contract.facts import CaseFacts, OperatorFacts, Targets
from remote_payload.contract.records import BenchRecord, CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from remote_payload.operators import registry
from remote_payload.stages import declaration

_TIER_HEADER = ("Provider", "Method", "Tier", "Criterion", "{unit} (95 % interval)", "Outcome")


def tiers(figures: Figures | None) -> tuple[TiersView, ...]:
    """Every tier by itself, for every provider on the targets' case; none without targets."""
    targets = figures.result.operator.targets if figures else None
    if figures is None:
        return (TiersView(False, "", "", Table((), ()), "no result came back", ()),)
    return (_tiers(figures, targets),) if targets else ()


def _tiers(figures: Figures, targets: Targets) -> TiersView:
    case, gpu = targets.case.label, targets.gpu
    rows = [row for row in figures.rows if row.record.case == targets.case]
    why = elsewhere(figures.result, targets) if rows else f"the run did not time {case}"
    if why:
        return TiersView(False, case, gpu, Table((), ()), why, ())
    cells = [cell for row in rows for cell in _tier_rows(row, figures, targets)]
    operator = figures.result.operator
    header = tuple(title.format(unit=operator.unit) for title in _TIER_HEADER)
    notes = _tier_notes(figures.result, targets)
    return TiersView(True, case, gpu, Table(header, tuple(cells)), "", notes)


def targets(figures: Figures | None) -> Mapping[str, object]:
    """The same for programs: whether anything is judged, else why not, and every outcome."""
    view = next(iter(tiers(figures)), TiersView(False, "", "", Table((), ()), "there are none", ()))
    names = ("provider", "method", "tier", "criterion", "us_per_unit", "outcome")
    return {
        "case": view.case,
        "gpu": view.gpu,
        "judged": view.judged,
        "reason": view.reason,
        "tiers": [dict(zip(names, row, strict=True)) for row in view.table.rows],
    }


def _tier_rows(row: Figure, figures: Figures, targets: Targets) -> list[tuple[str, ...]]:
    record, operator = row.record, figures.result.operator
    informative = record.provider != operator.ours or record.method is not targets.method
    why = elsewhere(figures.result, targets)
    cells: list[tuple[str, ...]] = []
    for judgement in judge_tiers(targets, row.facts, row.trusted, why):
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
                criterion(judgement.tier, operator.unit),
                _in_unit(row.summary, row.facts),
                outcome,
            )
        )
    return cells


def _tier_notes(result: Result, targets: Targets) -> tuple[str, ...]:
    facts, unit = result.facts(targets.case), result.operator.unit
    rates = ", ".join(
        f"{tier.limit_us:.3f} {unit} is {tflops(facts, tier.limit_us * facts.per) or 0:.0f} TFLOPS"
        for tier in targets.tiers
    )
    base = targets.tiers[0].limit_us
    cuts = " and ".join(
        f"{tier.limit_us:.1f} {unit} takes {100 * (1 - tier.limit_us / base):.1f} % less time "
        f"({base / tier.limit_us:.2f}×)"
        for tier in targets.tiers[1:]
    )
    return (
        f"{result.operator.ours} by {targets.method.value} is judged; other rows are for "
        "information.",
        f"The targets were set on an {targets.gpu} for this case: {rates}.",
        f"Against {base:.3f} {unit}, {cuts}.",
    )


def _in_unit(summary: Summary | None, facts: CaseFacts) -> str:
    return fmt.with_interval(summary, facts.per) if summary else fmt.NONE


def beside_original(figures: Figures | None) -> tuple[OriginalView, ...]:
    """What was published before beside ours; a ratio only where machine and software are the
    same."""
    operator = figures.result.operator if figures else registry.find(registry.DEFAULT).facts
    return tuple(_beside(figures, base, operator) for base in published(operator.name))


def _beside(figures: Figures | None, base: Baseline, operator: OperatorFacts) -> OriginalView:
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
    along, unit = sweep((row.case for row in base.rows), operator), operator.unit
    ratios = tuple(f"{name} / original" for name in providers) if same else ()
    here = (f"{name} here, {unit}" for name in providers)
    header = (along.name.capitalize(), f"Original {unit}", *here, *ratios)
    rows = tuple(
        (str(along.value(row.case)), *_original_row(row, base, figures, providers, same))
        for row in base.rows
    )
    provenance = f"{base.provenance}; {base.method_note}"
    return OriginalView(base.name, provenance, note, Table(header, rows))


def _providers(figures: Figures | None, base: Baseline) -> tuple[str, ...]:
    cases = [row.case for row in base.rows]
    rows = figures.of_method(base.method) if figures else ()
    timed = [r for r in rows if r.record.case in cases and r.trusted]
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
        found = _figure(figures, provider, base, row)
        summary = found.trusted if found else None
        cells.append(_in_unit(summary, found.facts) if found else fmt.NONE)
        if same:
            in_unit = summary.median_us / found.facts.per if found and summary else None
            ratio = fmt.rounded(in_unit / row.unit_us, None) if in_unit else None
            ratios.append(f"{ratio}×" if ratio else fmt.NONE)
    return (f"{row.unit_us:.3f}", *cells, *ratios)


def _figure(
    figures: Figures | None, provider: str, base: Baseline, row: BaselineRow
) -> Figure | None:
    for figure in figures.of_method(base.method) if figures else ():
        if (figure.record.provider, figure.record.case) == (provider, row.case):
            return figure
    return None


def unmeasured(result: Result | None, figures: Figures | None) -> tuple[str, ...]:
    """Everything a reader might look for in vain, with the reason."""
    if result is None or figures is None:
        return ("Everything: no result came back.",)
    lines = [f"{what}: {', '.join(cases)}" for what, cases in _left_out(result).items()]
    ran = {stage.stage for stage in result.stages}
    lines += [f"Stage {s.value}: not reached." for s in result.request.stages if s not in ran]
    lines += [
        f"Stage {one.stage.value}: not asked for."
        for one in declaration.every()
        if one.expected and one.stage not in result.request.stages
        if result.operator.library or not one.kernel
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
    """Reason → providers and cases it kept from running."""
    kept: dict[str, list[str]] = {}
    records: list[CheckRecord | BenchRecord] = [*result.checks, *result.bench]
    for record in records:
        if record.status is Status.OK and not getattr(record, "emulated", False):
            continue
        kind = "Check" if isinstance(record, CheckRecord) else "Timing"
        what = f"{kind} {record.status.value} ({record.reason or 'no reason given'})"
        if record.status is Status.OK:
            what = "Never timed, only checked (emulated on the CPU)"
        case = f"{record.provider} on {record.case.label}"
        if isinstance(record, BenchRecord):
            case += f", {record.method.value}"
        cases = kept.setdefault(what, [])
        if case not in cases:
            cases.append(case)
    return kept
