"""Every reason to distrust a result that is found in the result itself."""

from __future__ import annotations

from orchestrator.performance.objection import Objection, Severity
from orchestrator.performance.objections.clocks import clocks
from orchestrator.performance.objections.doubles import (
    chosen_samples,
    repeated_samples,
    twice,
)
from orchestrator.performance.objections.look_alikes import look_alikes
from orchestrator.performance.objections.pace import host_bound
from orchestrator.performance.objections.records import unchecked
from orchestrator.performance.objections.roofs import above_a_roof, beyond_reason
from orchestrator.performance.objections.samples import bad_samples, unstable
from remote_payload.contract.result import Result


def objections(result: Result) -> tuple[Objection, ...]:
    """Every objection to the result's timings, gravest first, otherwise in a fixed order."""
    found = [
        *bad_samples(result),
        *twice(result),
        *chosen_samples(result),
        *repeated_samples(result),
        *beyond_reason(result),
        *unchecked(result),
        *above_a_roof(result),
        *look_alikes(result),
        *unstable(result),
        *clocks(result),
        *host_bound(result),
    ]
    gravity = list(Severity)
    return tuple(sorted(found, key=lambda objection: gravity.index(objection.severity)))
