"""From a stored run to its report on disk; offline, and the same bytes every time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from orchestrator.errors import LocalFault, OrchestratorError, UsageError
from orchestrator.report.render import Earlier, Report, render
from orchestrator.report.section import CHART_FOLDER
from orchestrator.store.runs import binding
from orchestrator.store.runs.run_store import REPORT
from orchestrator.values.run import Run
from orchestrator.workflows.publishing import paper
from orchestrator.workflows.publishing.around import ALONE, Around
from orchestrator.workflows.publishing.ceilings import cutlass_sheets
from orchestrator.workflows.publishing.chart_place import ChartPlace, chart_place
from orchestrator.workflows.publishing.counters import counters, profiled
from orchestrator.workflows.publishing.insight import insight
from remote_payload.contract import codec, writing

STDOUT = 1


class Paper(str, Enum):
    """What a report is written as; the value is the ending of its file."""

    MARKDOWN = ".md"
    TEXT = ".txt"
    HTML = ".html"
    PDF = ".pdf"


ENDINGS = {
    **{one.value: one for one in Paper},
    **{".markdown": Paper.MARKDOWN, ".htm": Paper.HTML},
}


@dataclass(frozen=True)
class Published:
    """Where the report is, where its charts are, None where the page holds them, and what its first
    line says.

    to_stdout: the report went to our own stdout, so that nothing else belongs there. mistake: what
    is wrong in a template of the user's, so that ours printed it; None where nothing is.
    """

    path: Path
    report: Report
    charts: Path | None
    to_stdout: bool = False
    mistake: OrchestratorError | None = None


def publish(
    run: Run,
    folder: Path,
    output: Path | None = None,
    *,
    around: Around = ALONE,
    paper_of: Paper | None = None,
) -> Published:
    """Render `run` into its own folder, or to `output`; charts to where `chart_place` says, unless
    the page holds them.

    paper_of: what to write; None: as the ending of `output` says, Markdown without one.
    OSError: one of the files cannot be written. LocalFault: something else has a chart's name.
    """
    kind = paper_of or ENDINGS.get(output.suffix.lower() if output else "", Paper.MARKDOWN)
    path = output or folder / Path(REPORT).with_suffix(kind.value)
    place = chart_place(path, folder)
    report = reported(run, folder, around.past, around.templates, place.link)
    to_stdout = writing.own_stream(path) == STDOUT
    _write(report, kind, path, place, run.card.created_at)
    charts = place.folder if kind is Paper.MARKDOWN else None
    return Published(path, report, charts, to_stdout)


def publish_home(run: Run, folder: Path, around: Around) -> Published:
    """Render a run that has just come home: a mistake in a template of the user's costs it no
    report, as hours of a GPU may lie in it, but is told."""
    try:
        return publish(run, folder, around=around)
    except LocalFault:
        raise
    except UsageError as exc:
        if around.templates is None:
            raise
        published = publish(run, folder, around=replace(around, templates=None))
        return replace(published, mistake=exc)


def reported(
    run: Run,
    folder: Path,
    earlier: Earlier | None = None,
    templates: Path | None = None,
    charts: str = CHART_FOLDER,
) -> Report:
    """The report with all that the run's folder holds, every file of which is looked at; written
    nowhere. charts: where those will lie, as a link from it."""
    run = binding.examined(run, folder)
    held = profiled(run, folder)
    sheets, known = cutlass_sheets(run, folder), insight(run, folder, held)
    return render(run, counters(held), sheets, known, charts, earlier, templates)


def _write(report: Report, kind: Paper, path: Path, place: ChartPlace, made_at: str) -> None:
    """First what was asked for: where it cannot be written nothing else is."""
    if kind is Paper.MARKDOWN:
        drawings = {chart.name: chart.svg for chart in report.charts}
        place.require_free(drawings)
        path.parent.mkdir(parents=True, exist_ok=True)
        codec.write_atomic(path, report.markdown)
        for name, svg in drawings.items():
            place.folder.mkdir(parents=True, exist_ok=True)
            codec.write_atomic(place.folder / name, svg)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind is Paper.PDF:
        writing.write_whole(path, paper.pdf(report.html, made_at))
    else:
        codec.write_atomic(path, report.html if kind is Paper.HTML else report.text)
