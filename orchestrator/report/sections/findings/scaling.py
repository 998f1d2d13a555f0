"""How times grow along the axis that varies, by the methods that the first chart does not show."""

from __future__ import annotations

from orchestrator.report.charts import scaling
from orchestrator.report.charts.drawing import Chart
from orchestrator.report.first.chart import first_chart
from orchestrator.report.section import Page, Section
from orchestrator.report.view.sections import ChartsView


def _charts(page: Page) -> tuple[Chart, ...]:
    """Those that can be drawn; where there are too few points the tables say it all."""
    if page.figures is None:
        return ()
    first = first_chart(page)
    every = (chart for chart in scaling.scaling(page.figures) if chart.is_drawn)
    return tuple(chart for chart in every if first is None or chart.name != first.name)


def _views(page: Page) -> tuple[ChartsView, ...]:
    charts = _charts(page)
    return (ChartsView(tuple(map(page.shown, charts))),) if charts else ()


def _summary(view: ChartsView) -> str:
    return "; ".join(chart.title for chart in view.charts)


SECTION = Section(50, _views, _summary, _charts)
