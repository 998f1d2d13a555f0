"""attach and cancel: runs that go on without us."""

from __future__ import annotations

import click

from orchestrator.cli import console, options
from orchestrator.cli.session import Session


@click.command()
@click.argument("run", default="latest")
@options.host_options
@options.json_option
@click.pass_obj
def attach(
    session: Session, run: str, host: str | None, accept_new_host_key: bool, as_json: bool
) -> int:
    """Follow RUN from where its log here ends, then bring home result and report.

    \b
    Example:
      orchestrator attach latest
      orchestrator attach 20261122-1015 --host h100-new-port
    """
    from orchestrator.cli.measure import show
    from orchestrator.workflows.publish import publish
    from orchestrator.workflows.run_job import Errand, bring_home

    folder = session.runs.resolve(run)
    card = session.runs.load(folder).card
    where = session.host(host or card.host)
    with console.progress() as progress, session.transport(where, accept_new_host_key) as transport:
        stored = bring_home(
            Errand(transport, session.runs, progress, show_log=session.debug), folder
        )
    published = publish(stored, folder)
    return show(stored, published, as_json)


@click.command()
@click.argument("run", default="latest")
@options.host_options
@click.pass_obj
def cancel(session: Session, run: str, host: str | None, accept_new_host_key: bool) -> None:
    """End RUN on its host, with every process it started; what it measured so far stays.

    \b
    Example:
      orchestrator cancel latest
    """
    from orchestrator.launch.detached import DetachedLauncher

    folder = session.runs.resolve(run)
    where = session.host(host or session.runs.load(folder).card.host)
    with session.transport(where, accept_new_host_key) as transport:
        end = DetachedLauncher(transport).cancel(folder.name)
    console.out(f"run {folder.name} {end.words}")
    console.next_step(f"orchestrator attach {folder.name}")
