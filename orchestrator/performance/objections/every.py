"""Every reason to distrust a result that is found in the result itself."""

from __future__ import annotations

from orchestrator.performance.objection import Objection, Severity
from orchestrator.performance.objections.clocks import clocks
from orchestrator.performance.objections.look_alikes import look_alikes
from orchestrator.performance.objections.meanwhile import meanwhile
from orchestrator.performance.objections.pace import host_bound
from orchestrator.performance.objections.records import (
    foreign_library,
    passed_by_no_right,
    twice,
    unchecked,
    unreal,
)
from orchestrator.performance.objections.roofs import above_a_roof, beyond_reason
from orchestrator.performance.objections.samples import (
    bad_samples,
    impossible,
    in_order,
    on_a_grid,
    uneven,
    unstable,
)
from orchestrator.performance.objections.tolerances import senseless
from orchestrator.performance.objections.traces import other_kernels, other_times
from orchestrator.performance.objections.turns import copied, fewer_than_others, miscounted
from orchestrator.performance.objections.witness import (
    clocks_disagree,
    remembered,
    told_otherwise,
)
from remote_payload.contract.result import Result


def objections(result: Result) -> tuple[Objection, ...]:
    """Every objection to the result's timings, gravest first, otherwise in a fixed order."""
    found = [
        *bad_samples(result),
        *beyond_reason(result),
        *miscounted(result),
        *twice(result),
        *unchecked(result),
        *passed_by_no_right(result),
        *unreal(result),
        *foreign_library(result),
        *senseless(result),
        *impossible(result),
        *above_a_roof(result),
        *told_otherwise(result),
        *remembered(result),
        *copied(result),
        *other_kernels(result),
        *other_times(result),
        *clocks_disagree(result),
        *fewer_than_others(result),
        *in_order(result),
        *look_alikes(result),
        *uneven(result),
        *unstable(result),
        *clocks(result),
        *meanwhile(result),
        *host_bound(result),
        *on_a_grid(result),
    ]
    gravity = list(Severity)
    return tuple(sorted(found, key=lambda objection: gravity.index(objection.severity)))
