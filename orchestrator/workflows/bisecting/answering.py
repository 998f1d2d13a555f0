"""From a run to what git is told of a commit: good, bad, or that it cannot be tried."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from orchestrator.here.bisection import Word
from orchestrator.performance.verdict import Verdict
from orchestrator.report.figures import Figure, figures
from orchestrator.report.wording import format as fmt
from orchestrator.values.run import Run
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status


class Looking(str, Enum):
    """For the commit that did what."""

    SLOWER = "slower"
    FASTER = "faster"
    BROKEN = "broken"

    @property
    def verdict(self) -> Verdict | None:
        """Of a commit that has it, against one that has not."""
        return {"slower": Verdict.SLOWER, "faster": Verdict.FASTER}.get(self.value)


@dataclass(frozen=True)
class Speedup:
    """How many times as fast as the base a commit is, by which starts, and on which row. words: the
    same for people, with no more digits than the interval warrants."""

    middle: float
    low: float | None
    high: float | None
    starts: int
    row: str
    verdict: str
    words: str


@dataclass(frozen=True)
class Answer:
    """word: None where more starts may decide. told: why, in words. run: that it rests on, "" for
    none; rows: of that race."""

    word: Word | None
    told: str
    run: str = ""
    rows: tuple[Speedup, ...] = field(default=())

    @property
    def telling(self) -> Speedup | None:
        """The row that tells most clearly, of those that are spoken of."""
        return self.rows[0] if self.rows else None


def of_race(run: Run, names: Iterable[str], looking: Looking) -> Answer:
    """names: of the providers that are of the commit; each has been raced against itself."""
    names = tuple(names)
    if run.result is None:
        return Answer(Word.SKIP, f"no result: {_ended(run)}", run.name)
    wrong = _wrong(run.result, (*names, *run.result.request.before))
    if wrong:
        return Answer(Word.SKIP, wrong, run.name)
    rows = [row for row in _rows(run.result, names) if row.against is not None and row.trusted]
    if not rows:
        left_out = (one.reason for one in run.result.checks if one.provider in names and one.reason)
        why = next(left_out, "") or run.result.reason or "no pair of them was timed"
        return Answer(Word.SKIP, f"nothing was raced: {why}", run.name)
    having = [row for row in rows if _verdict(row) is looking.verdict]
    if having:
        return _answer(Word.BAD, having, run)
    if left := [row for row in rows if _verdict(row) is Verdict.INCONCLUSIVE]:
        return _answer(None, left, run)
    return _answer(Word.GOOD, rows, run)


def of_check(run: Run, names: Iterable[str]) -> Answer:
    """Whether all of them pass on every case."""
    names = tuple(names)
    if run.result is None:
        return Answer(Word.SKIP, f"no result: {_ended(run)}", run.name)
    if wrong := _wrong(run.result, names):
        return Answer(Word.BAD, wrong, run.name)
    own = [one for one in run.result.checks if one.provider in names]
    skipped = [one for one in own if one.status is not Status.OK]
    if skipped or not own:
        why = skipped[0].reason if skipped else run.result.reason
        return Answer(Word.SKIP, why or "nothing was checked", run.name)
    return Answer(Word.GOOD, f"passes its check on {fmt.count(len(own), 'case')}", run.name)


def _ended(run: Run) -> str:
    return run.end.words if run.end else "the run did not come home"


def _wrong(result: Result, names: tuple[str, ...]) -> str:
    """What of these is wrong or does not compile; "" for nothing."""
    bad = (Status.FAILED, Status.TIMEOUT)
    found = (one for one in result.checks if one.provider in names and one.status in bad)
    first = next(found, None)
    if first is None:
        return ""
    why = first.reason.partition("\n")[0] or first.status.value
    return f"{first.provider} fails its check on {first.case.label}: {why}"


def _rows(result: Result, names: tuple[str, ...]) -> list[Figure]:
    """By one method: that of graphs is asked for where the host was too slow for the other."""
    rows = [row for row in figures(result).rows if row.record.provider in names]
    usual = [row for row in rows if row.record.method is Method.BACK_TO_BACK]
    return usual or rows


def _verdict(row: Figure) -> Verdict:
    assert row.against is not None
    return row.against.verdict


def _answer(word: Word | None, rows: list[Figure], run: Run) -> Answer:
    told = tuple(sorted(map(_speedup, rows), key=_clarity, reverse=True))
    first = told[0]
    more = f" and {len(told) - 1} more" if len(told) > 1 else ""
    starts = fmt.count(first.starts, "start")
    words = f"{first.verdict} {first.words}, {starts}, on {first.row}{more}"
    return Answer(word, words, run.name, told)


def _speedup(row: Figure) -> Speedup:
    assert row.against is not None
    found, record = row.against.speedup, row.record
    about = f"{record.case.label}, {record.method.value}"
    return Speedup(
        found.median,
        found.low,
        found.high,
        found.n,
        about,
        row.against.verdict.value,
        fmt.speedup(row.against),
    )


def _clarity(one: Speedup) -> float:
    """How many half-widths it lies from 1."""
    if one.low is None or one.high is None or one.high <= one.low:
        return 0.0
    return abs(math.log(one.middle)) / math.log(one.high / one.low)
