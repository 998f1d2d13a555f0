"""The first line of a report: one sentence of truth about the whole run."""

from __future__ import annotations

from collections import Counter

from orchestrator.readers.ptxas import first_error
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.first.raced import SPOKEN_OF, of_provider, timings
from orchestrator.report.first.trust import trust
from orchestrator.report.folder import not_what_came
from orchestrator.report.subject import beside, own, unraced
from orchestrator.report.wording import format as fmt
from orchestrator.values.run import Run
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status

_STATUS_WORDS = {
    Status.FAILED: "FAILED",
    Status.TIMEOUT: "TIMEOUT",
    Status.CANCELLED: "CANCELLED",
    Status.SKIPPED: "SKIPPED",
}


def headline(run: Run, figures: Figures | None) -> str:
    """One sentence: the gravest fact first, else what was found."""
    if run.result is None or figures is None:
        if why := not_what_came(run):
            return f"NO RESULT: {why}."
        ended = f": the job {run.end.words}" if run.end else ""
        return f"NO RESULT: no result came back{ended}."
    if figures.errors:
        first, more = figures.errors[0], len(figures.errors) - 1
        rest = f" (and {fmt.count(more, 'more error')})" if more else ""
        return f"MEASUREMENT ERROR: {first.about}: {first.text}{rest}.{_own_verdicts(figures)}"
    if run.result.status is not Status.OK:
        return f"{_failure(run.result)}{_own_verdicts(figures)}"
    if figures.rows:
        return timings(figures)
    if run.result.checks:
        return _checks(run.result)
    if run.result.proofs:
        return _proofs(run.result)
    return "OK: the build succeeded; nothing was checked or timed." if run.result.build else "OK."


def _own_verdicts(figures: Figures) -> str:
    """Of the user's own that were timed whole, behind what ended the run or is wrong in it."""
    timed = (
        [row for row in figures.of_method(figures.methods[0]) if row.trusted]
        if figures.rows
        else []
    )
    present = {row.record.provider for row in timed}
    mine = [name for name in own(figures.result) if name in present][:SPOKEN_OF]
    if not mine:
        return ""
    told = "; ".join(of_provider(name, timed, figures) for name in mine)
    return f" {told}; {trust([row for row in timed if row.record.provider in mine], figures)}."


def is_ok(run: Run, figures: Figures | None) -> bool:
    """Whether the run reached its end and nothing in it contradicts physics or the gates."""
    reached_end = run.result is not None and run.result.status is Status.OK
    return reached_end and figures is not None and not figures.errors


def undecided(run: Run, figures: Figures | None) -> str:
    """What a run that went well was made for and did not come to, and why; else empty.

    A gate over nothing is not green: nothing checked, nothing timed, nothing proven.
    """
    if not is_ok(run, figures) or run.result is None or figures is None:
        return ""
    result, stages = run.result, {stage.stage for stage in run.result.stages}
    if Stage.BENCH in stages and not any(row.trusted for row in figures.rows):
        return f"nothing was timed: {_untimed(result)}"
    told = unraced(result)
    if told and all(row.against is None for row in _now(figures)):
        return f"nothing was raced: {'; '.join(told)}"
    if Stage.CHECK in stages and all(one.status is not Status.OK for one in result.checks):
        return "nothing was checked: no case could run"
    return _unproven(result) if Stage.PROVE in stages else ""


def _now(figures: Figures) -> list[Figure]:
    """The rows of those that are raced against a revision."""
    mine = [one.name for one in figures.result.request.providers if one.against]
    return [row for row in figures.rows if row.record.provider in mine]


def _unproven(result: Result) -> str:
    """A proof asked for by name has to be given; of the others, one."""
    reasons = {proof.name: proof.reason.rstrip(".") for proof in result.proofs}
    given = {proof.name for proof in result.proofs if proof.status is Status.OK}
    judged = {proof.name for proof in result.proofs if proof.for_people}
    lacking = [name for name in result.request.prove.proofs if name not in given | judged]
    if lacking:
        return f"{lacking[0]} was not proven: {reasons.get(lacking[0], 'it was not reached')}"
    if given:
        return ""
    first = next(iter(reasons.items()), ("no proof", "none was tried"))
    return f"nothing was proven: {first[0]}: {first[1]}"


