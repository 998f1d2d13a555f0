"""A stored run in, a report out: Markdown and SVG, offline, the same bytes every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestrator.here import shipped
from orchestrator.performance.objection import Severity
from orchestrator.readers.cutlass_csv import Sheet
from orchestrator.report import folder
from orchestrator.report.aims import Aim, aims
from orchestrator.report.charts.drawing import Chart
from orchestrator.report.comparing.builds import against_revision, spilled
from orchestrator.report.figures import Figures, figures
from orchestrator.report.headline import headline, is_ok, undecided
from orchestrator.report.insight import NO_INSIGHT, Insight
from orchestrator.report.section import CHART_FOLDER, FOLDER, Page, sections
from orchestrator.report.sections.against.tiers import targets
from orchestrator.report.view import (
    NO_COUNTERS,
    CeilingsView,
    CountersView,
    PartView,
    ReportView,
)
from orchestrator.report.wording.plain import one_line, plain, private
from orchestrator.values.run import Run
from remote_payload.contract.words import Stage
from remote_payload.operators.registry import DEFAULT


@dataclass(frozen=True)
class Report:
    """A rendered report. Write each chart to <name> in the folder that the Markdown was told.

    verdict: the report's first line, as plain text. ok: the run ended well and nothing it claims
    contradicts its own gates or the machine's roofs. undecided: what the run was made for and did
    not come to, though it ended well; else empty. targets: what became of them, for programs, and
    aims: the same as values.
    counted: whether all counters asked for are there; counters: what became of them, in words.
    """

    markdown: str
    charts: tuple[Chart, ...]
    verdict: str
    ok: bool
    undecided: str
    targets: Sequence[Mapping[str, object]]
    counted: bool
    counters: str
    aims: tuple[Aim, ...] = ()


def render(
    run: Run,
    counters: CountersView = NO_COUNTERS,
    sheets: Sequence[Sheet] = (),
    insight: Insight = NO_INSIGHT,
    chart_folder: str = CHART_FOLDER,
) -> Report:
    """Render a run; a failed, partial or lost one gives a true report too.

    sheets: what the CUTLASS profiler's files say, if it was asked. insight: what is known of the
    kernels beside the result. chart_folder: where the charts will lie, as a link from the report.
    """
    derived = figures(run.result, folder.objections(run)) if run.result else None
    page = Page(run, derived, counters, sheets, insight, chart_folder)
    parts = tuple(
        PartView(section.template, view) for section in sections() for view in section.views(page)
    )
    measured = tuple(part.view for part in parts if isinstance(part.view, CeilingsView))
    errors = derived.errors if derived else ()
    shown = ReportView(
        title=_title(run),
        verdict=_verdict(run, derived, counters, measured),
        objections=tuple(f"{Severity.ERROR.value}: {e.about}: {e.text}" for e in errors),
        parts=parts,
    )
    judged = aims(derived) if derived else ()
    ok = is_ok(run, derived) and (counters.complete or not _needs_counters(run))
    ok = ok and (not _needs_ceilings(run) or all(one.complete for one in measured))
    sketched = tuple(chart for section in sections() for chart in section.charts(page))
    return Report(
        markdown=fill("report.md.j2", report=shown),
        charts=tuple(chart for chart in sketched if chart.sketch),
        verdict=one_line(private(shown.verdict)),
        ok=ok,
        undecided=undecided(run, derived),
        targets=targets(judged, derived.result.operator) if derived else [],
        aims=judged,
        counted=counters.complete,
        counters=private(one_line(counters.headline)),
    )


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


def fill(template: str, **views: object) -> str:
    """Any page through the one gate: all that `template` prints of `views` passes `plain`."""
    return _environment().get_template(template).render(**views)


def _title(run: Run) -> str:
    """What was done where; the default operator goes without saying."""
    operator = run.result.operator if run.result else None
    of = f" of {operator.title}" if operator and operator.name not in ("", DEFAULT) else ""
    return f"{run.card.verb.capitalize()}{of} on {run.card.host}: {run.card.run_id}"


@cache
def _environment() -> Environment:
    """Jinja with one gate: `finalize` sees every printed value, so none can slip past `plain`."""
    return Environment(
        loader=FileSystemLoader([shipped.folder("templates"), FOLDER]),
        undefined=StrictUndefined,
        finalize=plain,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
