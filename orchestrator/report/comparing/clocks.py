"""Clocks, power, throttling and company of two runs, as they were during the races where somebody
looked, else right after each timing."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from orchestrator.performance.objection import on_gpu
from orchestrator.performance.watching import (
    raced_clock_mhz,
    raced_company,
    raced_load,
    raced_throttle,
)
from orchestrator.report.comparing.condition import UNTOLD, Condition
from remote_payload.contract.machine import GpuState
from remote_payload.contract.result import Result
from remote_payload.contract.tools.throttle import holding
from remote_payload.contract.words import Status

# Clocks of two runs that differ by less are the same: as much as no verdict is made of.
SAME_CLOCK = 0.01
# Of the CPUs a run may use, others may keep so much of one more busy than before.
SAME_LOAD = 0.25
_ONE_BOUND = "it cancels in ours / baseline only if both are bound by the same"


def conditions(before: Result, after: Result) -> Iterator[Condition]:
    """What the machine did while it was timed."""
    if on_gpu(before):
        yield _clock("SM clock when timed", _sm_clock_mhz(before), _sm_clock_mhz(after))
        pair = (_memory_clock_mhz(before), _memory_clock_mhz(after))
        yield _clock("memory clock when timed", *pair)
        yield _power(before, after)
        yield _throttle(before, after)
        yield _company(before, after)
    loads = [raced_load(before), raced_load(after)]
    if loads != [None, None]:
        yield _load(*loads)


def _clock(what: str, before: float | None, after: float | None) -> Condition:
    """A clock that is x % higher makes a time x % shorter at most, and leaves another as it is."""
    words = [f"{clock:.0f} MHz" if clock else UNTOLD for clock in (before, after)]
    same, most = before == after, None
    if before and after:
        most = max(before, after) / min(before, after) - 1
        same = most <= SAME_CLOCK
    return Condition(what, words[0], words[1], same, _ONE_BOUND, most)


def _power(before: Result, after: Result) -> Condition:
    limits = [_limit_w(before), _limit_w(after)]
    words = [f"{limit:.0f} W" if limit else UNTOLD for limit in limits]
    why = "a kernel that draws more than another is held back first"
    return Condition("power limit", words[0], words[1], words[0] == words[1], why)


def _throttle(before: Result, after: Result) -> Condition:
    found = [_throttled(result) for result in (before, after)]
    words = [UNTOLD if reasons is None else ", ".join(reasons) or "never" for reasons in found]
    why = "clocks that are held back in one run are not in each of its turns"
    return Condition("clocks held back", words[0], words[1], words[0] == words[1], why)


def _company(before: Result, after: Result) -> Condition:
    found = [_others(before), _others(after)]
    words = [UNTOLD if most is None else f"{most} processes" if most else "none" for most in found]
    why = "another process takes its share of the GPU from whoever runs just then"
    return Condition("company on the GPU", words[0], words[1], words[0] == words[1], why)


def _load(before: float | None, after: float | None) -> Condition:
    words = [UNTOLD if load is None else f"{load:.1f} CPUs" for load in (before, after)]
    same = before is not None and after is not None and abs(before - after) <= SAME_LOAD
    why = "others on the CPUs slow down what waits for the host, and what runs on them"
    return Condition("load by others", words[0], words[1], same, why)


def _sm_clock_mhz(result: Result) -> float | None:
    """During the races; else the median right after the timings, when the GPU was still warm."""
    if raced := raced_clock_mhz(result):
        return raced
    known = [state.sm_clock_mhz for state in _after(result) if state.sm_clock_mhz]
    return statistics.median(known) if known else None


def _memory_clock_mhz(result: Result) -> float | None:
    raced = [one.memory_clock_mhz.median for one in result.watched if one.memory_clock_mhz]
    known = raced or [s.memory_clock_mhz for s in _after(result) if s.memory_clock_mhz]
    return statistics.median(known) if known else None


def _after(result: Result) -> list[GpuState]:
    return [r.after for r in result.bench if r.status is Status.OK and r.after]


def _limit_w(result: Result) -> float | None:
    machine = result.machine
    states = [machine.after, machine.before] if machine else []
    return next((state.power_limit_w for state in states if state and state.power_limit_w), None)


def _states(result: Result) -> list[GpuState]:
    """All that was seen around the timings; what was seen during the races goes before it."""
    states = [s for r in result.bench if r.status is Status.OK for s in (r.before, r.after)]
    return [state for state in states if state is not None]


def _throttled(result: Result) -> tuple[str, ...] | None:
    raced = raced_throttle(result)
    if raced is not None:
        return raced
    told = [s.throttle_reasons for s in _states(result) if s.throttle_reasons is not None]
    if not told:
        return None
    return tuple(sorted({reason for reasons in told for reason in holding(reasons)}))


def _others(result: Result) -> int | None:
    raced = raced_company(result)
    told = [s.other_processes for s in _states(result) if s.other_processes is not None]
    return max(told, default=None) if raced is None else raced
