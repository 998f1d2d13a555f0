"""What a run says of ours against the baseline, start by start; the run's own offset cancels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from orchestrator.performance.family import FEWEST_STARTS
from orchestrator.performance.separate_runs import RunRatio, run_ratio
from orchestrator.performance.starts import log_ratios
from orchestrator.performance.verdict import ONE_START
from orchestrator.report.against import find
from orchestrator.report.comparing.alike import Key, device_of
from orchestrator.report.comparing.conditions import conditions
from orchestrator.values.run import Run
from remote_payload.contract.case import Case
from remote_payload.contract.plans import BuildPlan
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status


@dataclass(frozen=True)
class Told:
    """One run, as far as it tells how much runs of one code differ.

    where: host, device, operator and baseline; only runs of one kind are alike in these. pairs:
    every provider against the baseline; controls: the baseline's second process against its first.
    """

    run_id: str
    where: tuple[str, ...]
    snapshot: str
    build: BuildPlan
    providers: tuple[Provider, ...]
    pairs: dict[Key, RunRatio]
    controls: dict[tuple[Case, Method], RunRatio]

    def code(self, provider: str) -> tuple[object, ...]:
        """Equal for runs in which the provider's name meant the same program."""
        asked = next((one for one in self.providers if one.name == provider), Provider(provider))
        return self.snapshot, self.build, replace(asked, required=False, against="")


def told_by(run: Run, result: Result) -> Told:
    """What the run's result tells."""
    operator, asked = result.operator, result.request
    target = operator.target or asked.operator_target
    where = (run.card.host, device_of(result), operator.name, target, operator.baseline)
    return Told(
        run.card.run_id,
        where,
        asked.snapshot,
        asked.build,
        asked.providers,
        dict(_pairs(result)),
        dict(_controls(result)),
    )


@dataclass(frozen=True)
class Past:
    """before, after: what the compared runs tell; others: what other runs of their kind do.

    beside: those of the others that are of the same code as one of the two, under the same
    conditions, so that they are more runs of that side.
    """

    before: Told
    after: Told
    others: tuple[Told, ...] = ()
    beside: frozenset[str] = frozenset()


def past_of(before: Run, after: Run, history: Iterable[Run]) -> Past | None:
    """None where one of the two has no result."""
    if before.result is None or after.result is None:
        return None
    two = told_by(before, before.result), told_by(after, after.result)
    others: list[Told] = []
    beside: set[str] = set()
    for run in history:
        one = told_by(run, run.result) if run.result else None
        if one is None or run.result is None or one.where not in (two[0].where, two[1].where):
            continue
        others.append(one)
        for told, result in zip(two, (before.result, after.result), strict=True):
            same = (one.snapshot, one.build) == (told.snapshot, told.build)
            if same and not _apart(result, run.result):
                beside.add(one.run_id)
    return Past(*two, tuple(others), frozenset(beside))


def _apart(one: Result, other: Result) -> bool:
    """Whether conditions differ that can explain a difference."""
    return any(each.explains for each in conditions(one, other, same_sources=True))


def why_untold(result: Result, key: Key) -> str:
    """Why a run says nothing of a provider against the baseline."""
    provider, case, method = key
    base = find(result.bench, result.operator.baseline, case, method)
    record = find(result.bench, provider, case, method)
    if base is None or record is None or not _whole(base) or not _whole(record):
        return "no baseline was timed beside it, so the machine's part in its time is unknown"
    if not record.starts or not base.starts:
        return ONE_START
    number = len(log_ratios(base, record))
    return f"{number} starts had clocks that were not held back; {FEWEST_STARTS} are the least"


def _pairs(result: Result) -> Iterator[tuple[Key, RunRatio]]:
    for record in result.bench:
        base = find(result.bench, result.operator.baseline, record.case, record.method)
        if record.control or base is None or base == record:
            continue
        if ratio := _ratio(base, record):
            yield (record.provider, record.case, record.method), ratio


def _controls(result: Result) -> Iterator[tuple[tuple[Case, Method], RunRatio]]:
    for record in result.bench:
        base = find(result.bench, record.provider, record.case, record.method)
        if record.control and base and (ratio := _ratio(base, record)):
            yield (record.case, record.method), ratio


def _ratio(base: BenchRecord, record: BenchRecord) -> RunRatio | None:
    if not _whole(base) or not _whole(record):
        return None
    return run_ratio(log_ratios(base, record))


def _whole(record: BenchRecord) -> bool:
    return record.status is Status.OK
