"""What the starts of a turn say: of each watched provider its time, and how it stands against the
last state, the best one and the baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from orchestrator.performance.family import Family
from orchestrator.performance.objection import about
from orchestrator.performance.starts import Interval, interval
from orchestrator.performance.verdict import Judgement, Verdict
from orchestrator.report.against import find, judged_against
from orchestrator.report.figures import Figures, figures
from orchestrator.workflows.watch.pool import Pooled
from orchestrator.workflows.watch.states import State
from remote_payload.contract.case import Case
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status

LAST, BEST, BASELINE = "last", "best", "baseline"


@dataclass(frozen=True)
class Rival:
    """what: LAST, BEST or BASELINE. who: the provider that it is in this race, by its name."""

    what: str
    who: str


@dataclass(frozen=True)
class Against:
    """The verdict on a row against a rival; None: one of the two has no timing that counts, and why
    says which."""

    rival: Rival
    judgement: Judgement | None
    why: str = ""


@dataclass(frozen=True)
class Row:
    """One provider on one case. time: of its starts, in µs; None with less than two.

    starts: how many it had, in all turns that are pooled.
    """

    provider: str
    case: Case
    method: Method
    time: Interval | None
    starts: int
    against: tuple[Against, ...]


def rivals_of(
    name: str, result: Result, last: State | None, best: State | None
) -> tuple[Rival, ...]:
    """Whom a watched provider was raced against in this result."""
    raced = {one.provider for one in result.bench}
    found = [
        Rival(what, state.twin_name(name))
        for what, state in ((LAST, last), (BEST, best))
        if state is not None
    ]
    baseline = result.request.baseline or result.operator.baseline
    if baseline != name:
        found.append(Rival(BASELINE, baseline))
    return tuple(one for one in found if one.who in raced)


def rows_of(
    result: Result, pooled: Pooled, names: Sequence[str], last: State | None, best: State | None
) -> tuple[Row, ...]:
    """A row for each of the named providers on each case that was timed."""
    rivals = {name: rivals_of(name, result, last, best) for name in names}
    mine = [one for one in pooled.records if not one.control and one.provider in rivals]
    first = pooled.records[0].method if pooled.records else None
    mine = [one for one in mine if one.method is first and one.status is Status.OK]
    told = figures(result)
    rows = sum(len({one.who for one in rivals[record.provider]}) for record in mine)
    looks = max(len(result.request.bench.starts), 1) * max(pooled.looks, 1)
    terms = replace(told.terms, family=Family(rows, looks))

    def judged() -> Iterator[Row]:
        for record in mine:
            verdicts = tuple(_judged(rival, record) for rival in rivals[record.provider])
            yield _row(record, verdicts, pooled.records)

    def _judged(rival: Rival, record: BenchRecord) -> Against:
        base = find(pooled.records, rival.who, record.case, record.method)
        if base is None:
            return Against(rival, None, f"{rival.who} was not timed on that case")
        judgement = judged_against(base, record, pooled.records, told.refuted, terms)
        return Against(rival, judgement, "" if judgement else _unjudged(told, record, base))

    return tuple(judged())


def _unjudged(told: Figures, *records: BenchRecord) -> str:
    """Why no verdict can rest on these: what cannot be true of one, or what it came to instead."""
    for record in records:
        for error in told.errors:
            if error.about == about(record):
                return f"MEASUREMENT ERROR of {record.provider}: {error.text}"
    for record in records:
        if record.status is not Status.OK:
            return f"{record.provider} was not timed to its end: {record.reason}"
    return "samples are missing, or none of them is a time"


def _row(
    record: BenchRecord, verdicts: tuple[Against, ...], records: tuple[BenchRecord, ...]
) -> Row:
    """By graphs, where a verdict goes by them: the other time is the host's."""
    if any(one.judgement and one.judgement.by_graph for one in verdicts):
        record = find(records, record.provider, record.case, Method.GRAPH) or record
    return Row(
        record.provider,
        record.case,
        record.method,
        interval(record),
        len(record.starts),
        verdicts,
    )


def over_all(rows: Sequence[Row], what: str) -> Verdict | None:
    """One word for all rows against a rival: SLOWER where any is, FASTER where any is and none is
    slower, SAME where all are; None where nothing was compared."""
    words = [
        one.judgement.verdict
        for row in rows
        for one in row.against
        if one.rival.what == what and one.judgement is not None
    ]
    for word in (Verdict.SLOWER, Verdict.FASTER, Verdict.INCONCLUSIVE):
        if word in words:
            return word
    return Verdict.SAME if words else None


def middle(rows: Sequence[Row], what: str) -> float | None:
    """The geometric mean of the speed-ups over all rows; None where nothing was compared."""
    logs = [
        math.log(one.judgement.speedup.median)
        for row in rows
        for one in row.against
        if one.rival.what == what and one.judgement is not None and one.judgement.speedup.median > 0
    ]
    return math.exp(sum(logs) / len(logs)) if logs else None
