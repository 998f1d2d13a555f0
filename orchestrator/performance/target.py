"""Whether a time meets an operator's targets, each bound to a case and a model of GPU."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.performance.device import find
from orchestrator.performance.objection import device_of, on_gpu
from orchestrator.performance.stats import Summary
from orchestrator.performance.work import size
from remote_payload.contract.facts import CaseFacts, OperatorFacts, Targets, Tier
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


def criterion(tier: Tier, unit: str) -> str:
    """The limit in words."""
    return f"{'at most' if tier.inclusive else 'below'} {tier.limit_us:.3f} {unit}"


def holds(tier: Tier, value_us: float) -> bool:
    """Whether a time in the operator's unit meets the limit."""
    return value_us < tier.limit_us or (tier.inclusive and value_us == tier.limit_us)


def elsewhere(result: Result, targets: Targets) -> str:
    """Why the run's machine is not the one that the targets are for; empty if it is.

    A slice of the GPU (MIG) has fewer SMs and is another machine.
    """
    device = device_of(result)
    if device is not None and device.model == targets.gpu:
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
    targets: Targets, facts: CaseFacts, summary: Summary | None, elsewhere: str = ""
) -> tuple[TierJudgement, ...]:
    """Judge every tier; each stands alone, so that a passed first one hides no other.

    summary: total microseconds per call; None when there is no trustworthy timing. elsewhere: why
    this is not the targets' machine, as by `elsewhere`.
    """
    return tuple(_judge(tier, targets, facts, summary, elsewhere) for tier in targets.tiers)


def _judge(
    tier: Tier, targets: Targets, facts: CaseFacts, summary: Summary | None, elsewhere: str
) -> TierJudgement:
    if facts.case != targets.case:
        reason = f"the target belongs to {targets.case.label}, this is {facts.case.label}"
        return TierJudgement(tier, Outcome.NOT_JUDGED, reason)
    if elsewhere:
        return TierJudgement(tier, Outcome.NOT_JUDGED, elsewhere)
    if summary is None:
        return TierJudgement(tier, Outcome.NOT_JUDGED, "no trustworthy timing")
    if summary.low_us is None or summary.high_us is None:
        reason = f"{summary.n} samples give no interval; at least 6 are needed"
        return TierJudgement(tier, Outcome.INCONCLUSIVE, reason)
    if holds(tier, summary.high_us / facts.per):
        return TierJudgement(tier, Outcome.PASS)
    if not holds(tier, summary.low_us / facts.per):
        return TierJudgement(tier, Outcome.FAIL)
    return TierJudgement(
        tier, Outcome.INCONCLUSIVE, "the interval straddles the limit: more rounds"
    )


def weight(facts: CaseFacts, operator: OperatorFacts) -> tuple[bool, int]:
    """How much a case tells of a run: the targets' case the most, then the one with most work."""
    targets = operator.targets
    return targets is not None and facts.case == targets.case, size(facts)
