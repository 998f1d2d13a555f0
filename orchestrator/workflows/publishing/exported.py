"""From a stored run to what other programs read of it; offline."""

from __future__ import annotations

from orchestrator.report.exporting import exported as exporting
from orchestrator.report.exporting.exported import Exported
from orchestrator.report.exporting.names import Format
from orchestrator.report.gates.gate import Policy
from orchestrator.report.render import Report
from orchestrator.values.run import Run


def exported(run: Run, report: Report, form: Format, gate: Policy | None) -> Exported:
    """What stdout gets. report: of the same run. gate: what else is asked of it; None: nothing."""
    return exporting.of_run(run, report, form, gate or Policy())
