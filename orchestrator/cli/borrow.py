"""profile --ncu-host: the second half of a run, on another host."""

from __future__ import annotations

from orchestrator.cli import console
from orchestrator.cli.session import Session
from orchestrator.model.host import Host
from orchestrator.model.run import Run
from orchestrator.workflows import borrow as workflow
from orchestrator.workflows.profile import Order
from orchestrator.workflows.publish import Published


def borrow(
    session: Session, host: Host, accept_new_host_key: bool, order: Order, run: Run
) -> tuple[Run, Published]:
    """Take the counters on `host`; the other run, and `run`'s new report."""
    console.note(f"taking the counters on {host.name}")
    with (
        session.transport(host, accept_new_host_key) as transport,
        console.progress() as progress,
    ):
        return workflow.borrow(order, run, transport, session.runs, progress, session.debug)
