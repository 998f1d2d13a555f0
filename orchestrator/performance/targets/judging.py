"""Whether a time meets targets, each bound to a case, a method and a model of GPU."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from orchestrator.performance.device import find
from orchestrator.performance.family import ALONE, MOST_STARTS, starts_for
from orchestrator.performance.objection import device_of, on_gpu
from orchestrator.performance.starts import Interval
from orchestrator.performance.work import size
from remote_payload.contract.case import Case
from remote_payload.contract.facts import CaseFacts, Targets, Tier
from remote_payload.contract.result import Result


class Outcome(str, Enum):
    """What became of a tier."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class TierJudgement:
    """One tier, judged by itself. reason: why it is not a plain PASS or FAIL."""

    tier: Tier
    outcome: Outcome
    reason: str = ""


def in_force(result: Result) -> tuple[Targets, ...]:
    """The targets that a run is judged by: those that travelled with it, else what its operator
    says of itself."""
    travelled, said = result.request.targets, result.operator.targets
    if travelled is not None:
        return travelled
    return (said,) if said else ()


def unit_of(targets: Targets, unit: str) -> str:
    """What its limits are counted in. unit: the operator's own."""
    return "µs/call" if targets.whole_call else unit


def per_of(targets: Targets, facts: CaseFacts) -> int:
    """What the time of a call is divided by before it is held against a limit."""
    return 1 if targets.whole_call else facts.per


def criterion(tier: Tier, unit: str) -> str:
    """The limit in words."""
    return f"{'at most' if tier.inclusive else 'below'} {limit(tier)} {unit}"


def limit(tier: Tier) -> str:
    """With three decimals, or as many as somebody wrote."""
    told = f"{tier.limit_us:.3f}"
    return told if float(told) == tier.limit_us else f"{tier.limit_us:.9f}".rstrip("0")


def holds(tier: Tier, value_us: float) -> bool:
    """Whether a time in the targets' unit meets the limit."""
    return value_us < tier.limit_us or (tier.inclusive and value_us == tier.limit_us)


def is_for(targets: Targets, case: Case) -> bool:
    """Whether the case is theirs. The axes of a user's own operator may stand in any order."""
    mine = targets.case
    same = (mine.operator, mine.dtype) == (case.operator, case.dtype)
    return same and dict(mine.axes) == dict(case.axes)


def elsewhere(result: Result, targets: Targets) -> str:
    """Why the run's machine is not the one that the targets are for; empty if it is.

    A slice of the GPU (MIG) has fewer SMs and is another machine.
    """
    device, machine = device_of(result), result.machine
    if device is not None and targets.gpu in (device.model, *device.gpu_names):
        return ""
    unknown = machine is not None and on_gpu(result) and find(machine.gpu) is None
    if unknown and machine is not None and machine.gpu == targets.gpu:
        return ""
    return f"the targets are for {targets.gpu}, this is {_machine_of(result)}"


def _machine_of(result: Result) -> str:
    machine = result.machine
    if machine is None:
        return "a machine that told nothing of itself"
    if machine.gpu is None or not on_gpu(result):
        return "a CPU"
    known = find(machine.gpu)
    if known is not None and machine.sm_count not in (None, known.sm_count):
        return f"a slice of {machine.gpu}, {machine.sm_count} of {known.sm_count} SMs"
    return machine.gpu


def judge_tiers(
    targets: Targets,
    facts: CaseFacts,
    interval: Interval | None,
    why_not: str = "",
    level: float = ALONE,
) -> tuple[TierJudgement, ...]:
    """Judge every tier; each stands alone, so that a passed first one hides no other.

    interval: of a call's time in µs, which it misses with the probability `level`; None where the
    samples decide nothing, as `why_not` says.
    """
    return tuple(_judge(tier, targets, facts, interval, why_not, level) for tier in targets.tiers)


def not_judged(targets: Targets, reason: str) -> tuple[TierJudgement, ...]:
    """Every tier where there is nothing to hold against it."""
    return tuple(TierJudgement(tier, Outcome.NOT_JUDGED, reason) for tier in targets.tiers)


def _judge(
    tier: Tier,
    targets: Targets,
    facts: CaseFacts,
    interval: Interval | None,
    why_not: str,
    level: float,
) -> TierJudgement:
    if not is_for(targets, facts.case):
        reason = f"the target belongs to {targets.case.label}, this is {facts.case.label}"
        return TierJudgement(tier, Outcome.NOT_JUDGED, reason)
    if interval is None:
        return TierJudgement(tier, Outcome.INCONCLUSIVE, why_not)
    per = per_of(targets, facts)
    if holds(tier, interval.high / per):
        return TierJudgement(tier, Outcome.PASS)
    if not holds(tier, interval.low / per):
        return TierJudgement(tier, Outcome.FAIL)
    reason = (
        f"the limit lies within the interval; {_would_do(tier.limit_us * per, interval, level)}"
    )
    return TierJudgement(tier, Outcome.INCONCLUSIVE, reason)


def _would_do(limit_us: float, seen: Interval, level: float) -> str:
    """How many starts would decide, if their middle and their spread stay as they were seen."""
    away = abs(math.log(limit_us / seen.middle))
    needed = starts_for(seen.spread, away, level)
    if needed is None:
        return f"it is so near that not even {MOST_STARTS} starts would do"
    # As many as there are did not do: the middle was seen, and is not known.
    return f"about {max(needed, seen.starts + 1)} starts would do, there are {seen.starts}"


def weight(facts: CaseFacts, targets: Sequence[Targets]) -> tuple[bool, int]:
    """How much a case tells of a run: that of a target the most, then the one with most work."""
    return any(is_for(one, facts.case) for one in targets), size(facts)
