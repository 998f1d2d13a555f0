"""What the machine did during the races of a run, taken together; None where nobody told."""

from __future__ import annotations

from statistics import median

from orchestrator.performance.objection import on_gpu
from remote_payload.contract.case import Case
from remote_payload.contract.result import Result
from remote_payload.contract.tools.throttle import holding
from remote_payload.contract.watched import Watched
from remote_payload.contract.words import Method

# CPUs. What is told of a load is off by .02, and our own supervisor, log and command line, which
# no race can do without, take .01 to .07; beyond that, one percent of the CPUs is as much as the
# least difference that counts.
OTHERS_CPUS, OTHERS_SHARE = 0.15, 0.01
# Of a CPU: what others may have of one that is ours and still be a passing disturbance.
SHARED_CPUS = 0.25


def busy_for_others(one: Watched) -> float:
    """How many CPUs others kept busy during a race; zero if no more than no race is without."""
    limit = max(OTHERS_CPUS, OTHERS_SHARE * (one.cpus or 0))
    return one.others_load.median if one.others_load and one.others_load.median > limit else 0.0


def crowded(result: Result) -> frozenset[tuple[Case, Method]]:
    """The races on a CPU in which torch's threads and others together were more than the CPUs.

    One thread alone waits at no barrier: it is interrupted, and not held.
    """
    threads = (result.machine and result.machine.torch_threads) or 1
    if threads < 2 or on_gpu(result):
        return frozenset()
    return frozenset(
        (one.case, one.method)
        for one in result.watched
        if one.cpus is not None and threads + busy_for_others(one) > one.cpus + SHARED_CPUS
    )


def raced_clock_mhz(result: Result) -> float | None:
    """The SM clock of the races: the middle one of their medians."""
    clocks = [one.sm_clock_mhz.median for one in result.watched if one.sm_clock_mhz]
    return median(clocks) if clocks else None


def raced_company(result: Result) -> int | None:
    """The most other processes that used the GPU at once during any race."""
    seen = [one.other_processes for one in result.watched if one.other_processes is not None]
    return max(seen, default=None)


def raced_load(result: Result) -> float | None:
    """How many CPUs others kept busy: the median of that race in which it was most."""
    loads = [one.others_load.median for one in result.watched if one.others_load]
    return max(loads, default=None)


def raced_throttle(result: Result) -> tuple[str, ...] | None:
    """Why the GPU was held back during any race, in a fixed order."""
    told = [one.throttle for one in result.watched if one.throttle is not None]
    if not told:
        return None
    return tuple(sorted({name for one in told for name in holding(reason for reason, _ in one)}))
