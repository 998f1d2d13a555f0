"""Two runs side by side: the rows they share, and whether they may be compared at all."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from orchestrator.performance import separate_runs
from orchestrator.performance.objection import CLOCK_DRIFT, on_gpu
from orchestrator.performance.starts import log_ratios
from orchestrator.performance.stats import Summary
from orchestrator.performance.verdict import Judgement, Verdict
from orchestrator.report.against import find
from orchestrator.report.families import sweep
from orchestrator.report.figures import Figure, Figures, figures
from orchestrator.values.run import Run
from remote_payload.contract.case import Case
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.machine import Machine
from remote_payload.contract.records import BenchRecord, CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status

Key = tuple[str, Case, Method]


@dataclass(frozen=True)
class Row:
    """One provider on one case by one method, in both runs.

    by_graph: it is inconclusive by itself, but the row by graph beside it decides the same case.
    """

    provider: str
    case: Case
    method: Method
    before: Summary
    after: Summary
    judgement: Judgement
    by_graph: bool = False


@dataclass(frozen=True)
class Lost:
    """What the first run timed and the second did not. broke: because it failed there."""

    provider: str
    case: Case
    method: Method
    reason: str
    broke: bool


@dataclass(frozen=True)
class Condition:
    """Something that a time depends on besides the code, as each run tells it."""

    what: str
    before: str
    after: str
    same: bool


@dataclass(frozen=True)
class OpenCase:
    """What the first run timed and nothing can be said of now, and why."""

    provider: str
    case: Case
    method: Method
    reason: str


class Gate(str, Enum):
    """What a comparison answers to "did anything get worse?"."""

    REGRESSED = "regressed"
    UNDECIDED = "undecided"
    PASSED = "passed"


DEVICE = "device"
_OF_THE_HOST = "the GPU waited for the host, so these times are the host's; "
_BY_GRAPH = "the rows by graph decide"
_NO_GRAPH = "only graphs could decide, and not both runs have one"


@dataclass(frozen=True)
class Comparison:
    """Both runs; a speed-up above 1 means that the second is faster.

    gained: what only the second run timed.
    """

    before: Run
    after: Run
    conditions: tuple[Condition, ...]
    rows: tuple[Row, ...]
    lost: tuple[Lost, ...]
    gained: tuple[Key, ...]

    @property
    def differences(self) -> tuple[Condition, ...]:
        return tuple(condition for condition in self.conditions if not condition.same)

    @property
    def regressions(self) -> int:
        """Rows that are slower now, on the same model of device, and rows that broke."""
        rows = () if self.other_device else self.rows
        slower = [row for row in rows if row.judgement.verdict is Verdict.SLOWER]
        return len(slower) + len([one for one in self.lost if one.broke])

    @property
    def open_cases(self) -> tuple[OpenCase, ...]:
        """Rows without a verdict, and what the second run lacks without having broken there."""
        unclear = [
            OpenCase(row.provider, row.case, row.method, row.judgement.advice)
            for row in self.rows
            if row.judgement.verdict is Verdict.INCONCLUSIVE and not row.by_graph
        ]
        gone = [
            OpenCase(one.provider, one.case, one.method, one.reason)
            for one in self.lost
            if not one.broke
        ]
        return (*unclear, *gone)

    @property
    def other_device(self) -> Condition | None:
        """The two devices, if they differ: then no figure tells anything of the code."""
        return next((one for one in self.differences if one.what == DEVICE), None)

    @property
    def gate(self) -> Gate:
        """REGRESSED if anything did; else UNDECIDED unless all that the first run timed is
        known, on the same model of device, not to have got slower."""
        if self.regressions:
            return Gate.REGRESSED
        if not self.rows or self.open_cases or self.other_device:
            return Gate.UNDECIDED
        return Gate.PASSED


def compare(before: Run, after: Run) -> Comparison:
    """Compare two runs that both have a result; ValueError if one has none."""
    if before.result is None or after.result is None:
        raise ValueError("a run without a result cannot be compared")
    first, second = figures(before.result), figures(after.result)
    old, new = _timed(first), _timed(second)
    rows = tuple(_row(key, old[key], new[key], first, second) for key in old if key in new)
    return Comparison(
        before,
        after,
        tuple(_conditions(before.result, after.result)),
        rows,
        tuple(_lost(key, after.result) for key in old if key not in new),
        tuple(key for key in new if key not in old),
    )


def in_words(cases: Iterable[Case], operator: OperatorFacts) -> str:
    """Cases, with the values of those that differ in one axis alone together."""
    given = tuple(dict.fromkeys(cases))
    along = sweep(given, operator)
    values: dict[str, list[str]] = {}
    for case in given:
        values.setdefault(along.family(case).label, []).append(str(along.value(case)))
    return "; ".join(
        f"{rest} {along.symbols}={','.join(counts)}" for rest, counts in values.items()
    )


def _timed(of: Figures) -> dict[Key, Figure]:
    """What a run timed completely, and what no objection refutes."""
    rows = [row for row in of.rows if row.trusted]
    return {(r.record.provider, r.record.case, r.record.method): r for r in rows}


def _row(key: Key, old: Figure, new: Figure, first: Figures, second: Figures) -> Row:
    before, after = old.trusted, new.trusted
    assert before is not None and after is not None, "only trusted figures are compared"  # noqa: PT018
    sides = _ratios(old, first), _ratios(new, second)
    judged = separate_runs.judge(*sides, separate_runs.spread_of(()), second.terms)
    if old.host_bound or new.host_bound:
        graphs = [first.by_graph(old), second.by_graph(new)]
        decided = all(graph is not None and graph.trusted for graph in graphs)
        advice = _OF_THE_HOST + (_BY_GRAPH if decided else _NO_GRAPH)
        judged = Judgement(Verdict.INCONCLUSIVE, judged.speedup, judged.noise, advice)
        return Row(*key, before, after, judged, by_graph=decided)
    return Row(*key, before, after, judged)


def _ratios(row: Figure, of: Figures) -> list[separate_runs.RunRatio]:
    """What the row was to its own run's baseline."""
    one, baseline = row.record, of.result.operator.baseline
    base = find(of.result.bench, baseline, one.case, one.method)
    found = separate_runs.run_ratio(log_ratios(base, one)) if base else None
    return [found] if found else []


