"""What both ways to bisect have in common: what is asked of each commit, where, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli import paid
from orchestrator.cli.given import problem_options
from orchestrator.cli.running import wish_of
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.trust import require_trust
from orchestrator.errors import UsageError
from orchestrator.values.job import Ending
from orchestrator.workflows.operator_choice import choose
from orchestrator.workflows.plan import Plan, Wish
from orchestrator.workflows.problems import recognise
from orchestrator.workflows.sweep import found
from remote_payload.contract.words import Stage
from remote_payload.operators import registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.values.host import Host
    from orchestrator.values.progress import Progress
    from orchestrator.values.run import Run
    from orchestrator.workflows.bisecting.answering import Looking
    from orchestrator.workflows.budget import Budget
    from orchestrator.workflows.profile import Order


class _Once:
    """Progress that says of many runs once what holds for all of them."""

    def __init__(self, progress: Progress, said: set[str]) -> None:
        self._progress, self._said = progress, said

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        self._progress.step(task, done, total, detail)

    def say(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._progress.say(line)


_WISHED = {field.name for field in fields(Wish)}


@dataclass(frozen=True)
class Asked:
    """looking: for which commit. wish: what is asked of each commit."""

    session: Session
    host: Host
    budget: Budget
    looking: Looking
    wish: Wish
    accept_new_host_key: bool
    dry_run: bool
    as_json: bool
    tags: tuple[str, ...]

    def order(self, plan: Plan) -> Order:
        """The run that a plan is of, within the time that a budget leaves."""
        from orchestrator.workflows.profile import Order

        plan = replace(plan, request=self.budget.limited(plan.request))
        return Order(self.session.root, "bisect", self.session.typed, plan, self.tags)

    @contextmanager
    def racing(self) -> Iterator[Callable[[Plan], Run]]:
        """Runs of plans, over one connection; each is kept and has its report."""
        from orchestrator.workflows import profile

        session = self.session
        limit_s = self.wish.time_limit_s or 1800.0
        with (
            session.transport(self.host, self.accept_new_host_key) as transport,
            paid.paid(session, self.budget, transport, limit_s) as runs,
        ):
            said: set[str] = set()

            def race(plan: Plan) -> Run:
                with console.progress() as progress:
                    once = _Once(progress, said)
                    made = profile.profile(
                        self.order(plan), transport, runs, once, show_log=session.debug
                    )
                if made.end is not None and made.end.why is Ending.CANCELLED:
                    raise KeyboardInterrupt  # a second Ctrl-C means all of the search
                return paid.priced(session, session.runs.folder(made.card.run_id))[0]

            yield race


def asked(session: Session, looking: str, given: dict[str, Any]) -> Asked:
    """From the options of `measure_options` and of a bench. UsageError: a folder of problems, of
    which each would have its own commit."""
    from orchestrator.workflows.bisecting.answering import Looking

    host = session.host(given["host"])
    budget = paid.budget_of(given["stop_after"], given["max_minutes"])
    budget.check(host)
    path = session.here / Path(given["operator"]).expanduser()
    form = "" if given["operator"] in registry.names() else recognise.format_of(path)
    if form == "folder":
        raise UsageError(
            f"--operator {given['operator']}: each problem of a folder has commits of its own",
            hint="Name one of them.",
        )
    problem_options.require_alone(*problem_options.chosen(given), path)
    if given["write_trace"]:
        raise UsageError("--write-trace goes with a run by itself", hint="Leave it out.")
    trusted, beside = given["trusted"], problem_options.beside(given)
    if form:
        beside = found.beside_of(found.alone(path, form), beside)
    named = (*(given["providers"] or ()), *given["without"])
    choice = choose(given["operator"], session.here, named, beside)
    if choice.own and choice.own.format and not given["dry_run"]:
        require_trust(host, path, session.runs_folder, trusted)
    kind = Looking(looking)
    stages = (Stage.BUILD, Stage.CHECK, *((Stage.BENCH,) if kind.verdict else ()))
    of_how = (given["accept_new_host_key"], given["dry_run"], given["as_json"], given["tags"])
    axes = {"case_texts", *(name for name in given if name.startswith("axis_"))}
    wished = {name: value for name, value in given.items() if name in _WISHED | axes}
    return Asked(session, host, budget, kind, wish_of(stages, wished, choice), *of_how)
