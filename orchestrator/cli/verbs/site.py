"""site: all runs as pages that any browser reads, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.given import options
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.cli.verbs.runs import filters
from orchestrator.errors import ExitCode

if TYPE_CHECKING:
    from orchestrator.workflows.site.site import Made

VERB = Verb("site", "Make pages of all runs, for any browser and without a server.", 145)
_SHOWN = 3


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@filters.options_of_runs
@click.option("--host", metavar="NAME", help="Those that were made there.")
@options.json_option
@click.pass_obj
def site(session: Session, /, folder: Path, as_json: bool, **given: Any) -> int:
    """Make a site of the runs that are kept here in DIR, or bring it up to date: a list with search
    and filters, a page for each run with its whole report, histories, and a page on which any two
    runs stand beside each other.

    It needs no server: open its index.html, or put DIR where your team finds it. It asks nothing of
    any network, and holds no address, user or folder. Made anew are the pages of runs that changed;
    those of runs that are gone go. DIR has to be new, empty, or a site. With filters, as those of
    `runs list`, it is a site of those runs alone.

    \b
    Example:
      orchestrator site ../site
      orchestrator site /srv/www/kernels --operator rmsnorm --since 90d
      orchestrator site ../paper --tag paper --json
    """
    from orchestrator.workflows.site.site import Around, made

    session.inventory()  # without it nobody knows what must not stand on a page for strangers
    around = Around(
        session.runs,
        session.index,
        filters.wanted(session, given),
        session.around.templates,
        session.masked_by,
    )
    with console.progress() as progress:
        done = made(folder, around, progress)
    page = folder / "index.html"
    if as_json:
        console.out_json(_document(folder, page, done), as_is=("site", "page"))
    else:
        _tell(done)
        console.out(str(page))
    console.next_step(f"open {page.resolve().as_uri()} in a browser")
    return ExitCode.BUG if done.bugs else ExitCode.OK


def _tell(done: Made) -> None:
    from orchestrator.report.wording.digits import count

    made = f"{count(done.written, 'page')} made, {done.kept} kept, {done.removed} gone"
    console.out(f"{count(done.runs, 'run')}: {made}; {done.size_bytes / 1e6:.1f} MB")
    for run, why in list(done.unreadable.items())[:_SHOWN]:
        console.note(f"{run} has a page that says why it has no report: {why}")
    more = len(done.unreadable) - _SHOWN
    if more > 0:
        console.note(f"and so have {more} more")


def _document(folder: Path, page: Path, done: Made) -> dict[str, object]:
    return {
        "site": str(folder),
        "page": str(page),
        "runs": done.runs,
        "written": done.written,
        "kept": done.kept,
        "removed": done.removed,
        "histories": done.histories,
        "unreadable": done.unreadable,
        "bytes": done.size_bytes,
        "seconds": round(done.seconds, 3),
    }
