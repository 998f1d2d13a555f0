"""One run as a gate sees it: whom it is about, against its baseline."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.report.comparing.builds import against_revision
from orchestrator.report.figures import Figure, Figures, figures
from orchestrator.report.gates.gate import Claim, Policy, Ruling, rule
from orchestrator.report.subject import subjects, unraced
from orchestrator.values.run import Run
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status

_NO_RESULT = "no result came back"


def ruling(run: Run, policy: Policy) -> Ruling:
    """What a gate says of the user's own providers and ours; without these of those that were asked
    for by name, and without those of everybody."""
    if run.result is None:
        return rule((), policy, nothing=_NO_RESULT)
    found = figures(run.result)
    names = _about(run.result, found)
    rows = [row for row in found.rows if row.record.provider in names]
    spilling = _spilling(run.result)
    claims = [_claim(row, spilling) for row in rows if row.against is not None and row.trusted]
    bad = (Status.FAILED, Status.TIMEOUT)
    broke = [one for one in run.result.checks if one.provider in names and one.status in bad]
    return rule(
        claims,
        policy,
        broke=len(broke),
        missing=tuple(_missing(run.result, names)),
        nothing=_nothing(run.result, found),
    )


def _about(result: Result, found: Figures) -> tuple[str, ...]:
    """Not the baselines, which are the yardstick."""
    present = tuple(dict.fromkeys(row.record.provider for row in found.rows))
    names = subjects(result, present) or present
    beside = (result.operator.baseline, *result.request.before)
    return tuple(name for name in names if name not in beside)


def _spilling(result: Result) -> tuple[str, ...]:
    """Who was raced against a revision at which the compiler spilled less."""
    found = {one.provider for one in against_revision(result) if one.spills}
    raced = (one for one in result.request.providers if one.against)
    return tuple(one.name for one in raced if (one.name if one.target else "") in found)


def _claim(row: Figure, spilling: tuple[str, ...]) -> Claim:
    against = row.against
    assert against is not None, "only rows that are judged are claims"
    record, speedup = row.record, against.speedup
    about = f"{record.provider} on {record.case.label}, {record.method.value}"
    return Claim(
        *(record.provider, about, against.verdict, speedup.low, speedup.high, against.advice),
        spills=record.provider in spilling,
    )


def _missing(result: Result, names: Iterable[str]) -> Iterable[str]:
    """What was to be timed and was not, though nothing of it failed."""
    if Stage.BENCH not in result.request.stages:
        return
    yield from unraced(result)
    for check in result.checks:
        if check.provider in names and check.status in (Status.SKIPPED, Status.CANCELLED):
            why = check.reason or "no reason given"
            yield f"{check.provider} on {check.case.label}: {check.status.value}, {why}"
    for record in result.bench:
        # A graph that cannot be taken is no row that is missing: the others are there.
        lost = record.provider in names and record.status is not Status.OK
        if lost and not _timed_otherwise(result, record.provider, record.case):
            why = record.reason or "no reason given"
            yield f"{record.provider} on {record.case.label}, {record.method.value}: {why}"


def _timed_otherwise(result: Result, provider: str, case: object) -> bool:
    return any(
        (r.provider, r.case, r.status) == (provider, case, Status.OK) and not r.control
        for r in result.bench
    )


def _nothing(result: Result, found: Figures) -> str:
    if result.request.before:
        return f"nothing was raced against {result.request.against}"
    if not result.operator.baseline:
        return "the operator has no baseline to compare with"
    if not any(row.trusted for row in found.rows):
        return "nothing was timed"
    return f"nothing was timed beside the baseline, {result.operator.baseline}"
