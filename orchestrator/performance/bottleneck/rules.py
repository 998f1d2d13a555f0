"""What holds a kernel back: rules over named evidence, and "undetermined" where that is missing.

A rule speaks only of figures it was given, names the source of each, and never fills a gap. Two
kinds of lines are drawn here, and both are heuristics: NVIDIA's (its profiling guide for agents,
perf-nsight-compute-analysis: above 60 % of its peak a resource limits, below 40 % it does not,
under 10 µs a launch weighs more than the kernel), and our own, marked as ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.performance.bottleneck.evidence import (
    LAUNCH_US,
    TENSOR_KEYS,
    Evidence,
    Finding,
    Known,
    Limit,
)
from orchestrator.performance.bottleneck.remarks import RULES
from orchestrator.performance.bottleneck.resources import (
    OVERALL,
    knows_memory,
    knows_pipes,
    limit_of,
    ranked,
)

HIGH_PERCENT, LOW_PERCENT = 60.0, 40.0
_FULL_PERCENT = 100.0
# Ours.
_TIE_POINTS = 10.0
_NEAR_ROOF_PERCENT = 80.0
_STALLS_NAMED = 3
_SHOWN_AT_MOST = 6

_THUMB = "heuristic: NVIDIA's lines of 60 % and 40 %"


@dataclass(frozen=True)
class Bottleneck:
    """limits: one, or several that stand together; unused: evidence that no rule may use."""

    limits: tuple[Limit, ...]
    verdict: Finding
    remarks: tuple[Finding, ...]
    unused: tuple[str, ...]


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
    unclear = {key: one for key, one in given.items() if one.said}
    limits, verdict = _verdict(known, unclear, [one for one in given.values() if _is_beyond(one)])
    return Bottleneck(limits, verdict, _remarks(known, limits), _not_used(given, unclear))


def _not_used(given: Known, unclear: Known) -> tuple[str, ...]:
    """What counts for nothing, and why; stall reasons, of which there are many, in one sentence."""
    beyond = (
        f"{one.words} is above its own peak or no number, so it counts for nothing"
        for one in given.values()
        if not one.usable and not one.said
    )
    stalls = [one for key, one in unclear.items() if key.startswith(_STALL)]
    odd = [one for key, one in unclear.items() if not key.startswith(_STALL)] + stalls[:1]
    return (*beyond, *(_not_understood(one, len(stalls)) for one in odd))


def _not_understood(one: Evidence, stalls: int) -> str:
    if one.key.startswith(_STALL) and stalls > 1:
        return f"{stalls} stall reasons are in the file but not understood, such as {one.words}"
    return f"{one.words} is in the file but not understood, so it counts for nothing"


def _is_beyond(one: Evidence) -> bool:
    """Whether it is a share above its peak: wrong by some points, and yet of a busy resource."""
    return bool(limit_of(one.key)) and one.unit == "%" and one.value > _FULL_PERCENT


def _verdict(
    known: Known, unclear: Known, beyond: list[Evidence]
) -> tuple[tuple[Limit, ...], Finding]:
    missing = _missing(known, unclear)
    if missing:
        return _without_counters(known, missing)
    busiest = ranked(known)
    # What explains an overall throughput may be a little below it, on the other side of a line.
    overall = max((known[key].value for key in OVERALL if key in known), default=0.0)
    top = max(busiest[0].value, overall)
    if top >= HIGH_PERCENT:
        return _limited(known, busiest)
    if beyond:
        text = f"undetermined, as {beyond[0].title} was measured above its own peak"
        return (Limit.UNDETERMINED,), Finding(text, _with_usual(known, busiest[:1]))
    duration = known.get("duration")
    if duration is not None and duration.value < LAUNCH_US:
        text = "launch overhead weighs as much as the kernel; no resource is at its limit"
        shown = (duration, *_with_usual(known, busiest[:1]))
        return (Limit.LAUNCH,), Finding(text, shown, "heuristic: NVIDIA's line of 10 µs")
    if top >= LOW_PERCENT:
        text = f"nothing is at its limit; the busiest is {_limit(busiest[0]).value}"
    else:
        text = "limited by latency: every resource that was measured is mostly idle"
    waits = _waits(known)
    if not waits:
        text += f"; {_no_waits(known, unclear)}"
    evidence = (*_with_usual(known, busiest[:1]), *_issue(known), *waits)
    limit = Limit.NOTHING if top >= LOW_PERCENT else Limit.LATENCY
    return (limit,), Finding(text, tuple(dict.fromkeys(evidence)), _THUMB)


def _limited(known: Known, busiest: list[Evidence]) -> tuple[tuple[Limit, ...], Finding]:
    """Those within the tie limit together; others above the line are shown beside them."""
    line = min(busiest[0].value, max(HIGH_PERCENT, busiest[0].value - _TIE_POINTS))
    limits = tuple(dict.fromkeys(_limit(one) for one in busiest if one.value >= line))
    together = " together" if len(limits) > 1 else ""
    text = f"limited by {' and '.join(limit.value for limit in limits)}{together}"
    high = [one for one in busiest if one.value >= HIGH_PERCENT]
    if not high:
        high = [busiest[0], *(known[key] for key in OVERALL if key in known)]
    return limits, Finding(text, _with_usual(known, high), _THUMB)


def _limit(one: Evidence) -> Limit:
    return limit_of(one.key) or Limit.NOTHING


def _missing(known: Known, unclear: Known) -> tuple[str, ...]:
    """What a verdict needs and does not have, in words.

    The throughput of the SM or of the memory system is the share of its busiest unit, so where it
    is known no unit is above it.
    """

    def words(text: str, *keys: str) -> str:
        there = any(key in unclear for key in keys)
        return f"{text} (in the file, but not understood)" if there else text

    missing = []
    if not knows_memory(known):
        missing.append(words("DRAM throughput", "dram", "memory"))
    if not {"compute", "sm_busy"} & set(known):
        if not set(TENSOR_KEYS) & set(known):
            missing.append(words("tensor pipe", *TENSOR_KEYS))
        if "exp_pipe" not in known:
            missing.append(words("exp pipe", "exp_pipe"))
    return tuple(missing)


def _without_counters(known: Known, missing: tuple[str, ...]) -> tuple[tuple[Limit, ...], Finding]:
    """Model and timing alone can prove that a roof is near, never what else holds back."""
    reached = sorted((one for key, one in known.items() if key.startswith(_ROOF)), key=_falling)
    if reached and reached[0].value >= _NEAR_ROOF_PERCENT:
        text = "near a roof of the machine, by model and timing"
        return (Limit.ROOF,), Finding(text, tuple(reached), "heuristic: ours, 80 % of the roof")
    text = f"undetermined for want of {', '.join(missing)}"
    if reached:
        text += "; no roof is near by model and timing"
    seen = ranked(known)[:_SHOWN_AT_MOST]
    return (Limit.UNDETERMINED,), Finding(text, (*seen, *reached))


def _falling(one: Evidence) -> float:
    return -one.value


def _with_usual(known: Known, first: Iterable[Evidence]) -> tuple[Evidence, ...]:
    keys = _SHOWN if knows_pipes(known) else ("compute", *_SHOWN)
    if "dram" not in known:
        keys = (*keys, "memory")
    return tuple(dict.fromkeys([*first, *(known[key] for key in keys if key in known)]))


def _issue(known: Known) -> tuple[Evidence, ...]:
    return tuple(known[key] for key in ("issue_slots", "eligible_warps") if key in known)


def _waits(known: Known) -> tuple[Evidence, ...]:
    stalls = [one for key, one in known.items() if key.startswith(_STALL) and one.value > 0]
    return tuple(sorted(stalls, key=_falling)[:_STALLS_NAMED])


def _no_waits(known: Known, unclear: Known) -> str:
    """Why nothing can be said of what the warps wait for."""
    if any(key.startswith(_STALL) for key in known):
        return "no warp was seen to wait for any of the reasons that were measured"
    if any(key.startswith(_STALL) for key in unclear):
        return "what the warps wait for is undetermined (stall reasons are there, not understood)"
    return "what the warps wait for is undetermined (no stall reasons)"


def _remarks(known: Known, limits: tuple[Limit, ...]) -> tuple[Finding, ...]:
    found = (rule(known, limits) for rule in RULES)
    return tuple(one for one in found if one is not None)
