"""What a gate says, as an error that has its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.cli import what_next
from orchestrator.cli.screen import console
from orchestrator.errors import GateFailed, NothingDecided

if TYPE_CHECKING:
    from orchestrator.report.gates.gate import Policy, Ruling
    from orchestrator.values.run import Run

_SHOWN = 3


def require(ruling: Ruling, *, broke: int = 0, hint: str, look: str) -> None:
    """GateFailed where something is slower or broke, NothingDecided where that is not known; where
    all is green what is open nevertheless is told.

    hint: the next step where nothing is decided; look: where the rows can be seen.
    """
    from orchestrator.report.gates.gate import Answer

    if ruling.answer is Answer.REGRESSED:
        number = len(ruling.slower) + broke
        named = "; ".join(row.about for row in ruling.slower[:_SHOWN])
        more = f" and {number - _SHOWN} more" if number > _SHOWN else ""
        which = f": {named}{more}" if named else ""
        raise GateFailed(f"{number} of the cases got slower or broke{which}", hint=look)
    if ruling.answer is Answer.UNDECIDED:
        raise NothingDecided(ruling.undecided, hint=hint)
    if ruling.open_rows:
        number = len(ruling.open_rows)
        console.note(
            f"green, with {number} row{'' if number == 1 else 's'} that nothing can be said of; "
            "--require-conclusive makes that 6"
        )


def require_run(run: Run, policy: Policy) -> None:
    """As `require`, of one run against its baseline."""
    from orchestrator.report.gates.one_run import ruling

    report = what_next.command("report", run.name)
    hint = f"What would decide stands in the report: {report}"
    require(ruling(run, policy), hint=hint, look=report)
