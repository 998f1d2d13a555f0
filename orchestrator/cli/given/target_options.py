"""--require TIER and --targets FILE: what a run has to reach, and where that is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.errors import ExitCode

if TYPE_CHECKING:
    from orchestrator.report.render import Report
    from orchestrator.values.run import Run
    from remote_payload.contract.facts import Targets
    from remote_payload.contract.request import Request

targets_option = click.option(
    "--targets",
    "targets_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Take the targets from this file. Default: the nearest targets.yaml, else the one beside "
    "the inventory.",
)
require_option = click.option(
    "--require",
    metavar="TIER",
    help="Exit with 1 if this tier of the targets is missed, with 6 if that stays open "
    "(docs/targets.md).",
)


def aim_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Both, of a verb that makes a run."""
    return require_option(targets_option(function))


@dataclass(frozen=True)
class Aiming:
    """What was given of the two."""

    file: Path | None = None
    tier: str | None = None

    def require_alone(self) -> None:
        """UsageError: a tier belongs to one operator, and a folder of problems has many."""
        if self.tier is not None:
            raise click.UsageError(
                "--require is about the targets of one operator; a folder of problems has many"
            )

    def aimed(self, session: Session, request: Request) -> Request:
        """The request with the targets that are in force for its operator. UsageError: none has
        the tier; InventoryError: the file is wrong."""
        from orchestrator.workflows import targets

        mine = targets.of_operator(request.operator, read(session, self.file))
        known = targets.built_in(request.operator) if mine is None else mine
        for told in targets.beyond(known):
            console.note(told)
        if self.tier is not None:
            tier = targets.tier_of(self.tier, known, request.operator)
            _note_untimed(tier, known, request)
        return replace(request, targets=mine)


def read(session: Session, file: Path | None) -> tuple[Targets, ...]:
    """What the file that counts says; InventoryError."""
    from orchestrator.workflows import targets

    place = session.here / file.expanduser() if file else None
    return targets.written(targets.file_of(place, session.here, session.inventory_file))


def judged_by(session: Session, run: Run, file: Path) -> Run:
    """A stored run as the targets of another file judge it. InventoryError."""
    from orchestrator.workflows import targets

    if run.result is None:
        return run
    request = run.result.request
    mine = targets.of_operator(request.operator, read(session, file))
    known = targets.built_in(request.operator) if mine is None else mine
    for told in targets.beyond(known):
        console.note(told)
    return replace(run, result=replace(run.result, request=replace(request, targets=known)))


def _note_untimed(tier: str, known: Sequence[Targets], request: Request) -> None:
    """Before the run, that it will not time what has the tier; of a user's own operator only its
    host knows the cases."""
    from orchestrator.performance.targets.judging import is_for

    cases = (*request.cases, *request.cpu_cases)
    having = [one for one in known if any(each.name == tier for each in one.tiers)]
    if cases and not any(is_for(one, case) for one in having for case in cases):
        labels = " or ".join(dict.fromkeys(one.case.label for one in having))
        console.note(f"--require {tier}: this run will not time {labels}")


@dataclass(frozen=True)
class Met:
    """What became of the tier that was required. told: for programs."""

    code: ExitCode
    told: Mapping[str, str]


def required(run: Run, report: Report, text: str) -> Met:
    """What became of the tier; the reason goes to stderr. UsageError: no target in force has it."""
    from orchestrator.performance.targets.judging import Outcome
    from orchestrator.report import aims
    from orchestrator.workflows import targets

    tier, outcome, why = text, Outcome.NOT_JUDGED, "the run did not come that far"
    operator = run.result.operator.name if run.result else ""
    if report.aims or operator:
        tier = targets.tier_of(text, [one.targets for one in report.aims], operator)
        outcome, why = aims.required(report.aims, tier)
    told = {"tier": tier, "outcome": outcome.value, "reason": why}
    said = f"{tier}: {outcome.value}: {why}"
    if outcome is Outcome.PASS:
        console.note(said)
        return Met(ExitCode.OK, told)
    console.error(said, "")
    missed = outcome is Outcome.FAIL
    return Met(ExitCode.GATE_FAILED if missed else ExitCode.UNDECIDED, told)
