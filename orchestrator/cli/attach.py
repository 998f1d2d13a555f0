"""attach and cancel: runs that go on without us."""

from __future__ import annotations

import click

from orchestrator.cli import console, options, paid, what_next
from orchestrator.cli.session import Session


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

    With --stop-after its pod is stopped as soon as all of it is here.

    \b
    Example:
      orchestrator attach latest
      orchestrator attach latest --stop-after
      orchestrator attach 20261122-1015 --host h100-new-port
    """
    from orchestrator.cli.measure import show
    from orchestrator.workflows.run_job import Errand, bring_home

    folder = session.runs.resolve(run)
    where = session.host(host or session.runs.load(folder).card.host)
    budget = paid.budget_of(stop_after, max_minutes)
    budget.check(where)
    limit_s = session.runs.request(folder).time_limit_s if budget.guards else 0.0
    with (
        session.transport(where, accept_new_host_key) as transport,
        paid.paid(session, budget, transport, limit_s, folder) as runs,
        console.progress() as progress,
    ):
        bring_home(Errand(transport, runs, progress, show_log=session.debug), folder)
    stored, published = paid.priced(session, folder)
    return show(stored, published, as_json)


@click.command()
@click.argument("run", default="latest")
@options.host_options
@click.pass_obj
def cancel(session: Session, run: str, host: str | None, accept_new_host_key: bool) -> None:
    """End RUN on its host, with every process it started; what it measured so far stays.

    A run that has ended already is left as it is, and that is said.

    \b
    Example:
      orchestrator cancel latest
    """
    from orchestrator.launch.detached import DetachedLauncher
    from orchestrator.model.job import Ending

    folder = session.runs.resolve(run)
    stored = session.runs.load(folder)
    if stored.end is not None:
        console.out(f"nothing cancelled: run {folder.name} {stored.end.words} before, and is home")
        console.next_step(what_next.after(stored))
        return
    where = session.host(host or stored.card.host)
    with session.transport(where, accept_new_host_key) as transport:
        jobs = DetachedLauncher(transport)
        ended = any(job.run_id == folder.name and job.end for job in jobs.list_jobs())
        end = jobs.cancel(folder.name)
    if end.why is Ending.CANCELLED and not ended:
        console.out(f"run {folder.name} {end.words}")
    else:
        console.out(f"nothing cancelled: run {folder.name} {end.words} before")
    console.next_step(f"orchestrator attach {folder.name}")
