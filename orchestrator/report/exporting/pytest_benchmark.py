"""JSON as pytest-benchmark writes it with --benchmark-json, so that its `compare` reads ours.

Source: docs of pytest-benchmark, "Usage" and "Hooks". A round is a sample here, an iteration a call
in it. Samples that were taken while the GPU held its clocks back are left out, as everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from orchestrator.performance.starts import kept_us
from orchestrator.report.comparing.comparison import Comparison
from orchestrator.report.exporting import origin
from orchestrator.report.exporting.statistics_of import stats
from orchestrator.report.exporting.trusted import trusted
from orchestrator.report.figures import Figure, Figures, figures
from orchestrator.report.wording.plain import words
from orchestrator.values.run import Run
from remote_payload.contract.result import Result

# Of the program that reads these in tests; it looks at what there is rather than at this.
_VERSION = "5.3.1"


def of_run(run: Run, derived: Figures | None) -> str:
    """All trusted timings of a run; what is timed on one case by one method is a group."""
    return _document(run, list(_entries(derived)))


def of_comparison(found: Comparison) -> str:
    """Those of both runs, told apart by `before` and `after`; all else is the second's."""
    entries: list[dict[str, object]] = []
    for run, word in ((found.before, "before"), (found.after, "after")):
        derived = figures(run.result) if run.result else None
        entries += _entries(derived, f" ({word})")
    return _document(found.after, entries)


def _document(run: Run, entries: list[dict[str, object]]) -> str:
    document = {
        "machine_info": _machine(run.result) if run.result else {},
        "commit_info": _commit(run),
        "benchmarks": entries,
        "datetime": words(run.result.started_at if run.result else run.card.created_at),
        "version": _VERSION,
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _entries(derived: Figures | None, which: str = "") -> Iterator[dict[str, object]]:
    for row in trusted(derived):
        if derived is not None:
            yield _entry(row, derived, which)


def _entry(row: Figure, derived: Figures, which: str) -> dict[str, object]:
    record = row.record
    case, method = words(record.case.label), record.method.value
    name = f"{words(record.provider)}[{case}, {method}]{which}"
    axes = {words(axis): _value(value) for axis, value in record.case.axes}
    params = {
        "provider": words(record.provider),
        **axes,
        "dtype": record.case.dtype.value,
        "method": method,
    }
    return {
        "group": f"{case}, {method}",
        "name": name,
        "fullname": f"{words(derived.result.operator.name)}::{name}",
        "params": params,
        "param": f"{case}, {method}",
        "extra_info": {
            "verdict": origin.verdict_of(row, derived),
            "machine": origin.machine_of(derived.result),
            "starts": len(record.starts) or 1,
        },
        "options": {"timer": method, "warmup": record.warmup},
        "stats": stats(kept_us(record) or record.samples_us, record.calls),
    }


def _value(value: object) -> object:
    return words(value) if isinstance(value, str) else value


def _machine(result: Result) -> dict[str, object]:
    machine = result.machine
    if machine is None:
        return {}
    told = {
        "node": machine.hostname_digest,
        "system": machine.os,
        "processor": machine.cpu,
        "python_version": machine.python,
        "gpu": machine.gpu,
        "driver": machine.driver,
        "torch": machine.torch,
    }
    cpu = {"brand_raw": words(machine.cpu), "count": machine.cpu_count}
    return {**{key: words(value) for key, value in told.items() if value}, "cpu": cpu}


def _commit(run: Run) -> dict[str, object]:
    revision = origin.revision_of(run.card)
    if revision is None:
        return {"id": "unknown", "time": None, "dirty": None, "branch": "unknown"}
    dirty = None if revision.is_clean is None else not revision.is_clean
    return {
        "id": words(revision.commit),
        "time": words(revision.committed_at) or None,
        "dirty": dirty,
        "branch": words(revision.branch) or "unknown",
    }
