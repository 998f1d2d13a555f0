"""Hardware counters, or why there are none."""

from __future__ import annotations

from orchestrator.report.section import Page, Section
from orchestrator.report.view.sections import CountersView


def _views(page: Page) -> tuple[CountersView, ...]:
    """None where there is only a headline, which stands under what was not measured."""
    view = page.counters
    return (view,) if view.table.rows or view.failures or view.said or view.notes else ()


def _summary(view: CountersView) -> str:
    return f"Hardware counters: {view.headline}"


def _answers(page: Page) -> bool:
    return page.result is not None and page.result.request.ncu.required


SECTION = Section(90, _views, _summary, answers=_answers)
