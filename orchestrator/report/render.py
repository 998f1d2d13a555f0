"""A stored run in, a report out: Markdown and SVG, offline, the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.performance.objection import Severity
from orchestrator.readers.cutlass_csv import Sheet
from orchestrator.report import folder
from orchestrator.report.aims import Aim, aims
from orchestrator.report.charts.drawing import Chart
from orchestrator.report.comparing.builds import against_revision, spilled
from orchestrator.report.figures import Figure, Figures, figures
from orchestrator.report.first.answers import answers
from orchestrator.report.first.cases import cases_view
from orchestrator.report.first.chart import first_chart
from orchestrator.report.first.headline import headline, is_ok, undecided
from orchestrator.report.first.title import Title, telling_row, title
from orchestrator.report.insight import NO_INSIGHT, Insight
from orchestrator.report.past import Past
from orchestrator.report.printing import html
from orchestrator.report.printing.form import Form
from orchestrator.report.printing.templates import fill
from orchestrator.report.section import CHART_FOLDER, Page, Section, sections
from orchestrator.report.sections.against.tiers import targets
from orchestrator.report.view.report import PartView, ReportView
from orchestrator.report.view.sections import NO_COUNTERS, CeilingsView, CountersView
from orchestrator.report.wording.plain import one_line, private
from orchestrator.values.run import Run
from remote_payload.contract.words import Stage

Earlier = Callable[[Run, Figure, Figures], "Past | None"]
_TEMPLATE = "report.md.j2"


@dataclass(frozen=True)
class Report:
    """A rendered report. Write each chart to <name> in the folder that the Markdown was told.

    verdict: the run in one sentence, as plain text. ok: the run ended well and nothing it claims
    contradicts its own gates or the machine's roofs. undecided: what the run was made for and did
    not come to, though it ended well; else empty. targets: what became of them, for programs, and
    aims: the same as values.
    counted: whether all counters asked for are there; counters: what became of them, in words.
    view: what templates see; own: the folder of the user's own, if there is one.
    """

    view: ReportView
    charts: tuple[Chart, ...]
    verdict: str
    ok: bool
    undecided: str
    targets: Sequence[Mapping[str, object]]
    counted: bool
    counters: str
    aims: tuple[Aim, ...] = ()
    own: Path | None = None

    @property
    def markdown(self) -> str:
        """As GitHub shows it."""
        return fill(_TEMPLATE, Form.MARKDOWN, self.own, report=self.view)

    @property
    def html(self) -> str:
        """One file with all that it shows, charts included."""
        return html.page(self._for_html, self.view.title)

    @property
    def body(self) -> str:
        """What stands in that page, for one that brings its own style and script."""
        return html.body(self._for_html)

    @property
    def _for_html(self) -> str:
        drawings = {chart.name: chart.svg for chart in self.charts}
        return fill(_TEMPLATE, Form.HTML, self.own, report=self.view, drawings=drawings)

    @property
    def text(self) -> str:
        """All of it in words for a terminal."""
        return fill(_TEMPLATE, Form.TEXT, self.own, report=self.view)

    def answers(self, columns: int = 0) -> str:
        """The first table, for a terminal of so many columns; 0: lines are as long as they are."""
        return fill("answers.j2", Form.TEXT, self.own, report=self.view, columns=columns)


def render(
    run: Run,
    counters: CountersView = NO_COUNTERS,
    sheets: Sequence[Sheet] = (),
    insight: Insight = NO_INSIGHT,
    chart_folder: str = CHART_FOLDER,
    earlier: Earlier | None = None,
    own: Path | None = None,
) -> Report:
    """Render a run; a failed, partial or lost one gives a true report too.

    sheets: what the CUTLASS profiler's files say, if it was asked. insight: what is known of the
    kernels beside the result. chart_folder: where the charts will lie, as a link from the report.
    earlier: told of the row that the report is about, says what earlier runs say of it. own: the
    folder of the user's own templates.
    """
    derived = figures(run.result, folder.objections(run)) if run.result else None
    row = telling_row(run, derived)
    past = earlier(run, row, derived) if earlier and row and derived else None
    page = Page(run, derived, counters, sheets, insight, chart_folder, past)
    parts = tuple(
        (section, PartView(section.template, view, section.summary(view)))
        for section in sections()
        for view in section.views(page)
    )
    measured = tuple(part.view for _, part in parts if isinstance(part.view, CeilingsView))
    verdict, gravest = _verdict(run, derived, counters, measured), _spilled(run)
    judged = aims(derived) if derived else ()
    ok = is_ok(run, derived) and (counters.complete or not _needs_counters(run))
    ok = ok and (not _needs_ceilings(run) or all(one.complete for one in measured))
    return Report(
        view=_view(page, parts, title(run, derived, verdict, gravest)),
        charts=_charts(page),
        verdict=one_line(private(verdict)),
        ok=ok,
        undecided=undecided(run, derived),
        targets=targets(judged, derived.result.operator) if derived else [],
        aims=judged,
        counted=counters.complete,
        counters=private(one_line(counters.headline)),
        own=own,
    )


def _view(page: Page, parts: tuple[tuple[Section, PartView], ...], named: Title) -> ReportView:
    figures = page.figures
    chart, errors = first_chart(page), figures.errors if figures else ()
    more = errors if len(errors) > 1 else ()  # one stands in the title and under it
    return ReportView(
        title=named.text,
        lead=named.lead,
        objections=tuple(f"{Severity.ERROR.value}: {e.about}: {e.text}" for e in more),
        answers=answers(page),
        chart=page.shown(chart) if chart else None,
        cases=cases_view(figures, figures.methods[0]) if figures and figures.rows else None,
        answering=tuple(part for section, part in parts if section.answers(page)),
        folds=tuple(part for section, part in parts if not section.answers(page)),
    )


def _charts(page: Page) -> tuple[Chart, ...]:
    """All that the report shows, in its order."""
    first = first_chart(page)
    by_place = sorted(sections(), key=lambda section: not section.answers(page))
    every = [chart for section in by_place for chart in section.charts(page)]
    shown = ([first] if first else []) + every
    return tuple(page.named(chart) for chart in shown if chart.is_drawn)


def _needs_counters(run: Run) -> bool:
    """Whether the run was asked for counters by name, so that it is nothing without them."""
    request = run.result.request if run.result else None
    return request is not None and Stage.NCU in request.stages and request.ncu.required


def _needs_ceilings(run: Run) -> bool:
    """Whether the run was made for its ceilings."""
    return run.result is not None and run.result.request.ceilings.required


def _verdict(
    run: Run,
    derived: Figures | None,
    counters: CountersView,
    measured: tuple[CeilingsView, ...] = (),
) -> str:
    first = _spilled(run) + headline(run, derived)
    if _needs_ceilings(run) and is_ok(run, derived):
        words = ("OK" if one.complete else "CEILINGS INCOMPLETE" for one in measured)
        return " ".join(
            f"{word}: {one.headline} {one.cutlass}".rstrip()
            for word, one in zip(words, measured, strict=True)
        )
    if not _needs_counters(run) or not is_ok(run, derived):
        return first
    return f"{first if counters.complete else 'COUNTERS INCOMPLETE.'} {counters.headline}"


def _spilled(run: Run) -> str:
    """That a kernel spills more than at the revision it was raced against."""
    return spilled(against_revision(run.result)) if run.result else ""
