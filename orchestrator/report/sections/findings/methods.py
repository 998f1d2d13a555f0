"""Times by the methods that the first page does not show, a row for each case."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.report.figures import Figures
from orchestrator.report.first.cases import cases_view
from orchestrator.report.first.raced import overall
from orchestrator.report.section import Page, Section
from orchestrator.report.subject import subjects
from orchestrator.report.view.report import CasesView
from remote_payload.contract.words import Method


def _views(page: Page) -> tuple[CasesView, ...]:
    figures = page.figures
    if figures is None:
        return ()
    timed = [m for m in figures.methods if any(r.record.samples_us for r in figures.of_method(m))]
    return tuple(_view(figures, method) for method in timed[1:])


def _view(figures: Figures, method: Method) -> CasesView:
    """With the verdicts in its heading, as it is folded under that."""
    view = cases_view(figures, method)
    rows = [row for row in figures.of_method(method) if row.trusted]
    names = subjects(figures.result, [row.record.provider for row in rows])[:1]
    told = overall([row for row in rows if row.record.provider in names])
    return replace(view, heading=f"{view.heading}; {told}" if told else view.heading)


def _summary(view: CasesView) -> str:
    return view.heading


SECTION = Section(40, _views, _summary)
