"""Bounds of GPUs: of documented ones, of slices of them (MIG), and of those without peaks."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.bounds.bound import Bound
from orchestrator.performance.device import DEVICES, Device, find
from orchestrator.performance.roofline import roofs
from remote_payload.contract.facts import CaseFacts
from remote_payload.contract.machine import Machine
from remote_payload.contract.words import Method

# A GPU that is newer than our tables may beat them all: from one generation to the next rates of
# tensor cores and memories grew 2 to 2.5 times (A100, H100, B200). Beyond this nothing is believed.
NEWER = 4.0
_MIG = " MIG "  # what stands between a GPU's name and a slice's, "… MIG 1g.10gb"


def of_device(facts: CaseFacts, device: Device, method: Method) -> tuple[Bound, ...]:
    """One for each roof of a documented GPU."""
    return tuple(
        Bound(
            roof.resource.value,
            roof.limit_us,
            roof.floor_us,
            f"{device.model} needs at least {roof.limit_us:.4g} µs at its highest clock",
            f"the documented {roof.resource.value} peak of {device.model}; "
            "only a higher clock or traffic that stays in the cache could explain it",
        )
        for roof in roofs(facts, device, method)
    )


def of_other(facts: CaseFacts, machine: Machine, method: Method) -> tuple[Bound, ...]:
    """Of a GPU that is not documented as a whole: as a slice of one that is, or else by the fastest
    GPU we know for the case, with as many SMs as this one has."""
    known = find((machine.gpu or "").partition(_MIG)[0])
    if known is not None and (machine.sm_count or 0) <= known.sm_count:
        return of_device(facts, part_of(known, machine.sm_count), method)
    bounds = (of_device(facts, part_of(one, machine.sm_count), method) for one in DEVICES)
    fastest = min(bounds, key=lambda of_one: max((b.limit_us for b in of_one), default=0.0))
    return tuple(_unknown(bound, machine.gpu or "a GPU without a name") for bound in fastest)


def part_of(device: Device, sm_count: int | None) -> Device:
    """So many of its SMs, with the memory and the L2 of the whole, of which nobody says how a slice
    shares them; the device itself, if it has no more."""
    if not sm_count or sm_count >= device.sm_count:
        return device
    share = sm_count / device.sm_count
    return replace(
        device,
        model=f"{device.model} with {sm_count} of its {device.sm_count} SMs",
        sm_count=sm_count,
        tensor_tflops=device.tensor_tflops * share,
        fp32_tflops=device.fp32_tflops * share,
    )


def _unknown(bound: Bound, gpu: str) -> Bound:
    """As of a GPU that may be of the generation after the fastest we know."""
    limit_us = bound.limit_us / NEWER
    return replace(
        bound,
        limit_us=limit_us,
        floor_us=bound.limit_us,
        needs=f"{NEWER:g} times as fast as the fastest GPU we know for it takes "
        f"{limit_us:.4g} µs ({bound.needs}; there are no peaks for {gpu})",
        peak=f"the {bound.name} roof of the fastest GPU we know for it allows ({bound.needs}); "
        f"there are no peaks for {gpu}",
    )
