"""The shortest time a machine allows for a case, resource by resource."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.performance.device import Device
from remote_payload.contract.facts import CaseFacts
from remote_payload.contract.machine import GpuState
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.words import Method

# A GPU that draws this share of its power limit is at work; idle ones draw a sixth and less, and
# keep high clocks for a while. Our own line, drawn from nvidia-smi logs of H100 and H200.
_BUSY_POWER = 0.4
# nvidia-smi rounds; a clock further above the highest one was misread.
_CLOCK_SLACK = 1.02


class Resource(str, Enum):
    """What can run out first. MMA_SYNC and FP32 bind only kernels that compute with these."""

    TENSOR = "tensor"
    MEMORY = "HBM"
    EXP = "exp"
    L2 = "L2"
    MMA_SYNC = "mma.sync"
    FP32 = "FP32"


@dataclass(frozen=True)
class Roof:
    """One resource's bound on one case.

    floor_us: time at the documented peak; percentages refer to it. limit_us: time at the highest
    clock and with everything the L2 could hide; a shorter one is a measurement error. Zero where
    the peak is not documented well enough to accuse anybody.
    """

    resource: Resource
    floor_us: float
    limit_us: float

    def percent(self, total_us: float) -> float:
        """Share of this roof that a call of total_us reaches, in percent."""
        return 100 * self.floor_us / total_us


def roofs(facts: CaseFacts, device: Device, method: Method) -> tuple[Roof, ...]:
    """Every roof that holds for any kernel on the case and device, measured by the method.

    Warm calls whose compulsory traffic fits into the L2 cache have no memory roof.
    """
    all_roofs = (
        _tensor(facts, device),
        _exp(facts, device),
        _memory(facts, device, method),
        _l2(facts, device),
    )
    return tuple(roof for roof in all_roofs if roof is not None)


def special_roofs(facts: CaseFacts, device: Device) -> tuple[Roof, ...]:
    """Roofs of kernels that compute with mma.sync, or without tensor cores; none for all others."""
    work, tensor = facts.work, _tensor(facts, device)
    found = []
    share = device.mma_sync_share
    if tensor is not None and share is not None and share < 1:
        found.append(Roof(Resource.MMA_SYNC, tensor.floor_us / share, tensor.limit_us / share))
    if device.fp32_tflops and work is not None and work.flop:
        # Limit zero: half-precision arithmetic outside the tensor cores is faster on some devices.
        found.append(Roof(Resource.FP32, work.flop / 1e6 / device.fp32_tflops, 0.0))
    return tuple(found)


def binding(applicable: tuple[Roof, ...]) -> Roof | None:
    """The roof with the longest floor: the one that a perfect kernel would hit first."""
    return max(applicable, key=lambda roof: roof.floor_us, default=None)


def exp_tflops(facts: CaseFacts, device: Device) -> float | None:
    """The FLOP rate at which the exponential units are full; None for work without any."""
    work = facts.work
    if work is None or not work.exponentials or not work.flop:
        return None
    return work.flop / work.exponentials * _exp_rate(device, device.peak_mhz) / 1e12


@dataclass(frozen=True)
class BusyClock:
    """An SM clock at which the GPU was seen at work, and how that is known."""

    mhz: float
    how: str


def busy_clock(record: BenchRecord, device: Device) -> BusyClock | None:
    """The clock right after a race, if its power shows that the GPU still worked; else None.

    A clock sampled at idle says nothing of a kernel: GPUs boost when idle and drop under load.
    """
    state = record.after
    if state is None or not state.sm_clock_mhz or not _at_work(state):
        return None
    if state.sm_clock_mhz > device.max_mhz * _CLOCK_SLACK:
        return None
    how = f"sampled at the end of the race, drawing {state.power_w:.0f} W"
    return BusyClock(state.sm_clock_mhz, how)


def _at_work(state: GpuState) -> bool:
    if not state.power_w or not state.power_limit_w:
        return False
    return state.power_w >= _BUSY_POWER * state.power_limit_w


def _tensor(facts: CaseFacts, device: Device) -> Roof | None:
    work, times = facts.work, facts.case.dtype.facts.tensor_times
    if work is None or not work.flop or not work.matrix or not times:
        return None
    return Roof(
        Resource.TENSOR,
        work.flop / 1e6 / (device.tensor_tflops * times),
        work.flop / 1e6 / (device.tensor_ceiling_tflops * times),
    )


def _exp(facts: CaseFacts, device: Device) -> Roof | None:
    if facts.work is None or not facts.work.exponentials:
        return None
    work = facts.work.exponentials * 1e6
    return Roof(
        Resource.EXP,
        work / _exp_rate(device, device.peak_mhz),
        work / _exp_rate(device, device.max_mhz),
    )


def exp_per_second(device: Device) -> float:
    """What all exponential units give at the documented clock."""
    return _exp_rate(device, device.peak_mhz)


def _exp_rate(device: Device, clock_mhz: float) -> float:
    return device.sm_count * device.exponentials_per_clock * clock_mhz * 1e6


def _memory(facts: CaseFacts, device: Device, method: Method) -> Roof | None:
    if facts.work is None:
        return None
    traffic = facts.work.traffic_bytes
    unavoidable = traffic - device.l2_bytes
    if method is Method.COLD:
        # A flushed cache must load the inputs; the outputs may still lie in it at the end.
        unavoidable = max(unavoidable, traffic - facts.work.written_bytes)
    if unavoidable <= 0:
        return None
    ceiling_gbs = max(device.memory_gbs, device.memory_ceiling_gbs)
    return Roof(Resource.MEMORY, traffic / device.memory_gbs / 1e3, unavoidable / ceiling_gbs / 1e3)


def _l2(facts: CaseFacts, device: Device) -> Roof | None:
    """Whatever the caches hold, inputs and outputs pass the L2 once."""
    if not device.l2_gbs or facts.work is None or not facts.work.traffic_bytes:
        return None
    return Roof(Resource.L2, facts.work.traffic_bytes / device.l2_gbs / 1e3, 0.0)
