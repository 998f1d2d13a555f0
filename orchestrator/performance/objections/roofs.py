"""Times that no machine, or not this one, can reach."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.performance.device import Device
from orchestrator.performance.objection import (
    BEYOND_REASON,
    Objection,
    Severity,
    about,
    device_of,
    timed,
)
from orchestrator.performance.roofline import binding, roofs
from orchestrator.performance.stats import summarize
from orchestrator.performance.work import gbs, tflops
from remote_payload.contract.facts import CaseFacts
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result


def beyond_reason(result: Result) -> Iterator[Objection]:
    """Also where nothing is known of the device."""
    for record in timed(result):
        facts, shortest_us = result.facts(record.case), min(record.samples_us)
        rate, moved = tflops(facts, shortest_us) or 0.0, gbs(facts, shortest_us) or 0.0
        text = f"{rate:.4g} TFLOPS, which is more than any machine computes"
        if rate * 1e12 <= BEYOND_REASON:
            text = f"{moved:.4g} GB/s, which is more than any machine moves"
        if max(rate * 1e12, moved * 1e9) > BEYOND_REASON:
            yield Objection(Severity.ERROR, about(record), text)


def above_a_roof(result: Result) -> Iterator[Objection]:
    """Times below what the GPU they were taken on allows."""
    device = device_of(result)
    for record in timed(result) if device else ():
        if device and (objection := _roof_objection(record, result.facts(record.case), device)):
            yield objection


def _roof_objection(record: BenchRecord, facts: CaseFacts, device: Device) -> Objection | None:
    """ERROR below the time physics allows, DOUBT between that and the documented peak."""
    applicable = roofs(facts, device, record.method)
    roof = binding(applicable)
    if roof is None:
        return None
    median_us = summarize(record.samples_us).median_us
    speed = f"{median_us:.4g} µs ({_speed(facts, median_us)})"
    hardest = max(applicable, key=lambda roof: roof.limit_us)
    if median_us < hardest.limit_us:
        text = (
            f"{speed} lies above the {hardest.resource.value} roof: {device.model} needs at least "
            f"{hardest.limit_us:.4g} µs at its highest clock"
        )
        return Objection(Severity.ERROR, about(record), text)
    if median_us < roof.floor_us:
        text = (
            f"{speed} is more than the documented {roof.resource.value} peak of {device.model}; "
            "only a higher clock or traffic that stays in the cache could explain it"
        )
        return Objection(Severity.DOUBT, about(record), text)
    return None


def _speed(facts: CaseFacts, total_us: float) -> str:
    """In TFLOPS, or for work that tensor cores do not take in GB/s."""
    rate, moved = tflops(facts, total_us), gbs(facts, total_us)
    if rate is None or (facts.work and not facts.work.matrix and moved):
        return f"{moved or 0.0:.4g} GB/s"
    return f"{rate:.4g} TFLOPS"
