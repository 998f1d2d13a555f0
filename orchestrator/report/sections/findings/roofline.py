"""All that was timed, under the machine's roofs."""

from __future__ import annotations

from orchestrator.report.charts.drawing import Chart
from orchestrator.report.charts.roofline import roofline
from orchestrator.report.section import Page, Section
from orchestrator.report.view.sections import ChartsView


def _charts(page: Page) -> tuple[Chart, ...]:
    drawn = roofline(page.figures) if page.figures else None
    return (drawn,) if drawn and not drawn.reason else ()


def _views(page: Page) -> tuple[ChartsView, ...]:
    charts = _charts(page)
    return (ChartsView(tuple(map(page.shown, charts))),) if charts else ()


def _summary(view: ChartsView) -> str:
    told = (chart.description.partition(". ")[0].rstrip(".") for chart in view.charts)
    return f"Roofline: {'; '.join(told)}"


SECTION = Section(95, _views, _summary, _charts)
