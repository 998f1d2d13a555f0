"""The roofs of a machine as lines over arithmetic intensity: bandwidths slope, rates are level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.performance.device import Device
from orchestrator.performance.practical import practical
from orchestrator.performance.roofline import (
    Resource,
    exp_per_second,
    exp_tflops,
    roofs,
    special_roofs,
)
from orchestrator.performance.work import tflops
from orchestrator.report.charts.style import INK, MEASURED, MUTED, Look
from orchestrator.report.charts.words import label
from remote_payload.contract.facts import CaseFacts
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method

# Where two level roofs are closer than this, one label names both.
_SAME = 0.02
_MEASURED = Look(MEASURED)


@dataclass(frozen=True)
class Slope:
    """A bandwidth, in TB/s, which is TFLOPS at an intensity of 1."""

    says: str
    rate: float
    look: Look


@dataclass(frozen=True)
class Level:
    """A rate in TFLOPS, of everything or of those who compute in that way. says: empty where
    another one's label names it too."""

    says: str
    rate: float
    look: Look


@dataclass(frozen=True)
class Roofs:
    """slopes: the memory's first. levels: what computes at the most first. measured: in words."""

    slopes: tuple[Slope, ...]
    levels: tuple[Level, ...]
    measured: str = ""


def peak(facts: CaseFacts, device: Device) -> tuple[str, float]:
    """What computes at the most: the tensor cores for what they take, else FP32 arithmetic."""
    floors = {roof.resource: roof.floor_us for roof in roofs(facts, device, Method.COLD)}
    floors |= {roof.resource: roof.floor_us for roof in special_roofs(facts, device)}
    for resource in (Resource.TENSOR, Resource.FP32):
        if resource in floors:
            return resource.value, tflops(facts, floors[resource]) or device.tensor_tflops
    return Resource.TENSOR.value, device.tensor_tflops


def roofs_of(known: list[CaseFacts], device: Device, result: Result) -> Roofs:
    """The machine's documented ones, and those that were measured on it."""
    slopes = [Slope(f"HBM {device.memory_gbs / 1e3:.3g} TB/s", device.memory_gbs / 1e3, Look(INK))]
    if device.l2_gbs:
        rate = device.l2_gbs / 1e3
        slopes.append(Slope(f"L2 {rate:.3g} TB/s", rate, Look(MUTED, "6 3")))
    levels = list(_named(_levels(known, device)))
    words = []
    for one in practical(result, known[0].case):
        level = tflops(known[0], one.floor_us)
        if one.resource is Resource.MEMORY:
            slopes.append(Slope("", one.per_second / 1e12, _MEASURED))
            words.append(f"{one.name} {one.per_second / 1e12:.3g} TB/s")
        elif level is not None:
            levels.append(Level("", level, _MEASURED))
            words.append(f"{one.name} {level:.0f} TFLOPS")
    measured = label(f"measured here: {', '.join(words)}", 120) if words else ""
    return Roofs(tuple(slopes), tuple(levels), measured)


def _levels(known: list[CaseFacts], device: Device) -> Iterator[Level]:
    name, highest = peak(known[0], device)
    yield Level(name, highest, Look(INK))
    rates: list[float] = []
    for facts in known:
        rate = exp_tflops(facts, device)
        if rate is not None and rate not in rates:
            rates.append(rate)
            each = rate / (exp_per_second(device) / 1e12)
            yield Level(f"exp ({each:.4g} FLOP each)", rate, Look(MUTED, "2 3"))
    for roof in special_roofs(known[0], device):
        level = tflops(known[0], roof.floor_us)
        if level is not None and roof.resource.value != name:
            yield Level(roof.resource.value, level, Look(MUTED, "8 3 2 3"))


def _named(levels: Iterator[Level]) -> Iterator[Level]:
    """Each with its rate; those that lie close share the label of the first."""
    groups: list[list[Level]] = []
    for one in sorted(levels, key=lambda level: -level.rate):
        if groups and abs(one.rate / groups[-1][0].rate - 1) < _SAME:
            groups[-1].append(one)
        else:
            groups.append([one])
    for first, *rest in groups:
        names = ", ".join(one.says for one in (first, *rest))
        digits = ".0f" if first.rate >= 100 else ".3g"
        yield Level(f"{names} {first.rate:{digits}} TFLOPS", first.rate, first.look)
        yield from (Level("", one.rate, one.look) for one in rest)
