"""What holds a kernel back: rules over named evidence, and "undetermined" where that is missing.

A rule speaks only of figures it was given, names the source of each, and never fills a gap. Two
kinds of lines are drawn here, and both are heuristics: NVIDIA's (its profiling guide for agents,
perf-nsight-compute-analysis: above 60 % of its peak a resource limits, below 40 % it does not,
under 10 µs a launch weighs more than the kernel), and our own, marked as ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.model.bottleneck_evidence import (
    LAUNCH_US,
    TENSOR_KEYS,
    Evidence,
    Finding,
    Known,
    Limit,
)
from orchestrator.model.bottleneck_remarks import RULES

HIGH_PERCENT, LOW_PERCENT = 60.0, 40.0
# Ours.
_TIE_POINTS = 10.0
_NEAR_ROOF_PERCENT = 80.0
_STALLS_NAMED = 3

_THUMB = "heuristic: NVIDIA's lines of 60 % and 40 %"


@dataclass(frozen=True)
class Bottleneck:
    """limits: one, or several that stand together; unused: evidence that no rule may use."""

    limits: tuple[Limit, ...]
    verdict: Finding
    remarks: tuple[Finding, ...]
    unused: tuple[str, ...]


# Resources by their evidence's key; each is a share of its own peak.
_RESOURCES = {
    "tensor_pipe": Limit.TENSOR,
    "wgmma_pipe": Limit.TENSOR,
    "tc_pipe": Limit.TENSOR,
    "exp_pipe": Limit.EXP,
    "dram": Limit.DRAM,
    "l2": Limit.L2,
    "fma_pipe": Limit.FMA,
    "alu_pipe": Limit.ALU,
    "lsu_pipe": Limit.LSU,
    "issue_slots": Limit.ISSUE,
    "compute": Limit.COMPUTE,
}
_ROOF = "roof_"
_STALL = "stall_"
# Always shown beside a verdict, limiting or not.
_SHOWN = (*TENSOR_KEYS, "exp_pipe", "dram")


def bottleneck(items: Iterable[Evidence]) -> Bottleneck:
    """What the evidence says; a key given twice keeps its first figure."""
    given: dict[str, Evidence] = {}
    for one in items:
        given.setdefault(one.key, one)
    known = {key: one for key, one in given.items() if one.usable}
    unused = tuple(
        f"{one.words} is above its own peak or no number, so it counts for nothing"
        for one in given.values()
        if not one.usable
    )
    limits, verdict = _verdict(known)
    return Bottleneck(limits, verdict, _remarks(known, limits), unused)


def _verdict(known: Known) -> tuple[tuple[Limit, ...], Finding]:
    missing = _missing(known)
    if missing:
        return _without_counters(known, missing)
    ranked = _ranked(known)
    top = ranked[0].value
    if top >= HIGH_PERCENT:
        tied = [one for one in ranked if one.value >= max(HIGH_PERCENT, top - _TIE_POINTS)]
        limits = tuple(dict.fromkeys(_RESOURCES[one.key] for one in tied))
        together = " together" if len(limits) > 1 else ""
        text = f"limited by {' and '.join(limit.value for limit in limits)}{together}"
        return limits, Finding(text, _with_usual(known, tied), _THUMB)
    duration = known.get("duration")
    if duration is not None and duration.value < LAUNCH_US:
        text = "launch overhead weighs as much as the kernel; no resource is at its limit"
        shown = (duration, *_with_usual(known, ranked[:1]))
        return (Limit.LAUNCH,), Finding(text, shown, "heuristic: NVIDIA's line of 10 µs")
    if top >= LOW_PERCENT:
        text = f"nothing is at its limit; the busiest is {_RESOURCES[ranked[0].key].value}"
    else:
        text = "limited by latency: every resource that was measured is mostly idle"
    waits = _waits(known)
    if not waits:
        text += "; what the warps wait for is undetermined (no stall reasons)"
    evidence = (*_with_usual(known, ranked[:1]), *_issue(known), *waits)
    limit = Limit.NOTHING if top >= LOW_PERCENT else Limit.LATENCY
    return (limit,), Finding(text, tuple(dict.fromkeys(evidence)), _THUMB)


def _missing(known: Known) -> tuple[str, ...]:
    """What a verdict needs and does not have, in words.

    The SM's throughput is the share of its busiest unit, so where it is known no unit is above it.
    """
    missing = []
    if "dram" not in known:
        missing.append("DRAM throughput")
    if "compute" not in known:
        if not set(TENSOR_KEYS) & set(known):
            missing.append("tensor pipe")
        if "exp_pipe" not in known:
            missing.append("exp pipe")
    return tuple(missing)


def _ranked(known: Known) -> list[Evidence]:
    """The resources that were measured, busiest first; the whole SM only for want of pipes."""
    keys = [key for key in _RESOURCES if key in known and not (key == "compute" and _pipes(known))]
    return sorted((known[key] for key in keys), key=lambda one: -one.value)


def _pipes(known: Known) -> bool:
    return "exp_pipe" in known and bool(set(TENSOR_KEYS) & set(known))


def _without_counters(known: Known, missing: tuple[str, ...]) -> tuple[tuple[Limit, ...], Finding]:
    """Model and timing alone can prove that a roof is near, never what else holds back."""
    reached = sorted((one for key, one in known.items() if key.startswith(_ROOF)), key=_falling)
    if reached and reached[0].value >= _NEAR_ROOF_PERCENT:
        text = "near a roof of the machine, by model and timing"
        return (Limit.ROOF,), Finding(text, tuple(reached), "heuristic: ours, 80 % of the roof")
    text = f"undetermined for want of {', '.join(missing)}"
    if reached:
        text += "; no roof is near by model and timing"
    seen = [known[key] for key in _RESOURCES if key in known]
    return (Limit.UNDETERMINED,), Finding(text, (*seen, *reached))


def _falling(one: Evidence) -> float:
    return -one.value


def _with_usual(known: Known, first: Iterable[Evidence]) -> tuple[Evidence, ...]:
    keys = _SHOWN if _pipes(known) else ("compute", *_SHOWN)
    return tuple(dict.fromkeys([*first, *(known[key] for key in keys if key in known)]))


def _issue(known: Known) -> tuple[Evidence, ...]:
    return tuple(known[key] for key in ("issue_slots", "eligible_warps") if key in known)


def _waits(known: Known) -> tuple[Evidence, ...]:
    stalls = [one for key, one in known.items() if key.startswith(_STALL) and one.value > 0]
    return tuple(sorted(stalls, key=_falling)[:_STALLS_NAMED])


def _remarks(known: Known, limits: tuple[Limit, ...]) -> tuple[Finding, ...]:
    found = (rule(known, limits) for rule in RULES)
    return tuple(one for one in found if one is not None)
