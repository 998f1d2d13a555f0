"""cancel: end a run that goes on without us."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import what_next
from orchestrator.cli.given import options
from orchestrator.cli.kept import kept
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.errors import RunError
from orchestrator.values.command import about
from orchestrator.values.job import Ending, JobEnd

if TYPE_CHECKING:
    from orchestrator.values.claim import Claim
    from orchestrator.values.host import Host
    from orchestrator.values.run import Run

VERB = Verb("cancel", "End a run and everything it started.", 120)


@click.command()
@click.argument("run", default="latest")
@options.host_options
@click.pass_obj
def cancel(session: Session, run: str, host: str | None, accept_new_host_key: bool) -> None:
    """End RUN on its host, with every process it started; what it measured so far stays.

    RUN is an id, a unique prefix, `latest`, `latest~1` (the run before it), `latest:profile`,
    `latest@h100`, a tag or a git revision. A
    run that has ended already is left as it is, and that is said. One that is not kept here, or
    whose card here is damaged, is ended by its whole id on the host that is named.

    \b
    Example:
      orchestrator cancel latest
      orchestrator cancel 20261122-101530-h100-bench --host h100
    """
    from orchestrator.launch.choose import launcher
    from orchestrator.store.runs.run_files import known_as

    folder = kept(session, run, host, "cancel")
    if folder and (stored := _ended(session, folder)):
        assert stored.end is not None
        console.out(_over_before(folder.name, stored.end, ", and is home"))
        console.next_step(what_next.after(stored, host))
        return
    claim = _claim(session, folder, run, host) if folder else None
    run_id = claim.run_id if claim else known_as(folder) if folder else run
    where = session.host(claim.host if claim and not host else host)
    with session.transport(where, accept_new_host_key) as transport:
        jobs = launcher(transport, claim)
        known = {job.run_id: job.end for job in jobs.list_jobs()}
        if claim is None:
            _require_whole_id(run_id, known)
        end = jobs.cancel(run_id)
    before = known.get(run_id)
    going_on = before is None or before.why is Ending.NEVER_STARTED
    if end.why is Ending.CANCELLED and going_on:
        console.out(f"run {run_id} {end.words}")
    else:
        console.out(_over_before(run_id, end))
    console.next_step(_after_cancel(where, folder, claim, run_id if run_id in known else None))


def _over_before(run_id: str, end: JobEnd, home: str = "") -> str:
    """What host or payload said of the end is in the report, and would make no sentence here."""
    how = replace(end, message="").words
    when = "" if end.why is Ending.NEVER_STARTED else f" before{home}"
    return f"nothing cancelled: run {run_id} {how}{when}"


def _claim(session: Session, folder: Path, run: str, host: str | None) -> Claim | None:
    """None where the card is damaged, and the person names the job by its host and its whole id."""
    try:
        return session.runs.claim(folder)
    except RunError as exc:
        if host is not None and run == folder.name:
            return None
        by_name = what_next.command("cancel", folder.name, "--host", "NAME")
        hint = f"{exc.hint} If its job goes on, this ends it: {by_name}"
        raise RunError(exc.message, hint=hint) from exc


def _require_whole_id(run: str, known: Iterable[str]) -> None:
    """A host's jobs may be anybody's: the beginning of an id could mean another one tomorrow."""
    fits = [run_id for run_id in known if run_id.startswith(run)]
    if fits and run not in fits:
        raise RunError(
            f"{run!r} is not kept here, and only the beginning of {', '.join(fits[:5])} there",
            hint="Give the whole id.",
        )


def _ended(session: Session, folder: Path) -> Run | None:
    """The run if it is known here to have ended; a file that nobody can read tells nothing."""
    with suppress(RunError):
        stored = session.runs.load(folder)
        return stored if stored.end else None
    return None


def _after_cancel(where: Host, folder: Path | None, claim: Claim | None, there: str | None) -> str:
    """there: the run's id, where its host still keeps it."""
    if there is None:
        return what_next.command("runs", "--host", where.name)
    if folder is None:
        return what_next.command("attach", there, "--host", where.name)
    if claim is None:  # its place is taken by what is damaged
        return what_next.command("runs", "rm", folder.name)
    return about("attach", folder.name, *claim.option(where.name))
