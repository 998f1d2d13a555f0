"""Results held against the targets in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.performance.targets.judging import Outcome, criterion, limit, per_of, unit_of
from orchestrator.performance.targets.needs import Need
from orchestrator.report.aims import Aim, AimRow, aims
from orchestrator.report.figures import Figures
from orchestrator.report.section import Page, Section
from orchestrator.report.view.sections import AimView, TiersView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.facts import OperatorFacts, Targets

_HEADER = ("Provider", "Method", "Tier", "Criterion", "{unit} (over starts)", "Outcome")
_NEEDS = ("Tier", "TFLOPS", "GB/s", "Of the roofs")
_NOTHING = Table((), ())


def tiers(figures: Figures | None) -> tuple[TiersView, ...]:
    """Every tier by itself, of every target in force; none without targets."""
    found = aims(figures) if figures and figures.rows else ()
    if figures is None or not found:
        return ()
    operator = figures.result.operator
    return (TiersView(tuple(_view(one, operator) for one in found)),)


def targets(found: Sequence[Aim], operator: OperatorFacts) -> list[Mapping[str, object]]:
    """The same for programs: of each target whether it is judged, else why not, every outcome, and
    what each tier asks of the GPU."""
    names = ("provider", "method", "tier", "criterion", "us_per_unit", "outcome")
    return [
        {
            **bound(one.targets, operator.unit),
            "judged": not one.reason,
            "reason": one.reason,
            "needs": [need(each) for each in one.needs],
            "tiers": [
                {**dict(zip(names, cells, strict=True)), "counts": row.counts}
                for row in one.rows
                for cells in _cells(row, one, operator)
            ],
        }
        for one in found
    ]


def bound(targets: Targets, unit: str) -> dict[str, object]:
    """What targets are bound to, for programs. unit: the operator's own."""
    return {
        "name": targets.name,
        "source": targets.source or "built in",
        "operator": targets.case.operator,
        "case": targets.case.label,
        "gpu": targets.gpu,
        "method": targets.method.value,
        "provider": targets.provider,
        "unit": unit_of(targets, unit),
    }


def need(one: Need) -> dict[str, object]:
    """What a tier asks of the GPU, for programs."""
    return {
        "tier": one.tier.name,
        "limit_us": one.tier.limit_us,
        "inclusive": one.tier.inclusive,
        "call_us": one.call_us,
        "tflops": one.tflops,
        "gbs": one.gbs,
        "percent_of_roofs": dict(one.shares),
        "beyond": one.beyond,
    }


def headline(targets: Targets, unit: str) -> str:
    """Where targets are from and what they are bound to, in a line. unit: the operator's own."""
    where = f"{targets.name} of {targets.source}" if targets.source else "Built in"
    of = f"{targets.case.operator}, {targets.case.label}, {targets.method.value}"
    return f"{where}: {of}, on {targets.gpu}, in {unit_of(targets, unit)}"


def rates(one: Need) -> tuple[str, str, str]:
    """TFLOPS, GB/s and shares of the roofs, in words."""
    shares = ", ".join(f"{name} {share:.0f} %" for name, share in one.shares)
    flop, gbs = (fmt.NONE if n is None else fmt.rounded(n, None) for n in (one.tflops, one.gbs))
    return flop, gbs, shares or fmt.NONE


def _view(one: Aim, operator: OperatorFacts) -> AimView:
    unit = unit_of(one.targets, operator.unit)
    header = tuple(title.format(unit=unit) for title in _HEADER)
    counting = (row for row in one.rows if row.counts)
    cells = tuple(line for row in counting for line in _cells(row, one, operator))
    asked = tuple((each.tier.name, *rates(each)) for each in one.needs)
    beyond = tuple(f"{each.tier.name} lies {each.beyond}." for each in one.needs if each.beyond)
    return AimView(
        headline(one.targets, operator.unit),
        one.reason,
        Table(header, cells) if cells else _NOTHING,
        _NOTHING if one.reason else Table(_NEEDS, asked),
        beyond if one.reason else (*_notes(one, unit), *beyond),
    )


def _cells(row: AimRow, one: Aim, operator: OperatorFacts) -> list[tuple[str, ...]]:
    record = row.figure.record
    cells: list[tuple[str, ...]] = []
    unit, told = unit_of(one.targets, operator.unit), _time(row, one)
    for judgement in row.judgements:
        outcome = judgement.outcome.value
        if judgement.reason:
            outcome += f": {judgement.reason}"
        if not row.counts and judgement.outcome is not Outcome.NOT_JUDGED:
            outcome += " (for information)"
        limit = criterion(judgement.tier, unit)
        by = record.method.value
        cells.append((record.provider, by, judgement.tier.name, limit, told, outcome))
    return cells


def _time(row: AimRow, one: Aim) -> str:
    """The middle of the starts with its interval; without one the median of all samples."""
    per, interval, summary = per_of(one.targets, row.figure.facts), row.interval, row.figure.summary
    if interval is None:
        if summary is None:
            return fmt.NONE
        return f"{fmt.microseconds(summary.median_us, summary, per)} (no interval)"
    half = (interval.high - interval.low) / 2 / per
    middle, low, high = (
        fmt.rounded(us / per, half) for us in (interval.middle, interval.low, interval.high)
    )
    return f"{middle} ({low}–{high})"


def _notes(one: Aim, unit: str) -> tuple[str, ...]:
    first, *rest = one.targets.tiers
    cuts = "; ".join(
        f"{fmt.rounded(tier.limit_us, None)} {unit} takes "
        f"{100 * (1 - tier.limit_us / first.limit_us):.1f} % less time "
        f"({first.limit_us / tier.limit_us:.2f}×)"
        for tier in rest
        if tier.limit_us < first.limit_us
    )
    judged = f"{', '.join(one.judged)} by {one.targets.method.value}"
    told = f"{judged} is judged; --json tells of everybody."
    return (told, f"Against {limit(first)} {unit}: {cuts}.") if cuts else (told,)


def _views(page: Page) -> tuple[TiersView, ...]:
    return tiers(page.figures)


def _summary(view: TiersView) -> str:
    told = [outcome for aim in view.aims for *_, outcome in aim.table.rows]
    counts = ", ".join(f"{told.count(word)} {word}" for word in dict.fromkeys(told))
    whys = "; ".join(dict.fromkeys(aim.reason for aim in view.aims if aim.reason))
    asked = "; what each asks of the GPU" if any(aim.needs.rows for aim in view.aims) else ""
    return f"Targets: {counts or f'not judged: {whys}'}{asked}"


SECTION = Section(70, _views, _summary)
