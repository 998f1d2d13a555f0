"""The three tiers of the original report, each bound to the shape and the GPU it was set for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.performance.device import find
from orchestrator.performance.objection import device_of, on_gpu
from orchestrator.performance.stats import Summary
from remote_payload.contract.case import Shape
from remote_payload.contract.result import Result
from remote_payload.contract.words import DType

TARGET_SHAPE = Shape(batch=16, heads=96, seq=512, dim=64, dtype=DType.FP16, causal=False)
# As `device` calls it. A limit in µs says nothing of a GPU with other clocks, SMs or memory.
TARGET_GPU = "H100 SXM"


@dataclass(frozen=True)
class Tier:
    """A limit on µs/head at TARGET_SHAPE on TARGET_GPU. inclusive: to meet it exactly is enough."""

    name: str
    limit_us: float
    inclusive: bool

    @property
    def criterion(self) -> str:
        return f"{'at most' if self.inclusive else 'below'} {self.limit_us:.3f} µs/head"

    def holds(self, per_head_us: float) -> bool:
        """Whether a value meets the limit."""
        return per_head_us < self.limit_us or (self.inclusive and per_head_us == self.limit_us)


TIERS = (
    Tier("Tier 1: match the H100 baseline", 3.820, inclusive=True),
    Tier("Tier 2: exceed it", 3.0, inclusive=False),
    Tier("Tier 3: push the limits", 2.0, inclusive=False),
)


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


def elsewhere(result: Result) -> str:
    """Why the run's machine is not the one that the targets are for; empty if it is.

    A slice of the GPU (MIG) has fewer SMs and is another machine.
    """
    device = device_of(result)
    if device is not None and device.model == TARGET_GPU:
        return ""
    return f"the targets are for {TARGET_GPU}, this is {_machine_of(result)}"


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
    shape: Shape, summary: Summary | None, elsewhere: str = ""
) -> tuple[TierJudgement, ...]:
    """Judge every tier; each stands alone, so that a passed first one hides no other.

    summary: total microseconds per call; None when there is no trustworthy timing. elsewhere: why
    this is not the targets' machine, as by `elsewhere`.
    """
    return tuple(_judge(tier, shape, summary, elsewhere) for tier in TIERS)


def _judge(tier: Tier, shape: Shape, summary: Summary | None, elsewhere: str) -> TierJudgement:
    if shape != TARGET_SHAPE:
        reason = f"the target belongs to {TARGET_SHAPE.label}, this is {shape.label}"
        return TierJudgement(tier, Outcome.NOT_JUDGED, reason)
    if elsewhere:
        return TierJudgement(tier, Outcome.NOT_JUDGED, elsewhere)
    if summary is None:
        return TierJudgement(tier, Outcome.NOT_JUDGED, "no trustworthy timing")
    if summary.low_us is None or summary.high_us is None:
        reason = f"{summary.n} samples give no interval; at least 6 are needed"
        return TierJudgement(tier, Outcome.INCONCLUSIVE, reason)
    if tier.holds(summary.high_us / shape.heads):
        return TierJudgement(tier, Outcome.PASS)
    if not tier.holds(summary.low_us / shape.heads):
        return TierJudgement(tier, Outcome.FAIL)
    return TierJudgement(
        tier, Outcome.INCONCLUSIVE, "the interval straddles the limit: more rounds"
    )
