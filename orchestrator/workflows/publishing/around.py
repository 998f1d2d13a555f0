"""What lies around a run and has a part in its report: earlier runs, and the user's templates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import OrchestratorError
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.past import Past, past_of
from orchestrator.store.index.index import RunIndex
from orchestrator.store.index.values import Asked
from orchestrator.values.run import Run


@dataclass(frozen=True)
class Around:
    """index: of the runs beside it, None where nobody keeps any. templates: the folder of the
    user's own, None where there are none."""

    index: RunIndex | None = None
    templates: Path | None = None

    def past(self, run: Run, row: Figure, figures: Figures) -> Past | None:
        """What runs before say of a row; None where none does, or they cannot be read."""
        if self.index is None or not run.kept_as:
            return None
        record = row.record
        asked = Asked(provider=record.provider, case=record.case.label, method=record.method.value)
        # Cards of before do not say of which operator they are.
        operators = ("", figures.result.operator.name)
        try:
            found = [
                one
                for one in self.index.figures(asked)
                if one.row.case == record.case.label and one.operator in operators
            ]
        except OrchestratorError:  # whoever lists them is told why
            return None
        return past_of(found, run.kept_as)


ALONE = Around()
