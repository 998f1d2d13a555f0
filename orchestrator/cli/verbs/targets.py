"""targets: what is to be reached, and what that asks of the GPU."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import what_next
from orchestrator.cli.given import options, target_options
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb

if TYPE_CHECKING:
    from remote_payload.contract.facts import Targets

VERB = Verb("targets", "List what is to be reached, and what that asks of the GPU.", 145)


@click.command()
@click.option("--operator", metavar="NAME", help="Only those of this operator.")
@target_options.targets_option
@options.json_option
@click.pass_obj
def targets(
    session: Session, operator: str | None, targets_file: Path | None, as_json: bool
) -> None:
    """List the targets in force: what each is bound to, where it is from, and for every tier the
    TFLOPS, the GB/s and the share of each roof of its GPU that it asks for.

    Operators bring their own; targets.yaml adds to these, or takes the place of those that are
    bound to the same. A tier that lies beyond a roof says so.

    \b
    Example:
      orchestrator targets
      orchestrator targets --operator attention
      orchestrator targets --targets ci/targets.yaml --json
    """
    from orchestrator.performance.targets.needs import needs
    from orchestrator.report.sections.against.tiers import bound, need
    from orchestrator.workflows import targets as workflow

    every = workflow.everything(target_options.read(session, targets_file))
    known = [one for one in every if operator in (None, one.case.operator)]
    if as_json:
        console.out_json(
            [
                {
                    **bound(one, workflow.unit(one)),
                    "needs": [need(each) for each in needs(one, workflow.facts_of(one))],
                }
                for one in known
            ]
        )
    else:
        for one in known:
            _show(one)
    if not known:
        of = f" for {operator}" if operator else ""
        console.note(f"there are no targets{of}; docs/targets.md tells how to write them")
    first = next((tier.name for one in known for tier in one.tiers), "")
    of_it = ("--operator", known[0].case.operator) if known else ()
    step = ("profile", *of_it, *(("--require", first.partition(":")[0]) if first else ()))
    console.next_step(what_next.command(*step))


def _show(one: Targets) -> None:
    from orchestrator.performance.targets.judging import criterion
    from orchestrator.performance.targets.needs import needs
    from orchestrator.report.sections.against.tiers import headline, rates
    from orchestrator.workflows import targets as workflow

    unit, facts = workflow.unit(one), workflow.facts_of(one)
    whom = f", judges {one.provider}" if one.provider else ""
    console.out(f"{headline(one, unit)}{whom}")
    for each in needs(one, facts):
        flop, gbs, shares = rates(each)
        told = f"{flop} TFLOPS, {gbs} GB/s, {shares}"
        if facts.work is None:
            told = "a run tells how much work it is"
        beyond = f"; lies {each.beyond}" if each.beyond else ""
        limit = criterion(each.tier, unit)
        console.out(f"  {each.tier.name:<32} {limit:<24} {told}{beyond}")
