"""The shortest time a machine allows for a shape, resource by resource."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.model.attention import exponentials, flops, minimum_bytes
from orchestrator.model.device import EXPONENTIALS_PER_CLOCK, Device
from remote_payload.contract import DType, Method, Shape


class Resource(str, Enum):
    """What can run out first."""

    TENSOR = "tensor"
    MEMORY = "HBM"
    EXP = "exp"


@dataclass(frozen=True)
class Roof:
    """One resource's bound on one shape.

    floor_us: time at the documented peak; percentages refer to it. limit_us: time at the highest
    clock and with everything the L2 could hide; a shorter one is a measurement error.
    """

    resource: Resource
    floor_us: float
    limit_us: float

    def percent(self, total_us: float) -> float:
        """Share of this roof that a call of total_us reaches, in percent."""
        return 100 * self.floor_us / total_us


def roofs(shape: Shape, device: Device, method: Method) -> tuple[Roof, ...]:
    """Every roof that applies to the shape on the device, measured by the method.

    Warm calls whose compulsory traffic fits into the L2 cache have no memory roof.
    """
    all_roofs = (_tensor(shape, device), _exp(shape, device), _memory(shape, device, method))
    return tuple(roof for roof in all_roofs if roof is not None)


def binding(applicable: tuple[Roof, ...]) -> Roof:
    """The roof with the longest floor: the one that a perfect kernel would hit first."""
    return max(applicable, key=lambda roof: roof.floor_us)


def exp_tflops(shape: Shape, device: Device) -> float:
    """The FLOP rate at which the exponential units are full: 4·D FLOP go with each exponential."""
    return 4 * shape.dim * _exp_rate(device, device.peak_mhz) / 1e12


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
