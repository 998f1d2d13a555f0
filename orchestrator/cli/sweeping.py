"""Many problems with one command: each a run of its own, and what all of them came to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.screen import console
from orchestrator.errors import (
    ExitCode,
    HostUnfit,
    InventoryError,
    LocalFault,
    RunError,
    UsageError,
)
from orchestrator.workflows.sweep import found, outcome, speed, summary
from orchestrator.workflows.sweep.ledger import Ledger, key
from orchestrator.workflows.sweep.outcome import Kind, Outcome
from orchestrator.workflows.sweep.summary import Summary

if TYPE_CHECKING:
    from orchestrator.values.run import Run
    from orchestrator.workflows.own import Beside, Own
    from orchestrator.workflows.sweep.found import Filter, Found

# What is done with one problem: a run of it.
Act = Callable[["Own"], "Run"]


@dataclass(frozen=True)
class Sweep:
    """What was asked for. beside: candidates of all problems. asked: the words of the command that
    decide what a problem comes to."""

    folder: Path
    chosen: Filter
    beside: Beside
    resume: bool
    asked: tuple[str, ...]

    def problems(self) -> tuple[Found, ...]:
        """Those that are left by the filters; UsageError if none is."""
        return found.problems(self.folder, self.chosen)


def own_of(one: Found, beside: Beside) -> Own:
    """A problem with its candidates, ready to travel; UsageError."""
    from orchestrator.workflows.problems import problems

    return problems.own(one.format, one.path, found.beside_of(one, beside))


def run_all(sweep: Sweep, runs: Path, act: Act, as_json: bool, next_step: str) -> int:
    """Run each problem, whatever became of those before; print the summary; the exit code."""
    ledger = Ledger(runs, sweep.asked)
    known = ledger.known() if sweep.resume else {}
    outcomes = []
    every = sweep.problems()
    for number, one in enumerate(every, 1):
        came_to, again = _one(one, sweep, ledger, known, act)
        outcomes.append(came_to)
        how = "as before" if again else f"{came_to.seconds:.1f} s"
        reason = f": {came_to.reason}" if came_to.reason else ""
        told = f"{came_to.kind.value}{reason} ({how})"
        console.note(f"[{number}/{len(every)}] {one.label}: {told}")
    return _told(Summary(tuple(outcomes)), as_json, next_step)


def _one(
    one: Found, sweep: Sweep, ledger: Ledger, known: dict[str, Outcome], act: Act
) -> tuple[Outcome, bool]:
    """What it came to, and whether that was known."""
    began = time.monotonic()
    blank = Outcome(one.label, one.format, Kind.REFUSED)
    try:
        own = own_of(one, sweep.beside)
    except (UsageError, InventoryError) as exc:  # its own description, or a YAML of it
        return replace(blank, reason=exc.message), False
    if sweep.beside.brings and not own.providers:
        reason = f"none of {sweep.beside.brings} is called like it, or says that it solves it"
        return replace(blank, kind=Kind.NO_CANDIDATE, reason=reason), False
    mark = key(one.label, own.extra)
    if mark in known:
        return known[mark], True
    try:
        run = act(own)
    except (LocalFault, RunError):
        raise  # this machine's, and the next problem's as well
    except UsageError as exc:
        return replace(blank, reason=exc.message), False
    except HostUnfit as exc:
        return replace(blank, kind=Kind.UNFIT, reason=exc.message), False
    kind, reason = outcome.kind_of(run)
    result = run.result
    came_to = replace(
        blank,
        kind=kind,
        reason=reason,
        run=run.name,
        seconds=round(time.monotonic() - began, 1),
        cases=len(result.cases) if result else 0,
        speedups=speed.speedups(result) if result else {},
    )
    if kind is not Kind.LOST:  # of which nobody knows what it would have come to
        ledger.add(mark, came_to)
    return came_to, False


def _told(came_to: Summary, as_json: bool, next_step: str) -> int:
    if as_json:
        console.out_json(came_to.document())
    else:
        for line in summary.lines(came_to):
            console.out(line)
    failed = next((one for one in came_to.outcomes if one.kind is not Kind.PASSED), None)
    step = f"orchestrator logs {failed.run}" if failed and failed.run else next_step
    console.next_step(step)
    return ExitCode.OK if came_to.all_passed else ExitCode.GATE_FAILED
