"""A stored run in, a report out: Markdown and SVG, offline, the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestrator.performance.objection import Severity
from orchestrator.readers.cutlass_csv import Sheet
from orchestrator.report.charts import peers as chart_peers
from orchestrator.report.charts import scaling as charts
from orchestrator.report.charts.floors import floors
from orchestrator.report.charts.scaling import Chart
from orchestrator.report.figures import Figures, figures
from orchestrator.report.plain import one_line, plain, private
from orchestrator.report.sections import beside, ceilings, claims, machine, numbers, proofs
from orchestrator.report.sections.bottleneck import NO_INSIGHT, Insight, held_back
from orchestrator.report.sections.headline import headline, is_ok, undecided
from orchestrator.report.sections.uncounted import uncounted
from orchestrator.report.view import (
    NO_COUNTERS,
    BesideView,
    CeilingsView,
    ChartView,
    CountersView,
    ReportView,
)
from orchestrator.values.run import Run
from remote_payload.contract.words import Stage
from remote_payload.operators.registry import DEFAULT

CHART_FOLDER = "charts"
_TEMPLATES = Path(__file__).parents[2] / "templates"


@dataclass(frozen=True)
class Report:
    """A rendered report. Write each chart to <name> in the folder that the Markdown was told.

    verdict: the report's first line, as plain text. ok: the run ended well and nothing it claims
    contradicts its own gates or the machine's roofs. undecided: what the run was made for and did
    not come to, though it ended well; else empty. targets: what became of them, for programs.
    counted: whether all counters asked for are there; counters: what became of them, in words.
    """

    markdown: str
    charts: tuple[Chart, ...]
    verdict: str
    ok: bool
    undecided: str
    targets: Mapping[str, object]
    counted: bool
    counters: str


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
    derived = figures(run.result) if run.result else None
    scaling = charts.scaling(derived) if derived else ()
    roofline = charts.roofline(derived) if derived else None
    standing = beside.standing(derived) if derived else None
    speedups = chart_peers.speedups(standing) if standing else None
    bars = floors(derived, insight)
    drawn = (*scaling, *(chart for chart in (roofline, speedups) if chart), *bars)
    shown = partial(_chart_view, chart_folder)
    best = beside.section(standing, shown(speedups)) if standing and speedups else ()
    page = view(run, derived, scaling, roofline, counters, sheets, best, insight, bars, shown)
    markdown = fill("report.md.j2", report=page)
    verdict = one_line(private(page.verdict))
    ok = is_ok(run, derived) and (counters.complete or not _needs_counters(run))
    ok = ok and (not _needs_ceilings(run) or all(one.complete for one in page.ceilings))
    drawn = tuple(chart for chart in drawn if chart.svg)
    return Report(
        markdown=markdown,
        charts=drawn,
        verdict=verdict,
        ok=ok,
        undecided=undecided(run, derived),
        targets=claims.targets(derived),
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
    first = headline(run, derived)
    if _needs_ceilings(run) and is_ok(run, derived):
        words = ("OK" if one.complete else "CEILINGS INCOMPLETE" for one in measured)
        return " ".join(
            f"{word}: {one.headline} {one.cutlass}".rstrip()
            for word, one in zip(words, measured, strict=True)
        )
    if not _needs_counters(run) or not is_ok(run, derived):
        return first
    return f"{first if counters.complete else 'COUNTERS INCOMPLETE.'} {counters.headline}"


def fill(template: str, **views: object) -> str:
    """Any page through the one gate: all that `template` prints of `views` passes `plain`."""
    return _environment().get_template(template).render(**views)


def view(
    run: Run,
    derived: Figures | None,
    scaling: tuple[Chart, ...],
    roofline: Chart | None,
    counters: CountersView = NO_COUNTERS,
    sheets: Sequence[Sheet] = (),
    best: tuple[BesideView, ...] = (),
    insight: Insight = NO_INSIGHT,
    bars: tuple[Chart, ...] = (),
    shown: Callable[[Chart], ChartView] = lambda chart: _chart_view(CHART_FOLDER, chart),
) -> ReportView:
    """Everything the templates print, already worded."""
    measured = ceilings.ceilings(run.result, derived, sheets)
    errors = derived.errors if derived else ()
    return ReportView(
        title=_title(run),
        verdict=_verdict(run, derived, counters, measured),
        objections=tuple(f"{Severity.ERROR.value}: {e.about}: {e.text}" for e in errors),
        environment=machine.environment(run),
        method=numbers.method(run.result, derived),
        checks=numbers.checks(run.result),
        results=numbers.results(derived),
        scaling=tuple(shown(chart) for chart in scaling),
        roofline=(shown(roofline),) if roofline else (),
        beside=best,
        tiers=claims.tiers(derived),
        original=claims.beside_original(derived),
        counters=counters,
        held_back=held_back(derived, insight),
        uncounted=uncounted(derived, counters, insight),
        floors=tuple(shown(chart) for chart in bars),
        ceilings=measured,
        build=machine.build(run.result),
        proofs=proofs.proofs(run.result),
        unmeasured=claims.unmeasured(run.result, derived),
        reproduce=machine.reproduce(run),
    )


def _title(run: Run) -> str:
    """What was done where; the default operator goes without saying."""
    operator = run.result.operator if run.result else None
    of = f" of {operator.title}" if operator and operator.name not in ("", DEFAULT) else ""
    return f"{run.card.verb.capitalize()}{of} on {run.card.host}: {run.card.run_id}"


def _chart_view(folder: str, chart: Chart) -> ChartView:
    file = f"{folder}/{chart.name}" if chart.svg else ""
    return ChartView(chart.title, file, chart.reason)


@cache
def _environment() -> Environment:
    """Jinja with one gate: `finalize` sees every printed value, so none can slip past `plain`."""
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        finalize=plain,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
