"""What a command on a pod costs: the options that limit it, and the purse around the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.given.quantities import YEAR_S, Duration
from orchestrator.cli.screen import console, questions
from orchestrator.cli.session import Session

if TYPE_CHECKING:
    from orchestrator.store.runs.run_store import RunStore
    from orchestrator.transport.base import Transport
    from orchestrator.values.run import Run
    from orchestrator.workflows.budget import Budget
    from orchestrator.workflows.publishing.publish import Published


def budget_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--stop-after and --max-minutes"""
    function = click.option(
        "--max-minutes",
        type=Duration(0, YEAR_S / 60, least_open=True),
        metavar="N",
        help="Pods: stop it after N minutes, whatever goes on and whatever becomes of us.",
    )(function)
    return click.option(
        "--stop-after",
        is_flag=True,
        help="Pods: stop it when the run is over, also when it failed.",
    )(function)


def budget_of(stop_after: bool, max_minutes: float | None) -> Budget:
    """What the two options ask for."""
    from orchestrator.workflows.budget import Budget

    return Budget(stop_after, max_minutes and max_minutes * 60)


@contextmanager
def paid(
    session: Session,
    budget: Budget,
    transport: Transport,
    run_limit_s: float,
    folder: Path | None = None,
) -> Iterator[RunStore]:
    """Around a command's work: on a pod its price, and what the budget asks for.

    run_limit_s: the run's own time limit. folder: of the run, where the command is about one that
    exists; else it is the run that is made in the store given to the block.
    """
    if transport.host.pod is None:
        yield session.runs
        return
    from orchestrator.workflows.budget import Purse

    def confirm(question: str) -> bool:
        try:
            return console.on_terminal() and questions.confirm(question)
        except KeyboardInterrupt:  # Ctrl-C is no answer, and the rest is told all the same
            return False

    purse = Purse(budget, transport, session.pods, console.note, confirm, session.runs, folder)
    with purse.open(run_limit_s) as runs:
        yield runs


def priced(session: Session, folder: Path) -> tuple[Run, Published]:
    """The run as it is stored, with what it cost so far, and its report."""
    from orchestrator.workflows.publishing.publish import publish_home

    run = session.runs.load(folder)
    return run, publish_home(run, folder, session.around)
