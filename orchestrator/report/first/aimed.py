"""Whether what was timed is fast enough: each tier of each target, in a line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from orchestrator.performance.targets.judging import (
    Outcome,
    TierJudgement,
    limit,
    per_of,
    unit_of,
)
from orchestrator.report.aims import Aim, AimRow, aims
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.wording import format as fmt

_MOST_DECIMALS = 6


def fast_enough(figures: Figures, told: Figure | None) -> str:
    """Each tier of each target that is judged. told: the row that the page is about."""
    if not figures.rows:
        return "nothing was timed"
    found = aims(figures)
    if not found:
        return "no target is set (orchestrator targets --help says how)"
    every = [one for aim in found for one in _tiers(aim, figures, _where(aim, found, told))]
    return "; ".join(dict.fromkeys(every))


def _where(aim: Aim, every: Sequence[Aim], told: Figure | None) -> str:
    """The case and the method of a target, as far as they go without saying in none."""
    record = told.record if told else None
    here = [(one.facts.case.label, one.targets.method) for one in every if not one.reason]
    here += [(record.case.label, record.method)] if record else []
    case = aim.facts.case.label if len({label for label, _ in here}) > 1 else ""
    method = aim.targets.method.value if len({by for _, by in here}) > 1 else ""
    return ", ".join(filter(None, (case, method)))


def _tiers(aim: Aim, figures: Figures, where: str) -> Iterator[str]:
    if aim.reason:
        yield f"not judged: {aim.reason}"
        return
    unit = unit_of(aim.targets, figures.result.operator.unit)
    counting = [row for row in aim.rows if row.counts]
    are_several = len(counting) > 1 or aim.targets.provider
    for row in counting:
        who = row.figure.record.provider if are_several else ""
        of = " on ".join(filter(None, (who, where)))
        yield f"{of}: {_of_row(row, aim, unit)}" if of else _of_row(row, aim, unit)
    missing = set(aim.judged) - {row.figure.record.provider for row in counting}
    yield from (f"{name}: not timed on {aim.targets.case.label}" for name in sorted(missing))


def _of_row(row: AimRow, aim: Aim, unit: str) -> str:
    """One reason that all tiers have stands for them."""
    whys = {(judged.outcome, judged.reason) for judged in row.judgements}
    (outcome, why), *others = whys
    is_of_all = outcome is Outcome.NOT_JUDGED or row.interval is None
    if not others and why and is_of_all:
        return f"{outcome.value}: {why}"
    return "; ".join(_by_outcome(row, aim, unit))


def _by_outcome(row: AimRow, aim: Aim, unit: str) -> Iterator[str]:
    """`PASS: Tier 1 ≤ 3.820, Tier 2 < 3.000 µs/head`, for each outcome that there is."""
    found: dict[str, list[str]] = {}
    for judged in row.judgements:
        word = judged.outcome.value + (f", {judged.reason}" if judged.reason else "")
        found.setdefault(word, []).append(_tier(judged, row, aim))
    for place, (word, tiers) in enumerate(found.items()):
        yield f"{word}: {', '.join(tiers)}" + ("" if place else f" {unit}")


def _tier(judged: TierJudgement, row: AimRow, aim: Aim) -> str:
    """`Tier 3 < 2.000 (1.48× to go)`: how far there is to go where it is missed."""
    name, tier = judged.tier.name.partition(":")[0], judged.tier
    told = f"{name} {'≤' if tier.inclusive else '<'} {limit(tier)}"
    if judged.outcome is not Outcome.FAIL or row.interval is None:
        return told
    time_us = row.interval.middle / per_of(aim.targets, row.figure.facts)
    return f"{told} ({_factor(time_us / tier.limit_us)}× to go)"


def _factor(value: float) -> str:
    """With so many digits that a little more than once is not said to be once."""
    if value >= 10:
        return fmt.rounded(round(value), None)
    decimals = 2 if value <= 1 else max(2, math.ceil(-math.log10(value - 1)))
    return f"{value:.{min(decimals, _MOST_DECIMALS)}f}"
