"""What the CUTLASS profiler's files say, beside the ceilings that we measure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.performance import ceiling
from orchestrator.performance.device import Device
from orchestrator.readers.cutlass_csv import GemmRow, Sheet
from orchestrator.report.view.tables import NO_TABLE, Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.result import Result

_ROW_HEADER = ("Kernel", "A", "Tile", "Cluster", "Disposition", "ms", "TFLOPS", "GiB/s", "Doubt")
_ELEMENTS = {"f16": "FP16", "e4m3": "FP8"}  # the profiler's words for what it was asked for
ROWS_SHOWN = 8


def trusted(sheets: Sequence[Sheet], device: Device | None) -> list[GemmRow]:
    """Rows that nothing refutes, fastest first."""
    rows = [row for sheet in sheets for row in sheet.rows]
    kept = [row for row in rows if not ceiling.row_doubt(row, device)[1]]
    return sorted(kept, key=lambda row: -row.rate_tflops)


def cutlass_headline(result: Result, trusted: Sequence[GemmRow]) -> str:
    """What the profiler came to; empty if it was not asked for."""
    if not result.request.ceilings.cutlass:
        return ""
    report = result.cutlass
    why = f"{report.reason.rstrip('.')}." if report and report.reason else ""
    if not trusted:
        return f"CUTLASS profiler: not measured: {why or 'no row can be believed.'}"
    best = {row.element: row for row in reversed(trusted)}
    told = ", ".join(
        f"{_ELEMENTS.get(element, element)} {best[element].rate_tflops:.4g} TFLOPS"
        for element in sorted(best, key=[*_ELEMENTS, *best].index)
    )
    size = trusted[0]
    version = f" ({report.version})" if report and report.version else ""
    rest = f" Not all went well: {why}" if why else ""
    return f"CUTLASS profiler{version}, {size.m} × {size.n} × {size.k}: best {told}.{rest}"


def cutlass_rows(sheets: Sequence[Sheet], device: Device | None) -> Table:
    rows = [
        _gemm_row(row, device)
        for sheet in sheets
        for row in sorted(sheet.rows, key=lambda row: -row.rate_tflops)[:ROWS_SHOWN]
    ]
    return Table(_ROW_HEADER, tuple(rows)) if rows else NO_TABLE


def _gemm_row(row: GemmRow, device: Device | None) -> tuple[str, ...]:
    doubt, _ = ceiling.row_doubt(row, device)
    return (
        row.operation,
        row.element or fmt.NONE,
        row.tile or fmt.NONE,
        row.cluster or fmt.NONE,
        row.disposition,
        f"{row.runtime_ms:.5g}",
        f"{row.rate_tflops:.4g}",
        fmt.NONE if row.rate_gib_s is None else f"{row.rate_gib_s:.4g}",
        doubt or fmt.NONE,
    )


def refusals(sheets: Sequence[Sheet]) -> tuple[str, ...]:
    """Each reason once, with the kernels it is for."""
    found: dict[str, list[str]] = {}
    for sheet in sheets:
        for one in sheet.refused:
            found.setdefault(one.reason, []).append(one.operation)
    lines = [
        f"{fmt.count(len(names), 'row')} refused, {names[0]} first: {reason}."
        for reason, names in found.items()
    ]
    return (*lines, *(f"{sheet.problem}." for sheet in sheets if sheet.problem))
