"""Which chart is seen first."""

from __future__ import annotations

from orchestrator.report.charts import scaling
from orchestrator.report.charts.drawing import Chart
from orchestrator.report.section import Page


def first_chart(page: Page) -> Chart | None:
    """Times along the axis, by the first method; None where there are too few points, which the
    table shows as well."""
    if page.figures is None:
        return None
    drawn = (chart for chart in scaling.scaling(page.figures) if chart.is_drawn)
    return next(drawn, None)
