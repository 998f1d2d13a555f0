"""Times along the axis that varies, and all of it under the machine's roofs."""

from __future__ import annotations

from orchestrator.report.charts import scaling
from orchestrator.report.charts.drawing import Chart
from orchestrator.report.section import Page, Section
from orchestrator.report.view import ChartsView


def _scaling(page: Page) -> tuple[Chart, ...]:
    return scaling.scaling(page.figures) if page.figures else ()


def _roofline(page: Page) -> tuple[Chart, ...]:
    drawn = scaling.roofline(page.figures) if page.figures else None
    return (drawn,) if drawn else ()


def _views(page: Page) -> tuple[ChartsView, ...]:
    along, under = (tuple(map(page.shown, of(page))) for of in (_scaling, _roofline))
    return (ChartsView(along, under),)


SECTION = Section(50, _views, lambda page: (*_scaling(page), *_roofline(page)))
