"""What became of every target in force, tier by tier, for the report and for `--require`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.performance.family import Family
from orchestrator.performance.starts import Interval
from orchestrator.performance.targets.interval import interval_of, why_none
from orchestrator.performance.targets.judging import (
    Outcome,
    TierJudgement,
    elsewhere,
    in_force,
    is_for,
    judge_tiers,
    not_judged,
)
from orchestrator.performance.targets.needs import Need, needs
from orchestrator.report.against import rows_judged
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.subject import own
from remote_payload.contract.case import Case
from remote_payload.contract.facts import CaseFacts, Role, Targets
from remote_payload.contract.result import Result
from remote_payload.operators.user.protocol import REFERENCE


@dataclass(frozen=True)
class AimRow:
    """One provider by one method. counts: it is the one that is judged, others are for information.

    interval: of a call's time in µs, None where its samples decide nothing.
    """

    figure: Figure
    interval: Interval | None
    judgements: tuple[TierJudgement, ...]
    counts: bool


@dataclass(frozen=True)
class Aim:
    """One of the targets. reason: why none of it is judged; empty if it is. facts: of its case, as
    this run has it. judged: who is, by name. asked: whether the run was to time the case; here:
    whether it ran on the targets' own GPU."""

    targets: Targets
    facts: CaseFacts
    needs: tuple[Need, ...]
    judged: tuple[str, ...]
    asked: bool
    here: bool
    reason: str
    rows: tuple[AimRow, ...] = ()


def aims(figures: Figures) -> tuple[Aim, ...]:
    """Of every target in force, in their order."""
    result = figures.result
    found = [(one, _rows(one, figures)) for one in in_force(result)]
    counting = sum(_counts(one, row, result) for one, rows in found for row in rows)
    # Beside the verdicts, so that all of a report together is seldom wrong.
    rows = rows_judged(result.bench) + counting
    level = Family(rows, max(len(result.request.bench.starts), 1)).level
    return tuple(_aim(one, rows, result, level) for one, rows in found)


def aimed_at(targets: Targets, result: Result) -> tuple[str, ...]:
    """Who is judged: whom the targets name, else the user's own, else ours."""
    if targets.provider:
        return (targets.provider,)
    ours, users = result.operator.ours, result.operator.named(Role.USERS)
    # Of a user's own operator those that its file brings run without being named.
    found = own(result) or ((ours,) if ours else users)
    return tuple(name for name in found if name != REFERENCE)


def required(found: Sequence[Aim], tier: str) -> tuple[Outcome, str]:
    """What became of a tier in all targets that have it and that the run was to time, and why.

    Targets for other machines, or for cases that nobody asked for, are no part of it unless there
    are no others. FAIL weighs more than what is open, and that more than PASS.
    """
    told = [(aim, *_of(aim, tier)) for aim in found if _has(aim, tier)]
    mine = [one for one in told if one[0].asked and one[0].here]
    for outcome in (Outcome.FAIL, Outcome.NOT_JUDGED, Outcome.INCONCLUSIVE, Outcome.PASS):
        for _, became, why in mine or told:
            if became is outcome:
                return outcome, why
    return Outcome.NOT_JUDGED, "no target in force has it"


def _has(aim: Aim, tier: str) -> bool:
    return any(one.name == tier for one in aim.targets.tiers)


def _of(aim: Aim, tier: str) -> tuple[Outcome, str]:
    """The gravest of one target's rows that count."""
    label = aim.targets.case.label
    rows = [
        (row, one)
        for row in aim.rows
        if row.counts
        for one in row.judgements
        if one.tier.name == tier
    ]
    timed = {row.figure.record.provider for row, _ in rows}
    missing = [name for name in aim.judged if name not in timed]
    for outcome in (Outcome.FAIL, Outcome.NOT_JUDGED, Outcome.INCONCLUSIVE):
        for row, one in rows:
            if one.outcome is outcome:
                why = f": {one.reason}" if one.reason else ""
                return outcome, f"{row.figure.record.provider} on {label}{why}"
    if aim.reason or missing or not rows:
        who = ", ".join(missing) or "nobody"
        by = aim.targets.method.value
        return Outcome.NOT_JUDGED, aim.reason or f"{who} was not timed on {label} by {by}"
    return Outcome.PASS, f"{', '.join(aim.judged)} on {label}"


def _aim(targets: Targets, rows: list[Figure], result: Result, level: float) -> Aim:
    judged, case = aimed_at(targets, result), _case_of(targets, result)
    asked = any(is_for(targets, one) for one in _cases(result))
    not_here, facts = elsewhere(result, targets), result.facts(case)
    why = not_here if rows else f"the run did not time {targets.case.label}"
    if not why and not judged:
        why = "they name no provider, and the run has none of yours or ours"
    found = () if why else tuple(_row(targets, row, result, level) for row in rows)
    told = needs(targets, facts)
    return Aim(targets, facts, told, judged, asked, not not_here, why, found)


def _rows(targets: Targets, figures: Figures) -> list[Figure]:
    return [row for row in figures.rows if is_for(targets, row.record.case)]


def _counts(targets: Targets, row: Figure, result: Result) -> bool:
    record = row.record
    return record.provider in aimed_at(targets, result) and record.method is targets.method


def _row(targets: Targets, row: Figure, result: Result, level: float) -> AimRow:
    counts = _counts(targets, row, result)
    if row.trusted is None:
        return AimRow(row, None, not_judged(targets, "no trustworthy timing"), counts)
    interval = interval_of(row.record, level)
    told = judge_tiers(targets, row.facts, interval, why_none(row.record), level)
    return AimRow(row, interval, told, counts)


def _cases(result: Result) -> tuple[Case, ...]:
    """All that the run was to time, as far as anybody knows."""
    request = result.request
    described = tuple(one.case for one in result.cases)
    return described or (*request.cases, *request.cpu_cases)


def _case_of(targets: Targets, result: Result) -> Case:
    """Their case as the run writes it."""
    mine = (one.case for one in result.cases if is_for(targets, one.case))
    return next(mine, targets.case)
