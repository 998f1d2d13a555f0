"""Whether a turn was right, and if not, why and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.report.comparing.builds import BuildChange, between
from orchestrator.values.job import Ending
from orchestrator.workflows.watch.outcome import Trouble, Word
from orchestrator.workflows.watch.places import Places
from orchestrator.workflows.watch.racing import Ran
from orchestrator.workflows.watch.states import Part
from remote_payload.contract.machine import BuildReport
from remote_payload.contract.records import BenchRecord, CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.tools.compiler_words import cause, placed
from remote_payload.contract.words import Fault, Status

_BAD = (Status.FAILED, Status.TIMEOUT)
_CUT_SHORT = (Status.TIMEOUT, Status.CANCELLED)
_BROKEN = (Fault.COMPILE, Fault.RAISED, Fault.FORM)


@dataclass(frozen=True)
class Summed:
    word: Word
    troubles: tuple[Trouble, ...] = ()


def summed(ran: Ran, parts: Sequence[Part], places: Places) -> Summed:
    """What became of those that are watched; what rivals did is not theirs."""
    if ran.end.why is not Ending.EXIT:
        return Summed(Word.FAILED, (Trouble("", f"it {ran.end.words}"),))
    names = {part.provider.name: part for part in parts}
    built = ran.result.build
    if built is not None and built.status is Status.FAILED:
        return Summed(Word.BROKEN, (_unbuilt(built, places),))
    bad = [one for one in ran.result.checks if one.provider in names and one.status in _BAD]
    if bad:
        told = tuple(_of_check(one, names[one.provider], ran.log, places) for one in bad)
        broken = any(one.fault in _BROKEN or one.error is None for one in bad)
        return Summed(Word.BROKEN if broken else Word.WRONG, told)
    if ran.result.status in _CUT_SHORT:
        return Summed(Word.FAILED, (Trouble("", ran.result.reason),))
    if bad_races := [one for one in ran.result.bench if one.provider in names and _is_bad(one)]:
        told = tuple(Trouble(one.provider, one.reason, case=one.case.label) for one in bad_races)
        return Summed(Word.BROKEN, tuple(dict.fromkeys(told)))
    return _without_fault(ran.result, names)


def _without_fault(result: Result, names: Mapping[str, Part]) -> Summed:
    """RIGHT, where each that is watched passed on each case, or says itself that it cannot run
    there; what is missing is told."""
    checks = [one for one in result.checks if one.provider in names]
    skips = tuple(_skips(checks))
    if not any(one.status is Status.OK for one in checks):
        return Summed(Word.FAILED, skips or (_unsaid(result, "nothing was checked"),))
    if missed := _missed(result, checks, names):
        return Summed(Word.FAILED, (_unsaid(result, f"{missed} was not checked"),))
    races = [one for one in result.bench if one.provider in names and not one.control]
    timed = any(one.status is Status.OK for one in races)
    whole = timed and not any(one.status is Status.CANCELLED for one in races)
    # What a rival did fails the run, too, but takes no race from who is watched.
    if result.status is Status.FAILED and not result.unfit and not whole:
        return Summed(Word.FAILED, (_unsaid(result, "it was not timed to its end"),))
    untimed = () if timed or not result.reason else (Trouble("", result.reason),)
    return Summed(Word.RIGHT, (*skips, *untimed))


def _is_bad(record: BenchRecord) -> bool:
    return record.status in _BAD and not record.control


def _of_check(record: CheckRecord, part: Part, log: str, places: Places) -> Trouble:
    """With the place that the reason names; of what was raised that of the log's traceback."""
    below = (part.below,)
    place = places.first(record.reason, below)
    if not place and record.fault is Fault.RAISED:
        place = places.last(_before(log, record), below)
    reason = places.made_local(placed(record.reason))
    return Trouble(record.provider, reason, place, record.case.label)


def _before(log: str, record: CheckRecord) -> str:
    """The log up to the line that tells of this check: its traceback stands there."""
    told = f"check {record.provider} {record.case.label}: "
    return log[: log.find(told)] if told in log else log


def _unbuilt(built: BuildReport, places: Places) -> Trouble:
    log = "\n".join(one.log for one in built.compilations if one.status is Status.FAILED)
    said = cause(log) or built.reason
    return Trouble("", places.made_local(placed(said)), places.first(said, ("csrc",)))


def _missed(result: Result, checks: Sequence[CheckRecord], names: Iterable[str]) -> str:
    """The first of those watched with the first case on which it has no record; "" for none."""
    known = {(one.provider, one.case) for one in checks}
    pairs = ((name, one.case) for name in names for one in result.cases)
    return next(
        (f"{name} on {case.label}" for name, case in pairs if (name, case) not in known), ""
    )


def _skips(checks: Sequence[CheckRecord]) -> Iterator[Trouble]:
    """Who cannot run there, and why; once where that is so on several cases."""
    of: dict[tuple[str, str], list[str]] = {}
    for one in checks:
        if one.status is not Status.OK:
            of.setdefault((one.provider, one.reason), []).append(one.case.label)
    for (provider, reason), cases in of.items():
        yield Trouble(provider, reason, case=cases[0] if len(cases) == 1 else "")


def _unsaid(result: Result, otherwise: str) -> Trouble:
    return Trouble("", result.reason or otherwise)


def changes(before: Result | None, after: Result) -> tuple[BuildChange, ...]:
    """What the compiler says else of the kernels; () where it was not asked before."""
    return between(before, after) if before is not None else ()
