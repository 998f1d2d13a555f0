"""What a run's folder knows of the kernels beside the result; offline."""

from __future__ import annotations

from pathlib import Path

from orchestrator.here import regular_file
from orchestrator.readers.sass import MachineCode, describe, parse
from orchestrator.report.insight import Insight
from orchestrator.values.run import Run
from orchestrator.workflows.publishing.counters import Profiled, calls, profiled
from remote_payload.contract.layout import ARTIFACTS

# Where the stage trace leaves the listing of our library (remote_payload/compiling/disassembly.py).
LISTING = Path(ARTIFACTS) / "trace" / "sparsek.sass"


def insight(run: Run, folder: Path, held: Profiled | None = None) -> Insight:
    """Counters of calls as evidence, and our machine code in figures, as far as they came home.

    held: what ncu left, if it was read already.
    """
    return Insight(calls(held or profiled(run, folder)), _machine_code(run, folder))


def _machine_code(run: Run, folder: Path) -> tuple[MachineCode, ...]:
    if run.has_changed(LISTING.as_posix()):
        return ()
    try:
        return describe(parse(regular_file.read_text(folder / LISTING, "replace")))
    except OSError:
        return ()
