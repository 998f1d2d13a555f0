"""logs: what a run printed, made harmless for a terminal."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import what_next
from orchestrator.cli.given import options
from orchestrator.cli.screen import console, streams
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.errors import RunError
from orchestrator.values.command import about

if TYPE_CHECKING:
    from orchestrator.values.claim import Claim
    from orchestrator.values.host import Host
    from orchestrator.values.run import Run

VERB = Verb("logs", "Print the log of a run, and follow it.", 110)


@click.command()
@click.argument("run", default="latest")
@click.option("-f", "--follow", is_flag=True, help="Go on, from the host, until the run ends.")
@options.host_options
@click.pass_obj
def logs(
    session: Session, run: str, follow: bool, host: str | None, accept_new_host_key: bool
) -> None:
    """Print the log of RUN as it is here; with --host or -f, as its host has it now.

    Control characters show as escapes, keys and addresses are masked, and the records of
    progress are left out. Nothing is stored: `attach` is what brings a run home. Where RUN is kept
    here, the job of its name has to be its own; `latest` and `latest~1` with --host are the host's.

    \b
    Example:
      orchestrator logs latest
      orchestrator logs latest -f
      orchestrator logs 20261122-101530-h100-bench --host h100
    """
    from orchestrator.workflows.jobs.read_log import local_log, remote_log

    claim = None
    if host is None:
        folder = session.runs.resolve(run)
        run = folder.name
        if not follow:
            show = streams.until_nobody_reads(console.log_printer())
            for line in local_log(folder):
                show(line)
            _say_if_changed(folder)
            console.next_step(_after(session, folder, run))
            return
        claim = session.runs.claim(folder)
        where = session.host(claim.host)
    else:
        where = session.host(host)
        folder, claim = _there(session, run, where, accept_new_host_key)
        run = folder.name
    with session.transport(where, accept_new_host_key) as transport:
        run_id = claim.run_id if claim else run
        show = streams.until_nobody_reads(console.log_printer())
        end = remote_log(transport, run_id, follow, show, claim)
    console.note(f"run {run} {end.words if end else 'goes on'}")
    console.next_step(_after(session, folder, run, where, claim))


def _say_if_changed(folder: Path) -> None:
    """Whoever has read the log is to know whether it is the job's."""
    from orchestrator.store.runs import binding, run_files
    from orchestrator.store.runs.run_store import LOG

    with suppress(RunError):  # then nothing is known of it
        for one in binding.changed(folder, run_files.card(folder), (LOG,)):
            console.note(f"{one.path} {one.how}; orchestrator attach brings it home again")


def _there(
    session: Session, reference: str, host: Host, accept_new_host_key: bool
) -> tuple[Path, Claim | None]:
    """The folder that a run of the host has here, or would have, and the claim if it is kept."""
    from orchestrator.store.runs.naming import latest

    if latest(reference) is None:
        for folder in session.runs.all():
            if folder.name == reference and (claim := _claim(session, folder)):
                return folder, claim
    there = _named(session, reference, host, accept_new_host_key)
    return there, _claim(session, there)


def _claim(session: Session, folder: Path) -> Claim | None:
    """None where the run is not kept here, or its card tells nothing."""
    with suppress(RunError):
        return session.runs.claim(folder)
    return None


def _named(session: Session, reference: str, host: Host, accept_new_host_key: bool) -> Path:
    """The folder of a run that need not be known here; `latest` is the host's own."""
    from orchestrator.store.runs.naming import latest
    from orchestrator.workflows.jobs.remote_runs import chosen, latest_of, remote_runs

    with session.transport(host, accept_new_host_key) as transport:
        known = remote_runs(transport, session.runs)
    if wanted := latest(reference):
        return latest_of(known, wanted, host).folder
    return chosen(known, reference, host).folder


def _after(
    session: Session,
    folder: Path,
    run: str,
    host: Host | None = None,
    claim: Claim | None = None,
) -> str:
    from orchestrator.store.runs.run_store import CARD

    if (folder / CARD).is_file() and session.runs.has_ended(folder):
        with suppress(RunError):  # the log was asked for, and has been shown
            return _after_one_that_is_home(session.runs.load(folder))
    if host is None or (folder / CARD).is_file():
        at = claim.option(host.name) if claim and host else ()
        return about("attach", run, *at)
    return what_next.command("runs", "fetch", run, "--host", host.name)


def _after_one_that_is_home(stored: Run) -> str:
    """Whoever reads a log of a failed run has seen it by now: next is what the report makes of it,
    or where the host lacked something, what doctor says."""
    step = what_next.after(stored)
    return what_next.command("report", stored.name) if " logs " in step else step
