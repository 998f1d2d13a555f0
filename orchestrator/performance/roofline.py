"""The shortest time a machine allows for a shape, resource by resource."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.performance.attention import exponentials, flops, minimum_bytes
from orchestrator.performance.device import EXPONENTIALS_PER_CLOCK, Device
from remote_payload.contract.case import Shape
from remote_payload.contract.records import BenchRecord, GpuState
from remote_payload.contract.words import DType, Method

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
    """One resource's bound on one shape.

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


def roofs(shape: Shape, device: Device, method: Method) -> tuple[Roof, ...]:
    """Every roof that holds for any kernel on the shape and device, measured by the method.

    Warm calls whose compulsory traffic fits into the L2 cache have no memory roof.
    """
    all_roofs = (
        _tensor(shape, device),
        _exp(shape, device),
        _memory(shape, device, method),
        _l2(shape, device),
    )
    return tuple(roof for roof in all_roofs if roof is not None)


def special_roofs(shape: Shape, device: Device) -> tuple[Roof, ...]:
    """Roofs of kernels that compute with mma.sync, or without tensor cores; none for all others."""
    found = []
    if device.mma_sync_share is not None and device.mma_sync_share < 1:
        roof, share = _tensor(shape, device), device.mma_sync_share
        found.append(Roof(Resource.MMA_SYNC, roof.floor_us / share, roof.limit_us / share))
    if device.fp32_tflops:
        # Limit zero: half-precision arithmetic outside the tensor cores is faster on some devices.
        found.append(Roof(Resource.FP32, flops(shape) / 1e6 / device.fp32_tflops, 0.0))
    return tuple(found)


def binding(applicable: tuple[Roof, ...]) -> Roof:
    """The roof with the longest floor: the one that a perfect kernel would hit first."""
    return max(applicable, key=lambda roof: roof.floor_us)


def exp_tflops(shape: Shape, device: Device) -> float:
    """The FLOP rate at which the exponential units are full: 4·D FLOP go with each exponential."""
    return 4 * shape.dim * _exp_rate(device, device.peak_mhz) / 1e12


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


def _tensor(shape: Shape, device: Device) -> Roof:
    # TF32 runs at half the dense FP16 rate on every device we know (their data sheets).
    share = 0.5 if shape.dtype is DType.FP32 else 1.0
    work = flops(shape) / 1e6
    return Roof(
        Resource.TENSOR,
        work / (device.tensor_tflops * share),
        work / (device.tensor_ceiling_tflops * share),
    )


def _exp(shape: Shape, device: Device) -> Roof:
    work = exponentials(shape) * 1e6
    return Roof(
        Resource.EXP,
        work / _exp_rate(device, device.peak_mhz),
        work / _exp_rate(device, device.max_mhz),
    )


def _exp_rate(device: Device, clock_mhz: float) -> float:
    return device.sm_count * EXPONENTIALS_PER_CLOCK * clock_mhz * 1e6


def _memory(shape: Shape, device: Device, method: Method) -> Roof | None:
    traffic = minimum_bytes(shape)
    unavoidable = traffic - device.l2_bytes
    if method is Method.COLD:
        # A flushed cache must load q, k and v; the output may still lie in it at the end.
        unavoidable = max(unavoidable, traffic * 3 // 4)
    if unavoidable <= 0:
        return None
    ceiling_gbs = max(device.memory_gbs, device.memory_ceiling_gbs)
    return Roof(Resource.MEMORY, traffic / device.memory_gbs / 1e3, unavoidable / ceiling_gbs / 1e3)


def _l2(shape: Shape, device: Device) -> Roof | None:
    """Whatever the caches hold, q, k, v and the output pass the L2 once."""
    if not device.l2_gbs:
        return None
    return Roof(Resource.L2, minimum_bytes(shape) / device.l2_gbs / 1e3, 0.0)
