"""What a tier asks of the GPU that it is bound to."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.performance.device import DEVICES, Device
from orchestrator.performance.roofline import Roof, roofs
from orchestrator.performance.targets.judging import per_of
from orchestrator.performance.work import gbs, tflops
from remote_payload.contract.facts import CaseFacts, Targets, Tier


@dataclass(frozen=True)
class Need:
    """One tier, as rates of its case's work. shares: of each roof's documented peak, in percent.

    tflops, gbs: None where nobody knows how much work it is. beyond: which roof it lies beyond, in
    words; empty if under all that are known.
    """

    tier: Tier
    call_us: float
    tflops: float | None
    gbs: float | None
    shares: tuple[tuple[str, float], ...]
    beyond: str


def needs(targets: Targets, facts: CaseFacts) -> tuple[Need, ...]:
    """Of every tier, in its order. facts: of the targets' case."""
    device = _device(targets.gpu)
    known = roofs(facts, device, targets.method) if device else ()
    return tuple(_need(tier, targets, facts, known) for tier in targets.tiers)


def gpus() -> dict[str, str]:
    """Each way to write a model that we know, and how it is called."""
    return {name: one.model for one in DEVICES for name in (one.model, *one.gpu_names)}


def _device(gpu: str) -> Device | None:
    return next((one for one in DEVICES if gpu in (one.model, *one.gpu_names)), None)


def _need(tier: Tier, targets: Targets, facts: CaseFacts, known: tuple[Roof, ...]) -> Need:
    per = per_of(targets, facts)
    call_us = tier.limit_us * per
    shares = tuple((roof.resource.value, roof.percent(call_us)) for roof in known)
    return Need(
        tier,
        call_us,
        tflops(facts, call_us),
        gbs(facts, call_us),
        shares,
        _beyond(call_us, per, known, targets.gpu),
    )


def _beyond(call_us: float, per: int, known: tuple[Roof, ...], gpu: str) -> str:
    highest = max(known, key=lambda roof: roof.floor_us, default=None)
    if highest is None or call_us >= highest.floor_us:
        return ""
    what = f"beyond the {highest.resource.value} roof of {gpu}"
    floor = f"{highest.floor_us / per:.3g} µs at its documented peak"
    never = max(roof.limit_us for roof in known)
    if call_us < never:
        return f"{what}: {floor}, and at its highest clock no less than {never / per:.3g} µs"
    return f"{what}: {floor}"
