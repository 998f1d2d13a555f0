"""What stages have to tell for which no other section stands."""

from __future__ import annotations

from orchestrator.report.section import Section
from orchestrator.report.view import Table
from remote_payload.contract.result import Result

_HEADER = ("Stage", "What", "Value")


def told(result: Result | None) -> tuple[Table, ...]:
    """One table; none where no stage told anything of the kind."""
    rows = [
        (report.stage.value, what, value)
        for report in (result.stages if result else ())
        for what, value in report.facts
    ]
    return (Table(_HEADER, tuple(rows)),) if rows else ()


SECTION = Section(145, lambda page: told(page.result))
