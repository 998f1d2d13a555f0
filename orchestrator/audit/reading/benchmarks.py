"""JSON of pytest-benchmark and of Google Benchmark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.audit.recognising.cells import Cell, Number, cell
from orchestrator.audit.recognising.rows import Entry

PYTEST, GOOGLE = "pytest-benchmark JSON", "Google Benchmark JSON"
_STATS = {
    "min": "min_s",
    "max": "max_s",
    "mean": "mean_s",
    "median": "median_s",
    "stddev": "stddev_s",
    "q1": "q1_s",
    "q3": "q3_s",
    "ops": "ops",
}
_ARGUMENTS = re.compile(r"/(\d+)/(\d+)/(\d+)(?:/|$)")


def is_pytest(document: Any) -> bool:
    """Whether a document is pytest-benchmark's."""
    return _of(document, "stats") and "machine_info" in document


def is_google(document: Any) -> bool:
    """Whether a document is Google Benchmark's."""
    return _of(document, "real_time") and "context" in document


def _of(document: Any, key: str) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("benchmarks"), list):
        return False
    return any(isinstance(one, dict) and key in one for one in document["benchmarks"])


def of_pytest(document: Mapping[str, Any]) -> Iterator[Entry]:
    """A row for each benchmark; all its times are in seconds, and `data` has every round."""
    for at, one in enumerate(document["benchmarks"]):
        stats = one.get("stats") if isinstance(one, dict) else None
        if not isinstance(stats, dict):
            continue
        cells: dict[str, Cell] = {"name": str(one.get("fullname") or one.get("name") or "")}
        for what in ("params", "extra_info"):
            given = one.get(what)
            if isinstance(given, dict):
                cells |= {str(key): _value(value) for key, value in given.items()}
        cells |= {key: _value(stats[name]) for name, key in _STATS.items() if name in stats}
        data = [value for value in stats.get("data") or () if isinstance(value, Number)]
        yield Entry(f"benchmarks[{at}]", cells, {"samples_s": tuple(data)} if data else {})


def of_google(document: Mapping[str, Any]) -> Iterator[Entry]:
    """A row for each benchmark: repetitions are samples, aggregates what is told of them."""
    runs: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for at, one in enumerate(document["benchmarks"]):
        if isinstance(one, dict) and "real_time" in one:
            runs.setdefault(str(one.get("run_name") or one.get("name")), []).append((at, one))
    for name, rows in runs.items():
        yield _google(name, rows)


def _google(name: str, rows: list[tuple[int, Mapping[str, Any]]]) -> Entry:
    cells: dict[str, Cell] = {"name": name}
    if found := _ARGUMENTS.search(name):
        cells["shape"] = "x".join(found.groups())
    unit = str(rows[0][1].get("time_unit") or "ns")
    samples: list[Number] = []
    for _, one in rows:
        time = one.get("real_time")
        aggregate = str(one.get("aggregate_name") or "")
        if not isinstance(time, Number):
            continue
        if aggregate == "cv":
            cells["cv"] = time
        elif aggregate:
            cells[f"{aggregate}_{unit}"] = time
        else:
            samples.append(time)
            cells |= {key: _value(one[key]) for key in ("bytes_per_second",) if key in one}
    if len(samples) == 1:
        cells[f"time_{unit}"] = samples[0]
    lists = {f"samples_{unit}": tuple(samples)} if len(samples) > 1 else {}
    return Entry(f"benchmarks[{rows[0][0]}]", cells, lists)


def _value(value: Any) -> Cell:
    if isinstance(value, str):
        return cell(value)
    return value if isinstance(value, Number | bool) else None
