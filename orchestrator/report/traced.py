"""What a trace says of one call: its kernels, and how they fill the GPU."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from math import prod

from orchestrator.performance.bottleneck.occupancy import Occupancy, Waves, occupancy, waves
from remote_payload.contract.case import Case
from remote_payload.contract.machine import Machine
from remote_payload.contract.records import KernelTrace, TraceRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status


@dataclass(frozen=True)
class TracedKernel:
    """One kernel of a call. launches: in all calls together; median_us: of one launch.

    resident, spread: None where the trace or the GPU's limits do not tell enough.
    """

    kernel: KernelTrace
    launches: int
    median_us: float
    resident: Occupancy | None
    spread: Waves | None


@dataclass(frozen=True)
class Traced:
    """The kernels of one call in launch order, alike ones together."""

    calls: int
    kernels: tuple[TracedKernel, ...]

    @property
    def call_us(self) -> float:
        """Time in kernels per call."""
        return sum(one.median_us * one.launches for one in self.kernels) / self.calls

    @property
    def longest(self) -> TracedKernel:
        """The kernel that most of the time goes to."""
        return max(self.kernels, key=lambda one: one.median_us * one.launches)


def record_of(result: Result, provider: str, case: Case) -> TraceRecord | None:
    """The trace of a provider on a case, whatever became of it."""
    wanted = (provider, case)
    return next((one for one in result.traces if (one.provider, one.case) == wanted), None)


def traced(result: Result, provider: str, case: Case) -> Traced | None:
    """The call as traced; None without a usable trace."""
    record = record_of(result, provider, case)
    if record is None or record.status is not Status.OK or not record.kernels or record.calls < 1:
        return None
    groups: dict[tuple[object, ...], list[KernelTrace]] = {}
    for one in record.kernels:
        groups.setdefault((one.name, one.grid, one.block), []).append(one)
    kernels = (_kernel(group, result.machine) for group in groups.values())
    return Traced(record.calls, tuple(kernels))


def _kernel(launches: list[KernelTrace], machine: Machine | None) -> TracedKernel:
    first = launches[0]
    median_us = statistics.median(one.duration_us for one in launches)
    resident = _resident(first, machine)
    return TracedKernel(
        first, len(launches), median_us, resident, _spread(first, resident, machine)
    )


def _resident(kernel: KernelTrace, machine: Machine | None) -> Occupancy | None:
    capability = machine.compute_capability if machine else None
    if capability is None or kernel.block is None or not kernel.registers:
        return None
    if kernel.shared_bytes is None:
        return None
    return occupancy(capability, prod(kernel.block), kernel.registers, kernel.shared_bytes)


def _spread(
    kernel: KernelTrace, resident: Occupancy | None, machine: Machine | None
) -> Waves | None:
    sm_count = machine.sm_count if machine else None
    if resident is None or kernel.grid is None or not sm_count:
        return None
    return waves(prod(kernel.grid), sm_count, resident.blocks)
