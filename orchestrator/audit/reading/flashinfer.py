"""Traces of FlashInfer Trace: https://github.com/flashinfer-ai/flashinfer-bench, trace.mdx."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.audit.recognising.cells import Cell, Number, number
from orchestrator.audit.recognising.rows import Entry
from orchestrator.audit.values import Finding, Kind, Weight

FORM = "FlashInfer traces"
_UNTIMED = "a passed solution without a time"


def is_one(document: Any) -> bool:
    """Whether a document is a Trace; a workload that nobody evaluated is none."""
    return isinstance(document, dict) and {"definition", "evaluation"} <= set(document)


def entry(document: Mapping[str, Any], place: str) -> Entry:
    """One Trace as a row."""
    cells: dict[str, Cell] = {"definition": str(document.get("definition"))}
    cells["solution"] = str(document.get("solution") or "")
    workload = _object(document, "workload")
    uuid = str(workload.get("uuid") or "")[:8]
    cells["uuid"] = uuid
    cells |= {f"axes.{key}": one for key, one in _object(workload, "axes").items() if _plain(one)}
    evaluation = _object(document, "evaluation")
    cells["hardware"] = str(_object(evaluation, "environment").get("hardware") or "")
    for key, one in _object(evaluation, "performance").items():
        value = number(one) if isinstance(one, str) else one
        cells[f"performance.{key}"] = value if isinstance(value, Number) else None
    return Entry(place, cells, label=uuid)


def findings(document: Mapping[str, Any], place: str) -> Iterator[Finding]:
    """What a Trace says of itself that cannot be together."""
    evaluation = _object(document, "evaluation")
    if evaluation.get("status") != "PASSED":
        return
    where = f"{place}, {document.get('solution')}"
    if not _object(evaluation, "performance"):
        yield Finding(Kind.CONTRADICTS, Weight.CONTRADICTION, _UNTIMED, where, "PASSED, no latency")
    worst = _object(evaluation, "correctness").get("max_absolute_error")
    worst = number(worst) if isinstance(worst, str) else worst
    if isinstance(worst, Number) and not math.isfinite(worst.value):
        title = "a passed solution whose error is no number"
        text = f"PASSED with a max_absolute_error of {worst.value}"
        yield Finding(Kind.CONTRADICTS, Weight.CONTRADICTION, title, where, text)


def _object(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _plain(value: Any) -> bool:
    return isinstance(value, Number)
