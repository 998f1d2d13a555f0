"""profile --ncu-host: the second half of a run, on another host."""

from __future__ import annotations

from orchestrator.cli import paid
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.values.host import Host
from orchestrator.values.run import Run
from orchestrator.workflows import borrow as workflow
from orchestrator.workflows.profile import Order
from orchestrator.workflows.publishing.publish import Published


def borrow(
    session: Session, host: Host, accept_new_host_key: bool, order: Order, run: Run
) -> tuple[Run, Published]:
    """Take the counters on `host`; the other run, and `run`'s new report."""
    from orchestrator.workflows.budget import Budget

    console.note(f"taking the counters on {host.name}")
    with (
        session.transport(host, accept_new_host_key) as transport,
        paid.paid(session, Budget(), transport, order.plan.request.time_limit_s) as runs,
        console.progress() as progress,
    ):
        return workflow.borrow(order, run, transport, runs, progress, session.debug, session.around)
