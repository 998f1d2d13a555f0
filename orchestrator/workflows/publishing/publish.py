"""From a stored run to its report on disk; offline, and the same bytes every time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.report.render import Report, render
from orchestrator.store.runs import binding
from orchestrator.store.runs.run_store import REPORT
from orchestrator.values.run import Run
from orchestrator.workflows.publishing import kept_charts
from orchestrator.workflows.publishing.ceilings import cutlass_sheets
from orchestrator.workflows.publishing.chart_place import chart_place
from orchestrator.workflows.publishing.counters import counters, profiled
from orchestrator.workflows.publishing.insight import insight
from remote_payload.contract import codec, writing

STDOUT = 1


@dataclass(frozen=True)
class Published:
    """Where the report is, where its charts are, and what its first line says.

    to_stdout: the report went to our own stdout, so that nothing else belongs there.
    """

    path: Path
    report: Report
    charts: Path
    to_stdout: bool = False


def publish(
    run: Run, folder: Path, output: Path | None = None, *, runs: Path | None = None
) -> Published:
    """Render `run` into its own folder, or to `output`; its charts to where `chart_place` says.

    runs: the folder of all runs, beside which drawings are kept for the next time.
    OSError: one of the files cannot be written. LocalFault: something else has a chart's name.
    """
    run = binding.examined(run, folder)
    held = profiled(run, folder)
    sheets = cutlass_sheets(run, folder)
    path = output or folder / REPORT
    place = chart_place(path, folder)
    report = render(run, counters(held), sheets, insight(run, folder, held), place.link)
    drawings = kept_charts.drawings(report.charts, runs)
    place.require_free(drawings)
    to_stdout = writing.own_stream(path) == STDOUT
    path.parent.mkdir(parents=True, exist_ok=True)
    # First what was asked for: where it cannot be written nothing else is.
    codec.write_atomic(path, report.markdown)
    for name, svg in drawings.items():
        place.folder.mkdir(parents=True, exist_ok=True)
        codec.write_atomic(place.folder / name, svg)
    return Published(path, report, place.folder, to_stdout)
