"""What a report shows: its first page, and its sections."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.report.view.tables import ChartView, Table


@dataclass(frozen=True)
class CasesView:
    """Times by one method, a row for each case. heading: the method and the axes that are the same
    in all cases; notes: one sentence each on what the table does not tell by itself."""

    heading: str
    table: Table
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PartView:
    """One section: its template, and the view that it is printed for. summary: a sentence that says
    what is inside, under which it is folded."""

    template: str
    view: object
    summary: str


@dataclass(frozen=True)
class ReportView:
    """The whole report.

    title: the verdict, about what was asked, and on what machine. lead: the sentence under it; ""
    where the title says it all. objections: what makes it a measurement error, where that is more
    than the title and the lead tell. answers: the questions that a reader has, each with its
    answer. chart: what to see first, or None. cases: the times of the first method; None where
    nothing was timed. answering: the sections that the run was made for; folds: all others.
    """

    title: str
    lead: str
    objections: tuple[str, ...]
    answers: Table
    chart: ChartView | None
    cases: CasesView | None
    answering: tuple[PartView, ...]
    folds: tuple[PartView, ...]
