"""A run of a FlashInfer Trace problem as Traces, for their viewer.

The schema: flashinfer-ai/flashinfer-bench, docs/flashinfer-trace/trace.mdx. Times are as theirs,
means with a cold cache; where there are none, a passed check is no Trace, since PASSED has to have
a time.
"""

from __future__ import annotations

import json
import math
import statistics
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.report.against import find
from orchestrator.workflows.own import Beside, Own
from orchestrator.workflows.problems import flashinfer, solutions
from remote_payload.contract.case import Case
from remote_payload.contract.records import BenchRecord, CheckRecord, Ruling
from remote_payload.contract.result import Result
from remote_payload.contract.words import Fault, Method, Status
from remote_payload.operators.adapted import node
from remote_payload.operators.flashinfer import reading
from remote_payload.operators.flashinfer.reading import WORKLOAD, Definition

_STATUS = {
    Fault.COMPILE: "COMPILE_ERROR",
    Fault.SHAPE: "INCORRECT_SHAPE",
    Fault.DTYPE: "INCORRECT_DTYPE",
    Fault.RAISED: "RUNTIME_ERROR",
    Fault.FORM: "RUNTIME_ERROR",
    Fault.HARNESS: "RUNTIME_ERROR",
}


@dataclass(frozen=True)
class Written:
    """lines: the Traces as JSON. untimed: how many passed, and have no time to tell."""

    lines: tuple[str, ...]
    untimed: int


def traces(own: Own, beside: Beside, result: Result) -> Written:
    """A Trace for each solution on each workload of a run."""
    document = node.read(own.source.name, own.source.read_bytes())
    definition = reading.definition(document)
    workloads = flashinfer.workloads_of(definition, own.source, beside.workloads)
    names = dict(solutions.names(path) for path in beside.solutions)
    lines, untimed = [], 0
    for record in result.checks:
        if record.provider not in names or record.status is Status.SKIPPED:
            continue
        told = _evaluation(record, result)
        if told is None:
            untimed += 1
            continue
        workload = _workload(record.case, definition, workloads)
        whole = {
            "definition": definition.name,
            "workload": workload,
            "solution": names[record.provider],
            "evaluation": told,
        }
        lines.append(json.dumps(whole, allow_nan=False))
    return Written(tuple(lines), untimed)


def _workload(case: Case, of: Definition, known: Mapping[str, Any]) -> dict[str, Any]:
    """The very one; of a case of the user's own one of random inputs, always by the same uuid."""
    prefix = str(case.get(WORKLOAD, ""))
    for name, plain in known.items():
        if prefix and name.startswith(prefix):
            return dict(plain)
    mine = uuid.uuid5(uuid.NAMESPACE_OID, f"{of.name} {case.label}")
    inputs = {spec.name: {"type": "random"} for spec in of.inputs}
    return {"uuid": str(mine), "axes": dict(case.sizes), "inputs": inputs}


def _evaluation(record: CheckRecord, result: Result) -> dict[str, Any] | None:
    told: dict[str, Any] = {
        "environment": _environment(result),
        "timestamp": result.finished_at,
        "log": f"run {result.request.run_id}: {record.reason or 'passed'}",
    }
    if record.status is Status.TIMEOUT:
        return {"status": "TIMEOUT", **told}
    if record.status is not Status.OK:
        status = _STATUS.get(record.fault or Fault.RAISED, "INCORRECT_NUMERICAL")
        if status == "INCORRECT_NUMERICAL":
            told["correctness"] = _correctness(record.ruling)
        return {"status": status, **told}
    times = _times(record, result)
    if times is None:
        return None
    mine, reference = (statistics.fmean(one.samples_us) / 1e3 for one in times)
    performance = {
        "latency_ms": mine,
        "reference_latency_ms": reference,
        "speedup_factor": reference / mine,
    }
    told["log"] += f"; means of {len(times[0].samples_us)} calls with a cold cache"
    correctness = _correctness(record.ruling)
    return {"status": "PASSED", **told, "correctness": correctness, "performance": performance}


def _times(record: CheckRecord, result: Result) -> tuple[BenchRecord, BenchRecord] | None:
    names = (record.provider, result.operator.baseline)
    found = [find(result.bench, name, record.case, Method.COLD) for name in names]
    whole = [one for one in found if one and one.status is Status.OK and one.samples_us]
    return (whole[0], whole[1]) if len(whole) == 2 else None


def _correctness(ruling: Ruling | None) -> dict[str, Any]:
    """As their own program writes what is not finite: in words."""
    pair = (ruling.max_rel, ruling.max_abs) if ruling else (None, None)
    names = ("max_relative_error", "max_absolute_error")
    return {
        name: value if value is not None and math.isfinite(value) else "Infinity"
        for name, value in zip(names, pair, strict=True)
    }


def _environment(result: Result) -> dict[str, Any]:
    machine = result.machine
    if machine is None:
        return {"hardware": "unknown", "libs": {}}
    libs = {"torch": machine.torch, "cuda": machine.torch_cuda}
    return {
        "hardware": machine.gpu or machine.cpu or "unknown",
        "libs": {name: version for name, version in libs.items() if version},
    }
