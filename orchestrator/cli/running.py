"""The one path of every verb that makes a run: from its options to what it came to."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli import paid
from orchestrator.cli.given import case_options, gate_options, problem_options
from orchestrator.cli.given.target_options import Aiming
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.traced import Traced
from orchestrator.errors import UsageError
from orchestrator.workflows.operator_choice import Choice, choose
from orchestrator.workflows.plan import Wish
from orchestrator.workflows.problems import recognise
from orchestrator.workflows.sweep import found
from remote_payload.contract.request import Request
from remote_payload.contract.words import Device, Stage, Status
from remote_payload.operators import registry

if TYPE_CHECKING:
    from orchestrator.cli.sweeping import Sweep
    from orchestrator.report.gates.gate import Policy
    from orchestrator.values.host import Host
    from orchestrator.values.progress import Expected
    from orchestrator.values.run import Run
    from orchestrator.workflows.budget import Budget
    from orchestrator.workflows.jobs.order import DryStep, Order
    from orchestrator.workflows.own import Own
    from orchestrator.workflows.publishing.publish import Published


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
    tags: tuple[str, ...]
    aiming: Aiming
    gate: Policy | None = None

    @property
    def budget(self) -> Budget:
        return paid.budget_of(self.stop_after, self.max_minutes)

    def shown(self, run: Run, published: Published, lent: Run | None = None) -> int:
        """Print what came of it; the exit code. lent: as in `outcome.show`."""
        from orchestrator.cli.outcome import show

        tier = self.aiming.tier
        return show(run, published, self.as_json, lent, gate=self.gate, require=tier)


_NOT_GIVEN = ("verb", "aiming", "gate")
_HOW = tuple(field.name for field in fields(How) if field.name not in _NOT_GIVEN)


def run_stages(
    session: Session, verb: str, stages: tuple[Stage, ...], given: dict[str, Any]
) -> int:
    """Make one run of `stages` with a verb's options, print what it came to; the exit code. Of a
    folder of problems, a run for each."""
    name = given.pop("ncu_host", None)
    lender = session.host(name) if name else None
    aiming = Aiming(given.pop("targets_file", None), given.pop("require", None))
    gate = gate_options.policy(given)
    how = How(verb, aiming=aiming, gate=gate, **{name: given.pop(name) for name in _HOW})
    host = session.host(how.host)
    how.budget.check(host, *((lender,) if lender else ()))
    if "operator" not in given:
        return _run(session, how, host, lender, wish_of(stages, given))
    trusted, (chosen, resume) = given.pop("trusted"), problem_options.chosen(given)
    beside, trace = problem_options.beside(given), given.pop("write_trace")
    problem_options.require_place(trace)
    path = session.here / Path(given["operator"]).expanduser()
    of_many = given["operator"] and given["operator"] not in registry.names()
    if of_many and recognise.format_of(path) == "folder":
        from orchestrator.cli.sweeping import Sweep
        from orchestrator.cli.trust import require_trust

        words = (verb, host.name, str(path), *map(str, sorted(given.items(), key=str)), str(beside))
        aiming.require_alone()
        gate_options.require_alone(gate)
        sweep = Sweep(path, chosen, beside, resume, words)
        sweep.problems()
        if not how.dry_run:
            require_trust(host, path, session.runs_folder, trusted)
        return _sweep(session, how, host, sweep, stages, given, trace)
    problem_options.require_alone(chosen, resume, path)
    if format := recognise.format_of(path):
        beside = found.beside_of(found.alone(path, format), beside)
    named = (*(given["providers"] or ()), *given["without"])
    choice = choose(given["operator"], session.here, named, beside)
    if choice.own and choice.own.format and not how.dry_run:
        from orchestrator.cli.trust import require_trust

        require_trust(host, path, session.runs_folder, trusted)
    problem_options.require_trace(trace, choice.own)
    return _run(session, how, host, lender, wish_of(stages, given, choice), Traced(trace, beside))


def _run(
    session: Session,
    how: How,
    host: Host,
    lender: Host | None,
    wish: Wish,
    traced: Traced | None = None,
) -> int:
    order = _order(session, how, wish)
    order, there = _split(order) if lender else (order, order)
    if how.dry_run:
        from orchestrator.workflows import profile as workflow

        steps = (*_watchdog(how, host), *workflow.dry_run(order, host))
        steps += workflow.dry_run(there, lender) if lender else ()
        return console.dry_run(steps, how.as_json, session.debug)
    with (
        session.transport(host, how.accept_new_host_key) as transport,
        paid.paid(session, how.budget, transport, order.plan.request.time_limit_s) as runs,
        console.progress(_expected(session, how, host, order)) as progress,
    ):
        from orchestrator.workflows import profile as workflow  # not before somebody is told

        made = workflow.profile(order, transport, runs, progress, show_log=session.debug)
    run, published = paid.priced(session, session.runs.folder(made.card.run_id))
    if traced is not None:
        traced.write(wish.own, run)
    if lender is None or run.result is None or run.result.status is not Status.OK:
        return how.shown(run, published)
    from orchestrator.cli.borrowing import borrow

    lent, published = borrow(session, lender, how.accept_new_host_key, there, run)
    return how.shown(run, published, lent)


def _split(order: Order) -> tuple[Order, Order]:
    from orchestrator.workflows.borrow import split

    return split(order)


def _expected(session: Session, how: How, host: Host, order: Order) -> Expected:
    """How long such a run took before."""
    from orchestrator.workflows.jobs import durations

    sort = durations.Sort(host.name, how.verb, order.plan.request)
    return durations.expected(session.runs_folder, sort)


def _order(session: Session, how: How, wish: Wish) -> Order:
    """What is to be run, within the time that a budget leaves."""
    from orchestrator.workflows.against.twins import raced
    from orchestrator.workflows.jobs.order import Order
    from orchestrator.workflows.plan import plan

    planned = raced(plan(wish, session.here), wish, session.root, session.here)
    asked = planned.request
    if Stage.BENCH in asked.stages:
        planned = replace(planned, request=how.aiming.aimed(session, asked))
    limited = how.budget.limited(planned.request)
    if limited.time_limit_s < planned.request.time_limit_s:
        console.note(
            f"--max-minutes leaves the run {limited.time_limit_s:g} s of its "
            f"{planned.request.time_limit_s:g} s, so that results can come home; a larger one "
            "leaves more"
        )
    planned = replace(planned, request=limited)
    return Order(session.root, how.verb, session.typed, planned, how.tags)


def _sweep(
    session: Session,
    how: How,
    host: Host,
    sweep: Sweep,
    stages: tuple[Stage, ...],
    given: dict[str, Any],
    trace: Path | None,
) -> int:
    """A run for each problem, over one connection."""
    from orchestrator.cli.sweeping import own_of, run_all
    from orchestrator.workflows import profile as workflow

    def ordered(own: Own) -> Order:
        return _order(session, how, wish_of(stages, dict(given), Choice(None, own)))

    if how.dry_run:
        steps: tuple[DryStep, ...] = _watchdog(how, host)
        for one in sweep.problems():
            try:
                steps += workflow.dry_run(ordered(own_of(one, sweep.beside)), host)
            except UsageError as exc:
                console.note(f"{one.label}: refused: {exc.message}")
        return console.dry_run(steps, how.as_json, session.debug)
    limit_s = given["time_limit_s"] or Request.time_limit_s
    with (
        session.transport(host, how.accept_new_host_key) as transport,
        paid.paid(session, how.budget, transport, limit_s) as runs,
    ):

        def act(own: Own) -> Run:
            order = ordered(own)
            with console.progress(_expected(session, how, host, order)) as progress:
                made = workflow.profile(order, transport, runs, progress, show_log=session.debug)
            run = paid.priced(session, session.runs.folder(made.card.run_id))[0]
            Traced(trace, sweep.beside).write(own, run)
            return run

        return run_all(sweep, session.runs_folder, act, how.as_json, "orchestrator runs")


def _watchdog(how: How, host: Host) -> tuple[DryStep, ...]:
    """The step of a dry run that arms the pod's watchdog, if it is to be armed."""
    from orchestrator.cloud.watchdog import watchdog_agent
    from orchestrator.workflows.jobs.order import DryStep

    if not how.budget.guards:
        return ()
    what = "arm, and in the end call off, the pod's watchdog"
    return (DryStep(host.name, what, watchdog_agent(host)),)


def wish_of(stages: tuple[Stage, ...], given: dict[str, Any], choice: Choice | None = None) -> Wish:
    if choice is not None:
        given["sweeps"] = case_options.asked(given, choice)
        given.update(operator=choice.name, own=choice.own, entries=choice.providers)
    given["device"] = Device(given["device"])
    given["arch"] = given["arch"] or ()
    return Wish(stages=stages, **given)
