"""`.ncu-rep` files, through NVIDIA's package `ncu-report` (optional: `blackwell-sparsek[ncu]`)."""

from __future__ import annotations

import importlib
import math
import re
from pathlib import Path
from types import MappingProxyType
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.readers.ncu import file_kind
from orchestrator.readers.ncu.capture import Captures, Dim3, Form, KernelCapture, Measurement, Rule
from orchestrator.readers.ncu.identity import ordinal
from orchestrator.readers.ncu.number import unknown_units
from orchestrator.readers.ncu.quantities.unit import base
from orchestrator.readers.ncu.version import find_version
from orchestrator.values.progress import Progress, Silence

SUFFIX = ".ncu-rep"
_MAGIC = (b"NVR\0", b"\x28\xb5\x2f\xfd")  # plain, and Zstandard (RFC 8878, 3.1.1)
_PACKAGE = "ncu_report"
_LINK = re.compile(r"@section:[^:@]*:([^@]*)@|@url:([^:@]*):[^@]*@")
_BY_HAND = "ncu --import FILE --csv --page raw > FILE.csv"


def is_report(data: bytes) -> bool:
    """Whether the bytes start like a report of Nsight Compute."""
    return data.startswith(_MAGIC)


def read(path: Path, data: bytes, progress: Progress | None = None) -> Captures:
    """All kernels of the report at `path`, whose bytes are `data`.

    Raises UsageError: the package is missing, the file is no report, or it is cut off.
    """
    if not is_report(data):
        text = data.decode("utf-8", "replace")
        kind = file_kind.of_bytes(path.stem, data) or file_kind.of_text(path.stem, text)
        raise UsageError(
            f"not a report of Nsight Compute, though named like one: this is {kind.words}",
            hint=kind.advice,
        )
    try:
        kernels = _kernels(_package(), path, progress or Silence())
    except UsageError:
        raise
    # The package turns a damaged file into whatever its bindings stumble over.
    except Exception as exc:
        raise UsageError(
            f"the report is damaged, or newer than the package that reads it: {exc}",
            hint=f"Copy it again, or on the host: {_BY_HAND}",
        ) from exc
    if not kernels:
        raise UsageError(
            "the report is cut off, damaged, or holds no kernel",
            hint=f"Copy it again, or look at it on the host: {_BY_HAND}",
        )
    doubts = (f"unit {unit!r} is not known here; kept as it is" for unit in unknown_units(kernels))
    written_by = find_version(data.decode("latin-1"))
    return Captures(kernels, (Form.REPORT,), written_by, tuple(doubts))


def _package() -> Any:
    try:
        return importlib.import_module(_PACKAGE)
    except ImportError as exc:
        raise UsageError(
            f"reading a {SUFFIX} needs NVIDIA's package ncu-report, which is not installed ({exc})",
            hint=f"pip install 'blackwell-sparsek[ncu]', or on the host: {_BY_HAND}",
        ) from exc


def _kernels(package: Any, path: Path, progress: Progress) -> tuple[KernelCapture, ...]:
    context = package.load_report(str(path))
    ranges = [context.range_by_idx(i) for i in range(context.num_ranges() or 0)]
    actions = [one.action_by_idx(i) for one in ranges for i in range(one.num_actions() or 0)]
    kernels = []
    for number, action in enumerate(actions):
        progress.step("launches", number, len(actions))
        kernels.append(_kernel(package, number, action))
    progress.step("launches", len(actions), len(actions))
    return tuple(kernels)


def _kernel(package: Any, number: int, action: Any) -> KernelCapture:
    # A report whose end is lost still lists the launch, without a name and without metrics.
    if not action.metric_names() or action.name() is None:
        raise UsageError(
            f"the report is cut off: nothing is left of launch {number + 1}",
            hint=f"Copy it again, or look at it on the host: {_BY_HAND}",
        )
    metrics = {name: _measurement(action.metric_by_name(name)) for name in action.metric_names()}

    def fact(name: str) -> str:
        found = metrics.get(name)
        return "" if found is None or found.value is None else ordinal(str(found.value))

    major, minor = (fact(f"device__attribute_compute_capability_{p}") for p in ("major", "minor"))
    return KernelCapture(
        id=number,
        kernel=str(action.name(action.NameBase_DEMANGLED)),
        metrics=MappingProxyType(dict(sorted(metrics.items()))),
        context=fact("launch__context_id"),
        stream=fact("launch__stream_id"),
        grid=_dim3(metrics, "grid"),
        block=_dim3(metrics, "block"),
        device=fact("launch__device_id"),
        compute_capability=f"{major}.{minor}" if major and minor else "",
        rules=_rules(package, action),
    )


def _measurement(metric: Any) -> Measurement:
    if metric is None or not metric.has_value():
        return Measurement(None, "")
    value, unit = metric.value(), str(metric.unit())
    if isinstance(value, (int, float)):
        kept, factor = base(unit) or (unit, 1)
        if not math.isfinite(value * factor):
            return Measurement(None, kept, str(value))
        return Measurement(value * factor, kept)
    return Measurement(str(value) or None, unit)


def _dim3(metrics: dict[str, Measurement], what: str) -> Dim3 | None:
    found = [metrics.get(f"launch__{what}_dim_{axis}") for axis in "xyz"]
    sizes = [int(one.value) for one in found if one and isinstance(one.value, (int, float))]
    return (sizes[0], sizes[1], sizes[2]) if len(sizes) == 3 else None


def _rules(package: Any, action: Any) -> tuple[Rule, ...]:
    scopes = {package.SpeedupType_LOCAL: "local", package.SpeedupType_GLOBAL: "global"}
    rules = []
    for one in action.rule_results_as_dicts():
        text = _LINK.sub(lambda link: link[1] or link[2] or "", one["rule_message"]["message"])
        estimate = one.get("speedup_estimation") or {}
        scope = scopes.get(estimate.get("type"))
        speedup = f"{estimate['speedup']:.2f} % {scope}" if scope else ""
        rules.append(Rule(one["name"], one["section_identifier"], text, speedup))
    return tuple(rules)
