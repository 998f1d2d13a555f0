"""Read what cutlass_profiler wrote about GEMM: every version's CSV by column name, row by row.

Nothing is believed that the row itself does not bear out: the operation count has to follow from
m, n and k, and the rate from operations and run time. https://github.com/NVIDIA/cutlass/blob/main/
tools/profiler/src/performance_report.cpp prints the columns; "GB/s" holds GiB/s (performance_result
.h divides by 2^30), "Runtime" milliseconds, numbers have six significant digits.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

NO_ROW = "no row: no kernel was built for this architecture, or none has the types asked for"
NO_TABLE = "no table of cutlass_profiler is in it"

# What a table of any operation has.
_OF_ANY = ("OperationKind", "Operation", "Disposition", "Status")
_NEEDED = ("Operation", "Disposition", "Status", "m", "n", "k", "Flops", "Runtime", "GFLOPs")
# Twice the relative error of two numbers printed with six digits.
_ROUNDING = 2e-5
_LARGEST = 2**63 - 1  # int64_t in the profiler
_INTEGER = re.compile(r"[0-9]{1,19}")
_NUMBER = re.compile(r"[0-9]{1,19}(?:\.[0-9]{1,19})?(?:e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_PER_DEVICE = re.compile(r"Runtime_[0-9]+")
_DISPOSITIONS = {
    "not_verified": "it ran, but nothing verified its result (not_verified)",
    "incorrect": "its result is wrong (incorrect)",
    "failed": "it failed (failed)",
    "not_run": "it was not run (not_run)",
    "not_supported": "it does not support this problem (not_supported)",
    "invalid_problem": "it calls the problem invalid (invalid_problem)",
}


@dataclass(frozen=True)
class GemmRow:
    """One kernel whose result was verified. element: of A, such as "f16"; tile: of one CTA.

    rate_tflops is computed from flops and runtime_ms; rate_gib_s counts A, B, C and D once.
    """

    operation: str
    provider: str
    m: int
    n: int
    k: int
    element: str
    tile: str
    cluster: str
    disposition: str
    flops: int
    runtime_ms: float
    rate_tflops: float
    rate_gib_s: float | None


@dataclass(frozen=True)
class Refusal:
    """A row that gives no number, and why."""

    operation: str
    reason: str


@dataclass(frozen=True)
class Sheet:
    """problem: why there is not one row, good or refused; empty if there is."""

    rows: tuple[GemmRow, ...]
    refused: tuple[Refusal, ...]
    problem: str = ""


class _Refused(Exception):
    """The row cannot be believed; the text says why."""


def parse(text: str) -> Sheet:
    """Read a CSV file or a whole stdout with its "CSV Results:"; never raises."""
    rows: list[GemmRow] = []
    refused: list[Refusal] = []
    header: list[str] = []
    problem = NO_TABLE
    for cells in _lines(text):
        if set(_NEEDED) <= set(cells):
            header, problem = cells, NO_ROW
            twice = [name for name, count in Counter(cells).items() if count > 1]
            if twice:
                header, problem = [], f"two columns are called {twice[0]!r} (a pivot tag?)"
        elif set(_OF_ANY) <= set(cells):
            header, problem = [], _not_of_gemm(cells)
        elif header and len(cells) > len(header) // 2:
            named = dict(zip(header, cells, strict=False))
            try:
                rows.append(_row(named, len(cells) - len(header)))
            except _Refused as exc:
                refused.append(Refusal(named.get("Operation") or "?", str(exc)))
    return Sheet(tuple(rows), tuple(refused), "" if rows or refused else problem)


def _not_of_gemm(header: list[str]) -> str:
    kinds = [name.removesuffix("_kind") for name in header if name.endswith("_kind")]
    if kinds and "gemm" not in kinds:
        return f"a table of cutlass_profiler on {kinds[0]}, and only those on gemm are read"
    lacking = ", ".join(name for name in _NEEDED if name not in header)
    return f"a table of cutlass_profiler that lacks {lacking}"


def _lines(text: str) -> Iterator[list[str]]:
    for line in text.lstrip("\ufeff").replace("\r\n", "\n").split("\n"):
        try:
            cells = next(csv.reader([line]), [])
        except csv.Error:
            continue
        yield [cell.strip() for cell in cells]


def _row(named: Mapping[str, str], surplus: int) -> GemmRow:
    """The row, if all it says fits together. surplus: cells it has more than the header."""
    if surplus:
        how = f"{abs(surplus)} cells too {'many' if surplus > 0 else 'few'}"
        raise _Refused(f"the row does not fit its header: {how}")
    _require_success(named)
    m, n, k = (_whole(named, name) for name in ("m", "n", "k"))
    flops = _flops(named, m, n, k)
    runtime_ms = _runtime(named)
    rate_gflops = flops / runtime_ms / 1e6
    _require_near("GFLOPs", _number(named, "GFLOPs"), rate_gflops)
    return GemmRow(
        operation=named["Operation"],
        provider=named.get("Provider", ""),
        m=m,
        n=n,
        k=k,
        element=named.get("A", "").partition(":")[0],
        tile=_extent(named, "cta"),
        cluster=_extent(named, "cluster"),
        disposition=named["Disposition"],
        flops=flops,
        runtime_ms=runtime_ms,
        rate_tflops=rate_gflops / 1e3,
        rate_gib_s=_gib_per_s(named, runtime_ms),
    )


def _require_success(named: Mapping[str, str]) -> None:
    disposition, status = named["Disposition"].lower(), named["Status"].lower()
    if disposition != "passed":
        raise _Refused(_DISPOSITIONS.get(disposition, f"its disposition is {disposition!r}"))
    if status != "success":
        raise _Refused(f"its status is {status!r}, though its disposition is passed")


def _flops(named: Mapping[str, str], m: int, n: int, k: int) -> int:
    """The operation count; with or without the 2·m·n of the epilogue."""
    flops = _whole(named, "Flops")
    batches = _whole(named, "batch_count") if named.get("batch_count") else 1
    product, epilogue = 2 * m * n * k * batches, 2 * m * n * batches
    if flops not in (product, product + epilogue):
        raise _Refused(f"Flops says {flops}, but m, n and k make {product + epilogue}")
    return flops


def _runtime(named: Mapping[str, str]) -> float:
    """Milliseconds; of several devices their mean, which has to lie among theirs."""
    runtime_ms = _number(named, "Runtime")
    each = [_number(named, name) for name in named if _PER_DEVICE.fullmatch(name)]
    slack = runtime_ms * _ROUNDING
    if each and not min(each) - slack <= runtime_ms <= max(each) + slack:
        raise _Refused("Runtime does not lie among the devices' own run times")
    return runtime_ms


def _gib_per_s(named: Mapping[str, str], runtime_ms: float) -> float | None:
    if not named.get("GB/s") or not named.get("Bytes"):
        return None
    rate = _whole(named, "Bytes") / 2**30 / runtime_ms * 1e3
    _require_near("GB/s", _number(named, "GB/s"), rate)
    return rate


def _require_near(name: str, said: float, computed: float) -> None:
    if not math.isclose(said, computed, rel_tol=_ROUNDING):
        raise _Refused(f"{name} says {said:g}, but the row's own figures make {computed:g}")


def _whole(named: Mapping[str, str], name: str) -> int:
    text = named[name]
    value = int(text) if _INTEGER.fullmatch(text) else 0
    if not 1 <= value <= _LARGEST:
        raise _Refused(f"{name} is {text!r}, no whole number above zero")
    return value


def _number(named: Mapping[str, str], name: str) -> float:
    text = named[name]
    value = float(text) if _NUMBER.fullmatch(text) else 0.0
    if not (value > 0 and math.isfinite(value)):
        raise _Refused(f"{name} is {text!r}, no number above zero")
    return value


def _extent(named: Mapping[str, str], what: str) -> str:
    """Such as "128x256x64"; empty if this version does not tell."""
    sides = [named.get(f"{what}_{axis}", "") for axis in "mnk"]
    return "x".join(sides) if all(_INTEGER.fullmatch(side) for side in sides) else ""
