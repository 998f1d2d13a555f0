"""The one path of every verb that makes a run: from its options to what it came to."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli import paid
from orchestrator.cli.given import case_options
from orchestrator.cli.outcome import show
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.workflows.plan import Wish
from remote_payload.contract.words import Device, Stage, Status

if TYPE_CHECKING:
    from orchestrator.values.host import Host
    from orchestrator.workflows.budget import Budget
    from orchestrator.workflows.profile import DryStep


@dataclass(frozen=True)
class How:
    """The options that say how a run goes, not what it runs."""

    verb: str
    host: str | None
    accept_new_host_key: bool
    dry_run: bool
    as_json: bool
    stop_after: bool
    max_minutes: float | None

    @property
    def budget(self) -> Budget:
        return paid.budget_of(self.stop_after, self.max_minutes)


_HOW = tuple(field.name for field in fields(How) if field.name != "verb")


def run_stages(
    session: Session, verb: str, stages: tuple[Stage, ...], given: dict[str, Any]
) -> int:
    """Make one run of `stages` with a verb's options, print what it came to; the exit code."""
    from orchestrator.cli.borrowing import borrow
    from orchestrator.workflows import profile as workflow
    from orchestrator.workflows.borrow import split
    from orchestrator.workflows.plan import plan

    name = given.pop("ncu_host", None)
    lender = session.host(name) if name else None
    how = How(verb, **{name: given.pop(name) for name in _HOW})
    host = session.host(how.host)
    how.budget.check(host, *((lender,) if lender else ()))
    planned = plan(_wish(stages, given, session.here), session.here)
    limited = how.budget.limited(planned.request)
    if limited.time_limit_s < planned.request.time_limit_s:
        console.note(
            f"--max-minutes leaves the run {limited.time_limit_s:g} s of its "
            f"{planned.request.time_limit_s:g} s, so that results can come home; a larger one "
            "leaves more"
        )
    planned = replace(planned, request=limited)
    order = workflow.Order(session.root, verb, session.typed, planned)
    order, there = split(order) if lender else (order, order)
    if how.dry_run:
        steps = (*_watchdog(how, host), *workflow.dry_run(order, host))
        steps += workflow.dry_run(there, lender) if lender else ()
        return console.dry_run(steps, how.as_json, session.debug)
    with (
        session.transport(host, how.accept_new_host_key) as transport,
        paid.paid(session, how.budget, transport, planned.request.time_limit_s) as runs,
        console.progress() as progress,
    ):
        made = workflow.profile(order, transport, runs, progress, show_log=session.debug)
    run, published = paid.priced(session, session.runs.folder(made.card.run_id))
    if lender is None or run.result is None or run.result.status is not Status.OK:
        return show(run, published, how.as_json)
    lent, published = borrow(session, lender, how.accept_new_host_key, there, run)
    return show(run, published, how.as_json, lent)


def _watchdog(how: How, host: Host) -> tuple[DryStep, ...]:
    """The step of a dry run that arms the pod's watchdog, if it is to be armed."""
    from orchestrator.cloud.watchdog import watchdog_agent
    from orchestrator.workflows.profile import DryStep

    if not how.budget.guards:
        return ()
    what = "arm, and in the end call off, the pod's watchdog"
    return (DryStep(host.name, what, watchdog_agent(host)),)


def _wish(stages: tuple[Stage, ...], given: dict[str, Any], here: Path) -> Wish:
    if "operator" in given:
        from orchestrator.workflows.operator_choice import choose

        named = (*(given["providers"] or ()), *given["without"])
        choice = choose(given["operator"], here, named, case_options.beside(given))
        given["sweeps"] = case_options.asked(given, choice)
        given.update(operator=choice.name, own=choice.own, entries=choice.providers)
    given["device"] = Device(given["device"])
    given["arch"] = given["arch"] or ()
    return Wish(stages=stages, **given)
