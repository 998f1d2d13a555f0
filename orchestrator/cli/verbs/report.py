"""report: render a stored run again, offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import what_next
from orchestrator.cli.given import forms, gate_options, options, outputs, target_options
from orchestrator.cli.given.options import REPORTS
from orchestrator.cli.outcome import exit_code, gates
from orchestrator.cli.screen import console, terminal
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.errors import ExitCode
from orchestrator.report.exporting.names import Format
from orchestrator.values.run import Run

if TYPE_CHECKING:
    from orchestrator.cli.given.target_options import Met
    from orchestrator.report.gates.gate import Policy
    from orchestrator.workflows.publishing.publish import Paper, Published

VERB = Verb("report", "Render the report of a run, offline.", 140)


@click.command()
@click.argument("run", default="latest")
@click.option(
    "-o",
    "--output",
    type=options.OUTPUT,
    help="Write here, as the name ends: .md (charts beside it in FILE-charts/), .txt, .html, .pdf. "
    "Default: report.md in the run's folder.",
)
@click.option("--html", is_flag=True, help="One page with all in it: report.html, or -o FILE.")
@click.option("--pdf", is_flag=True, help="The same, printed by the Chromium that is here.")
@click.option("--open", "opened", is_flag=True, help="Write the page, and open it in the browser.")
@target_options.targets_option
@target_options.require_option
@gate_options.gate_options
@forms.form_options
@click.pass_obj
def report(
    session: Session,
    /,
    run: str,
    output: Path | None,
    targets_file: Path | None,
    require: str | None,
    html: bool,
    pdf: bool,
    opened: bool,
    **given: Any,
) -> int:
    """Render the report of RUN (an id, a unique prefix, `latest`, a tag, a git revision or a path).

    Its first table answers: fast enough, correct, what holds it back, can it be trusted, what
    earlier runs here say, what ran. An HTML page holds its charts and asks nothing of any network.

    `latest` is the latest run that measured or checked, never a deploy; `latest~1` is the one
    before it, `latest:bench` the latest bench, `latest:bench~1` the bench before that. No network
    and no GPU are needed, and the same run gives the same bytes.
    A run whose files are not what came home is not judged, and its first line says so.

    A run is judged by the targets that were in force when it was made; with --targets by those of
    a file, which -o keeps out of the run's own report. With --require the exit code is that of the
    run, and of one that went well 0 if the tier is met, 1 if it is missed, 6 if that is open.

    --format prints the timings on stdout in another form, of those that can be trusted; -o goes on
    to say where the report lies.

    With one of the options of a gate the exit code is that of the run, and then 1 if one of yours
    or ours is SLOWER than the baseline, 6 if nothing was decided (docs/exit-codes.md).

    \b
    Example:
      orchestrator report latest
      orchestrator report latest~1
      orchestrator report 20261122-1015 -o h100.md
      orchestrator report latest --open
      orchestrator report latest -o for-the-team.pdf
      orchestrator report latest --require "Tier 1"
      orchestrator report latest --format csv > timings.csv
      orchestrator report latest --format github-action-benchmark > benchmark.json
    """
    from orchestrator.workflows.jobs.latest import TO_REPORT, require_home, resolve
    from orchestrator.workflows.publishing.publish import publish

    form, gate = forms.asked(given), gate_options.policy(given)
    options.require_suffix(output, REPORTS)
    kind = _paper(output, html=html or opened, pdf=pdf)
    if targets_file is not None and output is None:
        raise click.UsageError("--targets judges anew: say with -o where that report is to lie")
    folder = resolve(session.runs, run, TO_REPORT)
    read = (*_read(session, folder), *((targets_file,) if targets_file else ()))
    options.refuse_to_overwrite(output, session.runs_folder, *read, own=folder)
    stored = session.runs.load(folder)
    require_home(stored)
    stored = target_options.judged_by(session, stored, targets_file) if targets_file else stored
    if form is not None:
        options.refuse_own_stdout(output, forms.typed(form))
    with outputs.named(output):
        published = publish(stored, folder, output, around=session.around, paper_of=kind)
    told = published.report
    met = target_options.required(stored, told, require) if require is not None else None
    if published.charts is not None and output and published.charts.parent != output.parent:
        console.note(f"its charts are in {published.charts}")
    has_figures = _printed(stored, published, form, gate, met)
    if opened:
        _open(published.path)
    code = ExitCode.OK
    if gate is not None or met is not None:
        code = exit_code(stored, told.ok, told.undecided)
        code = gates(stored, gate, met) if code is ExitCode.OK else code
    if form is not None and not has_figures and code is ExitCode.OK:
        raise forms.nothing(form, stored.name, what_next.command("report", stored.name))
    console.next_step(_next(stored, in_short=form is None and output is None and kind is None))
    return code


def _printed(
    run: Run, published: Published, form: Format | None, gate: Policy | None, met: Met | None
) -> bool:
    """What was asked for; whether there was a figure to print where that is about figures."""
    from orchestrator.workflows.publishing.exported import exported

    if form is Format.JSON:
        tier = {"required": met.told} if met else {}
        console.out_json({**_as_json(run, published), **tier}, as_is=("run", "report"))
    elif form is not None:
        return forms.show(exported(run, published.report, form, gate))
    elif not published.to_stdout:
        # Before anything is said: a mistake in a template of theirs ends it.
        answers = published.report.answers(terminal.columns())
        console.out(published.report.verdict)
        console.page(answers.rstrip("\n"))
        console.out(str(published.path))
    return True


def _paper(output: Path | None, *, html: bool, pdf: bool) -> Paper | None:
    """What to write; None: as the name says."""
    from orchestrator.workflows.publishing.publish import ENDINGS, Paper

    if html and pdf:
        raise click.UsageError("--html (so --open) and --pdf are two forms; choose one")
    wanted = Paper.PDF if pdf else Paper.HTML if html else None
    named = ENDINGS.get(output.suffix.lower()) if output else None
    if wanted and named and named is not wanted:
        raise click.UsageError(f"-o {output} is no name of what is asked for: {wanted.value}")
    return wanted


def _open(page: Path) -> None:
    """In the browser of whoever sits here."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        console.note(f"no browser could be started; the page is {page}")


def _read(session: Session, folder: Path) -> Iterator[Path]:
    """The files that a report is made from."""
    from orchestrator.store.runs.run_store import RECORDS

    yield from (folder / name for name in RECORDS)
    yield from outputs.always_read(session)


def _as_json(stored: Run, published: Published) -> dict[str, object]:
    return {
        "run": stored.card.run_id,
        "report": str(published.path),
        "verdict": published.report.verdict,
        "ok": published.report.ok and not published.report.undecided,
        "undecided": published.report.undecided,
        "targets": published.report.targets,
    }


def _next(run: Run, *, in_short: bool) -> str:
    """in_short: the first table alone was seen, so that the whole page comes next."""
    step = what_next.after(run)
    if " report " not in step:
        return step
    words = ("report", "--html") if in_short else ("runs", "show")
    return what_next.command(*words, run.name)
