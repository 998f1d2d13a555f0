"""What of a run and of a comparison is worth a mark in a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.report.comparing import wording
from orchestrator.report.comparing.comparison import Comparison, Refused, Row
from orchestrator.report.comparing.lost import Lost
from orchestrator.report.comparing.page import first_line, verdict_line
from orchestrator.report.comparing.parts.rows import worst_first
from orchestrator.report.exporting.workflow_commands import Annotation, Level, printed
from orchestrator.report.figures import Figures, figures
from orchestrator.report.gates import one_run
from orchestrator.report.gates.gate import Answer, Claim, Policy
from orchestrator.report.wording import format as fmt
from orchestrator.values.run import Run
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.words import Status

_BAD = (Status.FAILED, Status.TIMEOUT)


def of_run(run: Run, derived: Figures | None, verdict: str, policy: Policy) -> str:
    """Checks that failed and measurement errors; rows that are SLOWER than the baseline, which is a
    finding and no failure; rows that are open. verdict: the run in a sentence."""
    undone = run.result is None or run.result.status is not Status.OK
    least = Level.ERROR if undone else Level.NOTICE
    return printed(verdict, _of_run(run, derived, policy), least)


def of_comparison(found: Comparison, policy: Policy) -> str:
    """Rows that are SLOWER by the policy of the gate, broke, are open, or not there any more."""
    runs = f"before {found.before.card.run_id}, after {found.after.card.run_id}"
    answer = found.ruling(policy).answer
    least = Level.NOTICE if answer is Answer.PASSED else Level.WARNING
    summary = f"{verdict_line(found)} {first_line(found)} ({runs})"
    return printed(summary, _of_comparison(found, policy), least)


def _of_run(run: Run, derived: Figures | None, policy: Policy) -> Iterator[Annotation]:
    if derived is None or run.result is None:
        return
    yield from _errors(derived, "")
    for check in run.result.checks:
        yield from _failed(check)
    ruling = one_run.ruling(run, policy)
    for claim in ruling.slower:
        about = f"SLOWER than the baseline: {claim.about}"
        yield Annotation(Level.WARNING, about, _speed(claim))
    for claim in ruling.open_rows:
        yield Annotation(Level.NOTICE, f"INCONCLUSIVE: {claim.about}", claim.reason)


def _of_comparison(found: Comparison, policy: Policy) -> Iterator[Annotation]:
    for run, which in ((found.after, ""), (found.before, " (before)")):
        if run.result is not None:
            yield from _errors(figures(run.result), which)
    for one in found.broke:
        about = wording.row(one.provider, one.case, one.method)
        yield Annotation(Level.ERROR, f"BROKE: {about}", one.reason)
    if found.after.result is not None:
        broke = {(one.provider, one.case) for one in found.broke}
        for check in found.after.result.checks:
            if (check.provider, check.case) not in broke:
                yield from _failed(check)
    yield from _rows(found, policy)
    for change in found.changes:
        if change.spills:
            yield Annotation(Level.WARNING, "SPILLS", change.words)
    away = [one for one in found.lost if not one.broke]
    gone: tuple[Lost | Refused, ...] = (*away, *found.refused)
    for each in gone:
        about = wording.row(each.provider, each.case, each.method)
        yield Annotation(Level.WARNING, f"NOT COMPARED: {about}", each.reason)


def _rows(found: Comparison, policy: Policy) -> Iterator[Annotation]:
    """As the gate sees them, so that what is marked is what the exit code is about."""
    ruling = found.ruling(policy)
    slower = {claim.about for claim in ruling.slower}
    still_open = {claim.about: claim.reason for claim in ruling.open_rows}
    for row in worst_first(found.rows):
        about = wording.row(row.provider, row.case, row.method)
        if about in slower:
            yield Annotation(Level.ERROR, f"SLOWER: {about}", _figures(row))
        elif about in still_open and not row.by_graph:
            reason = still_open[about]
            yield Annotation(Level.NOTICE, f"{row.verdict.value}: {about}", reason or _figures(row))
    for claim in ruling.slower:
        if claim.about.startswith("ceiling "):
            yield Annotation(Level.ERROR, f"LOWER: {claim.about}", claim.reason)


def _figures(row: Row) -> str:
    speedup = row.found.judged.speedup
    gain = f"gain on the baseline {fmt.times(speedup)}; " if speedup.n else ""
    before, after = fmt.with_interval(row.before), fmt.with_interval(row.after)
    return f"{gain}{before} µs before, {after} µs after"


def _errors(derived: Figures, which: str) -> Iterator[Annotation]:
    for one in derived.errors:
        yield Annotation(Level.ERROR, f"MEASUREMENT ERROR{which}: {one.about}", one.text)


def _failed(check: CheckRecord) -> Iterator[Annotation]:
    if check.status in _BAD:
        title = f"CHECK {check.status.name}: {check.provider} on {check.case.label}"
        yield Annotation(Level.ERROR, title, check.reason or "no reason given")


def _speed(claim: Claim) -> str:
    """Only what has an interval is called SLOWER."""
    low, high = (fmt.rounded(one or 0.0, None) for one in (claim.low, claim.high))
    return f"{low} to {high} times as fast as the baseline"
