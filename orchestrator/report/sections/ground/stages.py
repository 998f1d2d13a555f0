"""What stages have to tell for which no other section stands."""

from __future__ import annotations

from orchestrator.report.section import Section
from orchestrator.report.view.sections import StagesView
from orchestrator.report.view.tables import Table
from remote_payload.contract.result import Result

_HEADER = ("Stage", "What", "Value")


def told(result: Result | None) -> tuple[StagesView, ...]:
    """One view; none where no stage told anything of the kind."""
    rows = [
        (report.stage.value, what, value)
        for report in (result.stages if result else ())
        for what, value in report.facts
    ]
    return (StagesView(Table(_HEADER, tuple(rows))),) if rows else ()


def _summary(view: StagesView) -> str:
    return f"What stages tell beside: {', '.join(dict.fromkeys(row[1] for row in view.table.rows))}"


SECTION = Section(158, lambda page: told(page.result), _summary)
