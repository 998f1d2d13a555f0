"""runs --host, runs fetch: what a host still keeps."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import what_next
from orchestrator.cli.given import options
from orchestrator.cli.outcome import told_of_templates
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.errors import RunError, UsageError

if TYPE_CHECKING:
    from orchestrator.values.host import Host
    from orchestrator.values.run import Run
    from orchestrator.workflows.jobs.remote_runs import RemoteRun


def list_remote(session: Session, name: str, accept_new_host_key: bool, as_json: bool) -> None:
    """Print the runs that a host keeps, and what to do about them."""
    from orchestrator.workflows.jobs.remote_runs import Here, missing, remote_runs

    host = session.host(name)
    with session.transport(host, accept_new_host_key) as transport:
        known = remote_runs(transport, session.runs, console.lines())
    if as_json:
        console.out_json([_remote_facts(run) for run in known], as_is=("run",))
    for run in () if as_json else known:
        other = "" if run.folder.name == run.run_id else f", in {run.folder.name}"
        console.out(f"{run.run_id:<44} {run.here.value + other:<24} {run.words}")
    if not known:
        console.note(f"{host.where} keeps no runs under {host.workspace}")
    absent = [*missing(known)]
    going_on = [run.folder for run in known if run.end is None and run.here is Here.STARTED]
    if absent:
        which = absent[0].run_id if len(absent) == 1 else "--all"
        console.next_step(what_next.command("runs", "fetch", which, "--host", host.name))
    elif going_on:
        console.next_step(_follow(session, going_on[-1], host))
    elif whole := [run.folder.name for run in known if run.here is Here.WHOLE]:
        console.next_step(what_next.command("runs", "show", whole[-1]))
    elif known:
        console.next_step("orchestrator runs list")
    else:
        console.next_step(what_next.command("profile", "--host", name))


def _follow(session: Session, folder: Path, host: Host) -> str:
    """attach, for a run started here that goes on at `host`; its card may be damaged by now."""
    option: tuple[str, ...] = ("--host", host.name)
    with suppress(RunError):
        option = session.runs.claim(folder).option(host.name)
    return what_next.command("attach", folder.name, *option)


def _remote_facts(run: RemoteRun) -> dict[str, str | int | None]:
    return {
        "run": run.run_id,
        "state": run.state,
        "words": run.words,
        "exit_status": run.end.exit_status if run.end else None,
        "here": run.here.value,
    }


@click.command()
@click.argument("run", required=False)
@click.option("--all", "every", is_flag=True, help="Every ended run that is not whole here.")
@options.host_options
@click.pass_obj
def fetch(
    session: Session, run: str | None, every: bool, host: str | None, accept_new_host_key: bool
) -> None:
    """Bring home runs that were never pulled, also ones started elsewhere.

    \b
    Example:
      orchestrator runs fetch 20261122-1015 --host h100
      orchestrator runs fetch --all --host h100
    """
    from orchestrator.workflows.jobs.fetch_runs import fetch_each
    from orchestrator.workflows.jobs.remote_runs import chosen, damaged, missing, remote_runs
    from orchestrator.workflows.publishing.publish import publish_home

    if (run is None) is not every:
        raise UsageError("give either one run or --all", hint="orchestrator runs --host NAME")

    def told(folder: Path, stored: Run) -> None:
        published = publish_home(stored, folder, session.around)
        told_of_templates(published)
        console.out(str(published.path))

    where = session.host(host)
    with console.progress() as progress, session.transport(where, accept_new_host_key) as transport:
        known = remote_runs(transport, session.runs, progress)
        all_there = [*missing(known), *damaged(known)]
        wanted = all_there if run is None else [chosen(known, run, where)]
        fetch_each(
            transport,
            session.runs,
            wanted,
            progress,
            told,
        )
    if every:
        _say_what_stays(where, known, here_already=not wanted)
    shown = ("show", wanted[-1].folder.name) if wanted else ()
    console.next_step(what_next.command("runs", *shown))


def _say_what_stays(where: Host, known: tuple[RemoteRun, ...], here_already: bool) -> None:
    """After a fetch of all: which runs were not even tried, and why."""
    from orchestrator.workflows.jobs.remote_runs import in_anothers_place

    others = in_anothers_place(known)
    if here_already:
        which = "other ended run" if others else "ended run"
        console.note(f"every {which} of {where.name} is here already")
    if others:
        console.note(
            f"not fetched, since another run here has the name: {', '.join(others)}; "
            "with --runs FOLDER they can be kept elsewhere"
        )
