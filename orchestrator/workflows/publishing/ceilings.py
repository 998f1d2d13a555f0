"""From the artifacts of the CUTLASS profiler to rows; offline."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from orchestrator.here import regular_file
from orchestrator.readers.cutlass_csv import Sheet, parse
from orchestrator.values.run import Run

CSV, OUTPUT = ".csv", ".txt"
# What the profiler's output is called that holds no table: our own steps around it.
_NO_TABLES = ("version", "configure", "build")


def cutlass_sheets(run: Run, folder: Path) -> tuple[Sheet, ...]:
    """One sheet for each question put to the profiler: its CSV file, else what it printed.

    A file that is not in the run's folder, or is no text, is a sheet without rows that says so.
    """
    report = run.result.cutlass if run.result else None
    names = [PurePosixPath(name) for name in report.artifacts] if report else []
    tables = {name.name.partition(".")[0]: name for name in names if name.suffix == CSV}
    printed = {name.stem: name for name in names if name.suffix == OUTPUT}
    asked = dict.fromkeys((*tables, *(name for name in printed if name not in _NO_TABLES)))
    return tuple(_sheet(run, folder, tables.get(name) or printed[name]) for name in asked)


def _sheet(run: Run, folder: Path, name: PurePosixPath) -> Sheet:
    path = folder / name
    if run.has_changed(str(name)):
        return Sheet((), (), f"{name.name} is not what came home")
    if folder.resolve() not in path.resolve().parents:
        return Sheet((), (), f"{name.name} lies outside the run")
    try:
        return parse(regular_file.read_text(path, "replace"))
    except OSError as exc:
        return Sheet((), (), f"{name.name} cannot be read: {exc.strerror}")
