"""Sections of a report: each a module below sections/ with its template beside it.

A module that says SECTION = Section(…) is one, and nothing else has to know of it; `checks.py` is
printed by `checks.md.j2`, whose `view` is each of the section's views in turn.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.readers.cutlass_csv import Sheet
from orchestrator.report.charts.drawing import Chart, in_run
from orchestrator.report.figures import Figures
from orchestrator.report.insight import NO_INSIGHT, Insight
from orchestrator.report.past import Past
from orchestrator.report.view.sections import NO_COUNTERS, CountersView
from orchestrator.report.view.tables import ChartView
from orchestrator.values.run import Run
from remote_payload.contract.result import Result

FOLDER = Path(__file__).with_name("sections")
CHART_FOLDER = "charts"


@dataclass(frozen=True)
class Page:
    """All that a section may draw on.

    sheets: what the CUTLASS profiler's files say, if it was asked. insight: what is known of the
    kernels beside the result. chart_folder: where the charts will lie, as a link from the report.
    past: what earlier runs here say of the figure that matters most; None where there are none.
    """

    run: Run
    figures: Figures | None
    counters: CountersView = NO_COUNTERS
    sheets: Sequence[Sheet] = ()
    insight: Insight = NO_INSIGHT
    chart_folder: str = CHART_FOLDER
    past: Past | None = None

    @property
    def result(self) -> Result | None:
        """What came back of the run."""
        return self.run.result

    def named(self, chart: Chart) -> Chart:
        """The chart with its run in its name, so that no report ever shows another's."""
        return replace(chart, name=in_run(self.run.card.run_id, chart.name))

    def shown(self, chart: Chart) -> ChartView:
        """A chart as templates see it."""
        name = self.named(chart).name
        file = f"{self.chart_folder}/{name}" if chart.is_drawn else ""
        return ChartView(chart.title, file, chart.reason, name, chart.description)


def _none(page: Page) -> tuple[Chart, ...]:
    return ()


def _never(page: Page) -> bool:
    return False


@dataclass(frozen=True)
class Section:
    """order: its place in the report. views: what its template is printed for, one after the other.

    summary: of such a view the sentence that says what is inside, under which it is folded. charts:
    the drawings that go with it. answers: whether it is what the run was made for, so that it
    stands open. template: of its own module, below sections/.
    """

    order: int
    views: Callable[[Page], Sequence[object]]
    summary: Callable[[Any], str]
    charts: Callable[[Page], Sequence[Chart]] = _none
    answers: Callable[[Page], bool] = _never
    template: str = ""


@cache
def sections() -> tuple[Section, ...]:
    """All there are, in their order."""
    found = []
    for path in FOLDER.rglob("*.py"):
        parts = path.relative_to(FOLDER).with_suffix("").parts
        module = importlib.import_module(".".join((f"{__package__}.sections", *parts)))
        section = getattr(module, "SECTION", None)
        if isinstance(section, Section):
            found.append(replace(section, template="/".join(parts) + ".md.j2"))
    return tuple(sorted(found, key=lambda section: section.order))