def failed_case(check: CheckRecord) -> str:
    """Who failed on what, and how; the payload's reason names the worst element."""
    return f"{check.provider} on {check.case.label}: {check.reason or check.status.value}"


def _failure(result: Result) -> str:
    """Why the run stopped; the compiler's or the check's own words where there are any."""
    word = _STATUS_WORDS.get(result.status, "FAILED")
    build = result.build
    if build is not None and build.status is Status.FAILED:
        # Not of those that were only not begun after it.
        lines = [first_error(c.log) for c in build.compilations if c.status is Status.FAILED]
        said = next((line for line in lines if line), build.reason)
        what = "does not compile" if build.nvcc else "was not compiled"
        return f"{word}: csrc/ {what}: {said}"
    wrong = _wrong_checks(result)
    if wrong and result.status is Status.FAILED:
        rest = f"; {fmt.count(len(wrong) - 1, 'more case')} failed" if len(wrong) > 1 else ""
        timed = " What passed its check was timed." if _timed_whole(result) else ""
        return f"{word}: {failed_case(wrong[0])}{rest}.{timed}"
    whole = result.status is Status.FAILED and _timed_whole(result)
    partial = any(record.samples_us for record in result.bench) and not whole
    tail = " Timings below are partial and not judged." if partial else ""
    return f"{word}: {(result.reason or 'no reason given').rstrip('.')}.{tail}"


def _wrong_checks(result: Result) -> list[CheckRecord]:
    """What failed the run in its check, the one that the payload names first; empty if something
    else did: the payload's reason begins with the stage that failed the run."""
    if not result.reason.startswith(f"{Stage.CHECK.value}: "):
        return []
    bad = (Status.FAILED, Status.TIMEOUT)
    wrong = [check for check in result.checks if check.status in bad]
    return sorted(
        wrong, key=lambda check: f"{check.provider} on {check.case.label}" not in result.reason
    )


def _timed_whole(result: Result) -> bool:
    bench = next((stage for stage in result.stages if stage.stage is Stage.BENCH), None)
    return bench is not None and bench.status is Status.OK


def _checks(result: Result) -> str:
    tally = Counter(check.status for check in result.checks)
    skipped = f", {tally[Status.SKIPPED]} skipped" if tally[Status.SKIPPED] else ""
    if not tally[Status.OK]:
        return f"NOTHING CHECKED: no case could run{skipped}."
    if Stage.BENCH in result.request.stages:
        return f"NOTHING TIMED: {_untimed(result)}."
    mine = "".join(f"{_passed(name, result)}; " for name in own(result)[:SPOKEN_OF])
    passed = f"{fmt.count(tally[Status.OK], 'check')} passed{skipped}{beside(result)}"
    return f"OK: {mine}{passed}; nothing was timed."


def _passed(name: str, result: Result) -> str:
    mine = [check.status for check in result.checks if check.provider == name]
    return f"{name} passed {mine.count(Status.OK)} of {fmt.count(len(mine), 'check')}"


def _untimed(result: Result) -> str:
    """Why there is no timing though checks passed."""
    passed = [check for check in result.checks if check.status is Status.OK]
    count = f"{fmt.count(len(passed), 'check')} passed, but"
    if all(check.emulated for check in passed):
        return f"{count} only in the emulator, which has no speed"
    return f"{count} no provider was timed"


def _proofs(result: Result) -> str:
    tally = Counter(proof.status for proof in result.proofs)
    if not tally[Status.OK]:
        return f"NOTHING PROVEN: {result.proofs[0].name}: {result.proofs[0].reason.rstrip('.')}."
    skipped = f", {tally[Status.SKIPPED]} skipped" if tally[Status.SKIPPED] else ""
    people = sum(proof.for_people for proof in result.proofs)
    judged = f", {people} for people to judge" if people else ""
    return f"OK: {fmt.count(tally[Status.OK], 'proof')} given{skipped}{judged}; nothing was timed."
