"""Practical roofs: a case's time at the rates that well-known programs reached on the machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.performance.ceiling import GEMMS, ceilings
from orchestrator.performance.roofline import Resource
from remote_payload.contract.case import Case
from remote_payload.contract.facts import Work
from remote_payload.contract.result import Result

_WORK: dict[str, tuple[Resource, Callable[[Work], int]]] = {
    "byte": (Resource.MEMORY, lambda work: work.traffic_bytes),
    "flop": (Resource.TENSOR, lambda work: work.flop if work.matrix else 0),
    "exp": (Resource.EXP, lambda work: work.exponentials),
}


@dataclass(frozen=True)
class Practical:
    """floor_us: time of the case at per_second, in the record's unit; name: of the ceiling."""

    resource: Resource
    name: str
    per_second: float
    floor_us: float


def practical(result: Result, case: Case) -> tuple[Practical, ...]:
    """The trusted ceilings of a run as roofs; GEMMs of another element type are none."""
    found: list[Practical] = []
    known = result.facts(case).work
    if known is None:
        return ()
    for one in ceilings(result):
        name, unit, rate = one.record.name, one.record.unit, one.trusted_rate
        fits = unit != "flop" or name == GEMMS.get(case.dtype)
        if rate is None or unit not in _WORK or not fits:
            continue
        resource, amount = _WORK[unit]
        if amount(known):
            found.append(Practical(resource, name, rate, amount(known) / rate * 1e6))
    return tuple(found)
