"""The columns that say which launch a record belongs to."""

from __future__ import annotations

import re

from orchestrator.errors import UsageError
from orchestrator.readers.ncu.capture import Dim3, KernelCapture
from orchestrator.readers.ncu.text_table import Row, Table

COLUMNS = (
    "ID",
    "Process ID",
    "Process Name",
    "Host Name",
    "Kernel Name",
    "Context",
    "Stream",
    "Block Size",
    "Grid Size",
    "Device",
    "CC",
    "Invocations",
)
_DIM3 = re.compile(r"\(\s*(\d{1,10}),\s*(\d{1,10}),\s*(\d{1,10})\)\Z", re.A)
_COUNT = re.compile(r"(\d{1,9})(?:\.0)?\Z", re.A)
_AS_FLOAT = re.compile(r"(\d+)\.0\Z", re.A)
_WHOLE = re.compile(r"\d+\Z", re.A)


def launch(table: Table, row: Row, id_if_none: int) -> KernelCapture:
    """The launch of a record, without metrics. UsageError for an ID that is no number."""

    def cell(name: str) -> str:
        place = table.column(name)
        return row.cells[place].strip() if place is not None else ""

    capability = cell("CC")
    return KernelCapture(
        id=_count(cell("ID"), row, "ID") if "ID" in table.header else id_if_none,
        kernel=cell("Kernel Name"),
        metrics={},
        context=ordinal(cell("Context")),
        stream=ordinal(cell("Stream")),
        grid=_dim3(cell("Grid Size")),
        block=_dim3(cell("Block Size")),
        device=ordinal(cell("Device")),
        # A spreadsheet turns 9.0 into 9.
        compute_capability=f"{capability}.0" if _WHOLE.match(capability) else capability,
        launches=_count(cell("Invocations"), row, "Invocations")
        if "Invocations" in table.header
        else 1,
    )


def ordinal(text: str) -> str:
    """The number of a context, stream or device: `7`, also where a data frame wrote `7.0`."""
    found = _AS_FLOAT.match(text)
    return found[1] if found else text


def place(row: Row) -> str:
    """Where a record stands, for messages."""
    return f"line {row.line}"


def _count(text: str, row: Row, column: str) -> int:
    found = _COUNT.match(text)
    if found is None:
        raise UsageError(f"{place(row)}: {column} is {text!r}, expected a whole number")
    return int(found[1])


def _dim3(text: str) -> Dim3 | None:
    found = _DIM3.match(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
