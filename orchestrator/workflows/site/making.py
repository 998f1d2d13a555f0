"""One run's page, from its folder to its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import OrchestratorError, RunError
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.past import Past
from orchestrator.report.site import names
from orchestrator.report.site.run import Neighbours, reported, unreadable
from orchestrator.store.index.values import Entry
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.command import about
from orchestrator.values.run import Run
from orchestrator.workflows.jobs.latest import require_home
from orchestrator.workflows.publishing import publish
from orchestrator.workflows.site import place
from orchestrator.workflows.site.pasts import Pasts, series_of


@dataclass(frozen=True)
class Order:
    """A page to be made: of which run, and beside which others."""

    run: Entry
    beside: Neighbours


@dataclass(frozen=True)
class Page:
    """A page that was written. series: whose past it tells, "" for none. wrong: why it is no
    report, "" where it is one. is_bug: that is our fault."""

    run: str
    size_bytes: int
    series: str = ""
    wrong: str = ""
    is_bug: bool = False


@dataclass(frozen=True)
class Hand:
    """What makes pages. site: its folder. templates: those of the user's, None where there are
    none."""

    site: Path
    runs: RunStore
    pasts: Pasts
    templates: Path | None = None

    def make(self, order: Order) -> Page:
        """Write the page. A run that cannot be read gets one that says so; UsageError: a template
        of the user's is wrong. OSError: the page cannot be written."""
        run, series, wrong, is_bug = order.run, "", "", False
        try:
            text, series = self._report(order)
        except RunError as exc:
            wrong = exc.message.replace(f"{self.runs.folder(run.name)}/", "")
            what = "not home" if run.status == "pending" else "cannot be read"
            text = unreadable(run, order.beside, what, wrong, exc.hint)
        except (OrchestratorError, OSError, MemoryError):
            raise
        except Exception as exc:  # one run of thousands is no reason to have no site at all
            is_bug, wrong = True, f"this is a bug of ours: {type(exc).__name__}: {exc}"
            hint = f"See the whole of it: {about('report', run.name)}"
            text = unreadable(run, order.beside, "no report", wrong, hint)
        size_bytes = place.put(self.site, names.page_of(run.name), text)
        return Page(run.name, size_bytes, series, wrong, is_bug)

    def _report(self, order: Order) -> tuple[str, str]:
        folder = self.runs.folder(order.run.name)
        told: list[str] = []
        run = self.runs.load(folder)
        require_home(run)

        def earlier(of: Run, row: Figure, figures: Figures) -> Past | None:
            series = series_of(of, row, figures)
            told.append(series)
            return self.pasts.past(order.run.name, series)

        report = publish.reported(run, folder, earlier, self.templates)
        text = reported(order.run, order.beside, report.view.title, report.body)
        return text, told[0] if told else ""
