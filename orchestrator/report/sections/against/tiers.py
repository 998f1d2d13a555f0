"""Results held against the operator's targets."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.performance.target import Outcome, criterion, elsewhere, judge_tiers
from orchestrator.performance.work import tflops
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.section import Section
from orchestrator.report.view import Table, TiersView
from orchestrator.report.wording import format as fmt
from remote_payload.contract.facts import Targets
from remote_payload.contract.result import Result

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
                fmt.in_unit(row.summary, row.facts),
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


SECTION = Section(70, lambda page: tiers(page.figures))
