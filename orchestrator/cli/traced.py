"""--write-trace: a run as Traces, in the file that was named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.screen import console

if TYPE_CHECKING:
    from orchestrator.values.run import Run
    from orchestrator.workflows.own import Beside, Own


@dataclass(frozen=True)
class Traced:
    """path: where they go; None: nobody asked. beside: the solutions that were given."""

    path: Path | None
    beside: Beside

    def write(self, own: Own | None, run: Run) -> None:
        """Add what a run came to, and say how much that is; OSError."""
        from orchestrator.workflows.problems import flashinfer, traces

        if self.path is None or own is None or own.format != flashinfer.FORMAT:
            return
        if run.result is None:
            return
        found = traces.traces(own, self.beside, run.result)
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in found.lines)
        untimed = f"; {found.untimed} passed and were not timed, so they are none"
        console.note(f"{len(found.lines)} Traces{untimed if found.untimed else ''}: {self.path}")