def _lost(key: Key, result: Result) -> Lost:
    provider, case, _ = key
    checked = [c for c in result.checks if (c.provider, c.case) == (provider, case)]
    timed = [r for r in result.bench if (r.provider, r.case, r.method) == key and not r.control]
    broken = (Status.FAILED, Status.TIMEOUT)
    records: list[CheckRecord | BenchRecord] = [*checked, *timed]
    for record in records:
        if record.status is not Status.OK:
            reason = f"{record.status.value}, {record.reason or 'no reason given'}"
            return Lost(*key, reason, record.status in broken)
    if timed:
        return Lost(*key, "its timing is refuted or unusable", broke=True)
    if any(check.emulated for check in checked):
        return Lost(*key, "only checked, in the emulator, which has no speed", broke=False)
    if _asked(result, provider, case) and result.status is Status.FAILED:
        reason = f"not reached, as the run failed: {result.reason or 'no reason given'}"
        return Lost(*key, reason, broke=not result.unfit)
    return Lost(*key, "not asked for, or not reached", broke=False)


def _asked(result: Result, provider: str, case: Case) -> bool:
    request = result.request
    names = [each.name for each in request.providers]
    return provider in names and case in (*request.cases, *request.cpu_cases)


def _conditions(before: Result, after: Result) -> Iterator[Condition]:
    old, new = before.machine, after.machine
    yield _condition(DEVICE, _device(before), _device(after))
    # A container gets a new host name with each start; its GPU keeps its own.
    what, digest = ("GPU itself", "gpu_uuid") if on_gpu(before) else ("machine", "hostname")
    yield _condition(what, *_identity(_digest(old, digest), _digest(new, digest)))
    for what in ("driver", "torch"):
        yield _condition(what, _fact(old, what), _fact(new, what))
    yield _condition("power limit", _power(old), _power(new))
    yield _clocks(_clock_mhz(before), _clock_mhz(after))
    yield _condition("cases", _cases(before), _cases(after))
    yield _condition("calls per sample", _calls(before), _calls(after))


def _condition(what: str, before: str, after: str) -> Condition:
    return Condition(what, before, after, before == after)


def _device(result: Result) -> str:
    machine = result.machine
    if machine is None:
        return "unknown"
    return (machine.gpu or "unknown GPU") if on_gpu(result) else f"CPU: {machine.cpu}"


def _digest(machine: Machine | None, what: str) -> str | None:
    found: str | None = getattr(machine, f"{what}_digest", None)
    return found


def _identity(before: str | None, after: str | None) -> tuple[str, str]:
    """Two digests in words, since the digits tell nobody anything."""
    if before == after:
        return ("the same", "the same") if before else ("none told", "none told")
    return "one" if before else "none told", "another" if after else "none told"


def _fact(machine: Machine | None, what: str) -> str:
    return str(getattr(machine, what, None) or "none told")


def _power(machine: Machine | None) -> str:
    states = [machine.after, machine.before] if machine else []
    limits = [state.power_limit_w for state in states if state and state.power_limit_w]
    return f"{limits[0]:.0f} W" if limits else "none told"


def _clock_mhz(result: Result) -> float | None:
    """Median SM clock right after the timings, when the GPU was still warm."""
    states = [r.after for r in result.bench if r.status is Status.OK and r.after]
    known = [state.sm_clock_mhz for state in states if state.sm_clock_mhz]
    return statistics.median(known) if known else None


def _clocks(before: float | None, after: float | None) -> Condition:
    words = [f"{clock:.0f} MHz" if clock else "none told" for clock in (before, after)]
    same = before == after
    if before and after:
        same = max(before, after) <= min(before, after) * (1 + CLOCK_DRIFT)
    return Condition("SM clock when timed", words[0], words[1], same)


def _cases(result: Result) -> str:
    timed = (r.case for r in result.bench if r.status is Status.OK)
    return in_words(timed, result.operator) or "none"


def _calls(result: Result) -> str:
    taken = {(r.method.value, r.calls) for r in result.bench if r.status is Status.OK}
    return ", ".join(f"{method} {calls}" for method, calls in sorted(taken)) or "none"
