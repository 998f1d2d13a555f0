"""NVBench's JSON: https://github.com/NVIDIA/nvbench, json_printer; a state of a benchmark is a row.

What is measured is told by tags: nv/cold/time/gpu/mean, in seconds. Raw samples lie in files of
their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.audit.recognising.cells import Cell, Number, cell
from orchestrator.audit.recognising.rows import Entry

FORM = "NVBench JSON"
_TAGS = {
    "nv/cold/time/gpu/mean": "mean_s",
    "nv/cold/time/gpu/min": "min_s",
    "nv/cold/time/gpu/max": "max_s",
    "nv/cold/time/gpu/median": "median_s",
    "nv/cold/time/gpu/stdev/absolute": "stdev_s",
    "nv/cold/time/gpu/stdev/relative": "relative stdev %",
    "nv/cold/time/cpu/mean": "cpu mean_s",
    "nv/cold/time/cpu/stdev/relative": "cpu relative stdev %",
    "nv/batch/time/gpu/mean": "batch mean_s",
    "nv/cold/bw/global/bytes_per_second": "bytes_per_second",
    "nv/cold/bw/global/utilization": "bandwidth utilization %",
}
_SHARES = frozenset(tag for tag, key in _TAGS.items() if key.endswith("%"))
_TRAFFIC = ("nv/gmem/reads", "nv/gmem/writes")


def is_one(document: Any) -> bool:
    """Whether a document is NVBench's."""
    if not isinstance(document, dict) or not isinstance(document.get("benchmarks"), list):
        return False
    return any(isinstance(one, dict) and "states" in one for one in document["benchmarks"])


def entries(document: Mapping[str, Any]) -> Iterator[Entry]:
    """A row for each state that was measured."""
    devices = [one for one in document.get("devices") or () if isinstance(one, dict)]
    for number, benchmark in enumerate(document["benchmarks"]):
        if not isinstance(benchmark, dict):
            continue
        for at, state in enumerate(benchmark.get("states") or ()):
            if isinstance(state, dict) and not state.get("is_skipped"):
                # What is told by nv/cold was measured with a flushed L2.
                cells = {"benchmark": str(benchmark.get("name") or ""), "cache": "cold"}
                place = f"benchmarks[{number}].states[{at}]"
                yield Entry(place, {**cells, **_state(state, devices)})


def _state(state: Mapping[str, Any], devices: list[Any]) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for axis in state.get("axis_values") or ():
        if isinstance(axis, dict):
            found[str(axis.get("name"))] = _value(axis.get("value"))
    found |= _device(state, devices)
    traffic = 0.0
    for summary in state.get("summaries") or ():
        if not isinstance(summary, dict):
            continue
        tag, value = str(summary.get("tag")), _data(summary)
        if tag in _TAGS and isinstance(value, Number):
            # Shares are parts of one there, and only in percent can nobody doubt it.
            times = 100.0 if tag in _SHARES else 1.0
            found[_TAGS[tag]] = Number(value.value * times, value.half * times)
        elif tag.startswith(_TRAFFIC) and isinstance(value, Number):
            traffic += value.value
    if traffic:
        found["bytes"] = Number(traffic)
    return found


def _device(state: Mapping[str, Any], devices: list[Any]) -> dict[str, Cell]:
    told = state.get("device")
    wanted = told.value if isinstance(told, Number) else None
    for one in devices:
        number = one.get("id")
        if isinstance(number, Number) and number.value == wanted:
            found: dict[str, Cell] = {"gpu": str(one.get("name") or "")}
            peak = _value(one.get("global_memory_bus_bandwidth"))
            return {**found, "peak bytes_per_second": peak} if peak else found
    return {}


def _data(summary: Mapping[str, Any]) -> Cell:
    for one in summary.get("data") or ():
        if isinstance(one, dict) and one.get("name") == "value":
            return _value(one.get("value"))
    return _value(summary.get("value"))


def _value(value: Any) -> Cell:
    if isinstance(value, str):
        return cell(value)
    return value if isinstance(value, Number | bool) else None
