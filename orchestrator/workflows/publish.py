"""From a stored run to its report on disk; offline, and the same bytes every time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.run import Run
from orchestrator.report.render import Report, render
from orchestrator.store.runs import REPORT
from orchestrator.workflows.ceilings import cutlass_sheets
from orchestrator.workflows.counters import counters, profiled
from orchestrator.workflows.insight import insight
from remote_payload import codec

CHARTS = "charts"


@dataclass(frozen=True)
class Published:
    """Where the report is, and what its first line says."""

    path: Path
    report: Report


def publish(run: Run, folder: Path, output: Path | None = None) -> Published:
    """Render `run` into its own folder, or to `output` with the charts beside it."""
    held = profiled(run, folder)
    sheets = cutlass_sheets(run, folder)
    report = render(run, counters(held), sheets, insight(run, folder, held))
    path = output or folder / REPORT
    charts = path.parent / CHARTS
    for chart in report.charts:
        charts.mkdir(parents=True, exist_ok=True)
        codec.write_atomic(charts / chart.name, chart.svg)
    path.parent.mkdir(parents=True, exist_ok=True)
    codec.write_atomic(path, report.markdown)
    return Published(path, report)
