"""Practical roofs: a shape's time at the rates that well-known programs reached on the machine."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.performance.attention import exponentials, flops, minimum_bytes
from orchestrator.performance.ceiling import GEMM, ceilings
from orchestrator.performance.roofline import Resource
from remote_payload.contract.case import Shape
from remote_payload.contract.result import Result

_WORK = {
    "byte": (Resource.MEMORY, minimum_bytes),
    "flop": (Resource.TENSOR, flops),
    "exp": (Resource.EXP, exponentials),
}


@dataclass(frozen=True)
class Practical:
    """floor_us: time of the shape at per_second, in the record's unit; name: of the ceiling."""

    resource: Resource
    name: str
    per_second: float
    floor_us: float


def practical(result: Result, shape: Shape) -> tuple[Practical, ...]:
    """The trusted ceilings of a run as roofs; GEMMs of another element type are none."""
    found = []
    for one in ceilings(result):
        name, unit, rate = one.record.name, one.record.unit, one.trusted_rate
        fits = unit != "flop" or name == f"{GEMM}{shape.dtype.value}"
        if rate is None or unit not in _WORK or not fits:
            continue
        resource, work = _WORK[unit]
        found.append(Practical(resource, name, rate, work(shape) / rate * 1e6))
    return tuple(found)
