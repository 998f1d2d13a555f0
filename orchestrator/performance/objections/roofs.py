"""Times that no machine, or not this one, can reach."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from orchestrator.performance.bounds.bound import Bound
from orchestrator.performance.bounds.every import bounds
from orchestrator.performance.objection import (
    BEYOND_REASON,
    Objection,
    Severity,
    about,
    timed,
)
from orchestrator.performance.objections.samples import gravity_of, share_of
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
    """Times below what the machine they were taken on allows, whatever is known of it."""
    for record in timed(result):
        found = _roof_objection(record, result.facts(record.case), bounds(result, record))
        if found is not None:
            yield found


def _roof_objection(
    record: BenchRecord, facts: CaseFacts, applicable: tuple[Bound, ...]
) -> Objection | None:
    """ERROR below the time that physics allows, DOUBT between that and the peak; of samples that
    physics does not allow beside others that it does, how many."""
    if not applicable:
        return None
    hardest = max(applicable, key=lambda bound: bound.limit_us)
    binding = max(applicable, key=lambda bound: bound.floor_us)
    median_us = statistics.median(record.samples_us)
    speed = f"{median_us:.4g} µs ({_speed(facts, median_us)})"
    if median_us < hardest.limit_us:
        text = f"{speed} lies above the {hardest.name} roof: {hardest.needs}"
        return Objection(Severity.ERROR, about(record), text)
    beyond = [sample for sample in record.samples_us if sample < hardest.limit_us]
    if beyond:
        text = (
            f"{share_of(beyond, record)} lie above the {hardest.name} roof, down to "
            f"{min(beyond):.4g} µs: {hardest.needs}"
        )
        return Objection(gravity_of(beyond, record), about(record), text)
    if median_us < binding.floor_us:
        return Objection(Severity.DOUBT, about(record), f"{speed} is more than {binding.peak}")
    return None


def _speed(facts: CaseFacts, total_us: float) -> str:
    """In TFLOPS, or for work that tensor cores do not take in GB/s."""
    rate, moved = tflops(facts, total_us), gbs(facts, total_us)
    if rate is None or (facts.work and not facts.work.matrix and moved):
        return f"{moved or 0.0:.4g} GB/s"
    return f"{rate:.4g} TFLOPS"
