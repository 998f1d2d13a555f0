"""attach: follow a run that goes on without us."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli import paid
from orchestrator.cli.given import options
from orchestrator.cli.kept import kept
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb

if TYPE_CHECKING:
    pass

VERB = Verb("attach", "Follow a run that goes on, and bring it home.", 100)


@click.command()
@click.argument("run", default="latest")
@paid.budget_options
@options.host_options
@options.json_option
@click.pass_obj
def attach(
    session: Session,
    run: str,
    host: str | None,
    accept_new_host_key: bool,
    stop_after: bool,
    max_minutes: float | None,
    as_json: bool,
) -> int:
    """Follow RUN from where its log here ends, then bring home result and report.

    RUN is an id, a unique prefix, `latest`, `latest~1` (the run before it), `latest:profile`,
    `latest@h100`, a tag or a git revision. A
    run that is not kept here is taken from the host that is named; one whose name the host has
    given to another run is refused. With --stop-after its pod is stopped as soon as all of it is
    here.

    \b
    Example:
      orchestrator attach latest
      orchestrator attach latest --stop-after
      orchestrator attach 20261122-1015 --host h100-new-port
    """
    from orchestrator.cli.outcome import show
    from orchestrator.workflows.jobs.errand import Errand
    from orchestrator.workflows.jobs.fetch_runs import adopt
    from orchestrator.workflows.jobs.run_job import bring_home

    stored_here = kept(session, run, host, "attach")
    where = session.host(session.runs.claim(stored_here).host if stored_here and not host else host)
    budget = paid.budget_of(stop_after, max_minutes)
    budget.check(where)
    with session.transport(where, accept_new_host_key) as transport:
        folder = stored_here or adopt(transport, session.runs, run, console.lines())
        limit_s = session.runs.request(folder).time_limit_s if budget.guards else 0.0
        with (
            paid.paid(session, budget, transport, limit_s, folder) as runs,
            console.progress() as progress,
        ):
            bring_home(Errand(transport, runs, progress, show_log=session.debug), folder)
    stored, published = paid.priced(session, folder)
    return show(stored, published, as_json, host=where.name)
