"""The first line of a report: one sentence of truth about the whole run."""

from __future__ import annotations

from collections import Counter

from orchestrator.model.objection import Severity
from orchestrator.model.ptxas import first_error
from orchestrator.model.run import Run
from orchestrator.model.target import TARGET_SHAPE
from orchestrator.model.verdict import Verdict
from orchestrator.report import format as fmt
from orchestrator.report.figures import Figure, Figures
from remote_payload.catalog import BASELINE, OURS
from remote_payload.contract import CheckRecord, Result, Shape, Stage, Status

_STATUS_WORDS = {
    Status.FAILED: "FAILED",
    Status.TIMEOUT: "TIMEOUT",
    Status.CANCELLED: "CANCELLED",
    Status.SKIPPED: "SKIPPED",
}
_AGAINST = {
    Verdict.FASTER: "FASTER than",
    Verdict.SLOWER: "SLOWER than",
    Verdict.SAME: "the SAME as",
    Verdict.INCONCLUSIVE: "INCONCLUSIVE against",
}


def headline(run: Run, figures: Figures | None) -> str:
    """One sentence: the gravest fact first, else what was found."""
    if run.result is None or figures is None:
        ended = f": the job {run.end.words}" if run.end else ""
        return f"NO RESULT: no result came back{ended}."
    if figures.errors:
        first, more = figures.errors[0], len(figures.errors) - 1
        rest = f" (and {fmt.count(more, 'more error')})" if more else ""
        return f"MEASUREMENT ERROR: {first.about}: {first.text}{rest}."
    if run.result.status is not Status.OK:
        return _failure(run.result)
    if figures.rows:
        return _timings(figures)
    if run.result.checks:
        return _checks(run.result)
    if run.result.proofs:
        return _proofs(run.result)
    return "OK: the build succeeded; nothing was checked or timed." if run.result.build else "OK."


def is_ok(run: Run, figures: Figures | None) -> bool:
    """Whether the run reached its end and nothing in it contradicts physics or the gates."""
    reached_end = run.result is not None and run.result.status is Status.OK
    return reached_end and figures is not None and not figures.errors


def failed_case(check: CheckRecord) -> str:
    """Who failed on what, and how; the payload's reason names the worst element."""
    return f"{check.provider} on {check.shape.label}: {check.reason or check.status.value}"


def _failure(result: Result) -> str:
    """Why the run stopped; the compiler's or the check's own words where there are any."""
    word = _STATUS_WORDS.get(result.status, "FAILED")
    build = result.build
    if build is not None and build.status is Status.FAILED:
        lines = [first_error(c.log) for c in build.compilations if c.status is not Status.OK]
        said = next((line for line in lines if line), build.reason)
        return f"{word}: csrc/ does not compile: {said}"
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
        wrong, key=lambda check: f"{check.provider} on {check.shape.label}" not in result.reason
    )


def _timed_whole(result: Result) -> bool:
    bench = next((stage for stage in result.stages if stage.stage is Stage.BENCH), None)
    return bench is not None and bench.status is Status.OK


def _checks(result: Result) -> str:
    tally = Counter(check.status for check in result.checks)
    skipped = f", {tally[Status.SKIPPED]} skipped" if tally[Status.SKIPPED] else ""
    if not tally[Status.OK]:
        return f"NOTHING CHECKED: no case could run{skipped}."
    return f"OK: {fmt.count(tally[Status.OK], 'check')} passed{skipped}; nothing was timed."


def _proofs(result: Result) -> str:
    tally = Counter(proof.status for proof in result.proofs)
    if not tally[Status.OK]:
        return f"NOTHING PROVEN: {result.proofs[0].name}: {result.proofs[0].reason.rstrip('.')}."
    skipped = f", {tally[Status.SKIPPED]} skipped" if tally[Status.SKIPPED] else ""
    people = sum(proof.for_people for proof in result.proofs)
    judged = f", {people} for people to judge" if people else ""
    return f"OK: {fmt.count(tally[Status.OK], 'proof')} given{skipped}{judged}; nothing was timed."


def _timings(figures: Figures) -> str:
    """Ours against the baseline on the shape that matters most, by the first method."""
    first = figures.of_method(figures.methods[0])
    timed = [row for row in first if row.trusted]
    if not timed:
        return "NOTHING TIMED: no provider gave a complete set of samples."
    ours = [row for row in timed if row.record.provider == OURS]
    judged = [row for row in ours if row.against is not None]
    if not judged:
        return f"{_without_verdict(ours or timed, bool(ours))}{_doubts(figures)}."
    row = _flagship(judged)
    tally = Counter(r.against.verdict for r in judged if r.against)
    counts = ", ".join(f"{v.value} on {tally[v]}" for v in Verdict if tally[v])
    overall = f"; of {fmt.count(len(judged), 'shape')}: {counts}" if len(judged) > 1 else ""
    return f"{_sentence(row, figures)}{overall}{_doubts(figures)}."


def _doubts(figures: Figures) -> str:
    number = sum(o.severity is Severity.DOUBT for o in figures.objections)
    return f"; {fmt.count(number, 'doubt')} under Method" if number else ""


def _sentence(row: Figure, figures: Figures) -> str:
    against = row.against
    timed = figures.by_graph(row) if against and against.by_graph else row
    if timed is None or timed.summary is None or against is None:
        return f"{row.record.provider} was not timed"
    shape, method = row.record.shape, timed.record.method.value
    if timed is not row:
        method += f"; by {row.record.method.value} the GPU waited for the host"
    per_head = fmt.with_interval(timed.summary, shape.heads)
    return (
        f"{row.record.provider} is {_AGAINST[against.verdict]} {BASELINE} on {shape.label}: "
        f"{fmt.times(against.speedup)}, {per_head} µs/head ({method})"
    )


def _without_verdict(rows: list[Figure], ours: bool) -> str:
    row = _flagship(rows)
    if row.summary is None:
        return "NOTHING TIMED"
    per_head = fmt.with_interval(row.summary, row.record.shape.heads)
    why = "there is no baseline to compare with" if ours else f"{OURS} was not timed"
    return (
        f"OK: {row.record.provider} takes {per_head} µs/head on {row.record.shape.label} "
        f"({row.record.method.value}); {why}"
    )


def _flagship(rows: list[Figure]) -> Figure:
    """The row on the targets' shape, else on the shape with the most work."""

    def weight(row: Figure) -> tuple[bool, int]:
        shape: Shape = row.record.shape
        return shape == TARGET_SHAPE, shape.batch * shape.heads * shape.seq**2 * shape.dim

    return max(rows, key=weight)
