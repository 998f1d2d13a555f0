"""compare: two stored runs side by side, offline."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli import gating, what_next
from orchestrator.cli.given import gate_options, options
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb, verbs

VERB = Verb("compare", "Set two runs side by side, offline.", 150)


@click.command()
@click.argument("before", metavar="RUN")
@click.argument("after", metavar="RUN")
@gate_options.gate_options
@options.json_option
@click.pass_obj
def compare(session: Session, /, before: str, after: str, as_json: bool, **given: Any) -> int:
    """Compare two runs: the first is before, the second after.

    Judged is each provider against its own run's baseline, by how much runs of one code differ as
    the other runs here tell. What the compiler said of the kernels and measured ceilings are
    compared too. A RUN is an id, a unique prefix, `latest` (that was to time something), `latest~1`
    (the one of them before it), `latest:bench`, `latest@h100~1`, a tag, a git revision or a path.
    Prints Markdown, whose first line says whether the runs may be compared. No network and no GPU
    are needed. A result that is not what came home is no evidence, and is refused.

    Without one of the options of a gate the exit code is 0, whatever was found. With one it is 0 if
    nothing is slower, 1 if something is slower or broke, 6 if nothing was decided or compared, or
    something is not there any more; stderr says which and why (docs/exit-codes.md).

    \b
    Example:
      orchestrator compare latest~1 latest
      orchestrator compare 20261122-1015 latest
      orchestrator compare 20261122-1015 latest --fail-on-regression
      orchestrator compare 20261122-1015 latest --threshold 2% --require-conclusive
      orchestrator compare 20261122-1015 latest --json
    """
    from orchestrator.workflows.publishing.compare import compare as workflow

    policy = gate_options.policy(given)
    found = workflow(session.runs, before, after, policy=policy, race=_race())
    if as_json:
        console.out_json(found.document)
    else:
        console.page(found.markdown.rstrip("\n"))
    report = what_next.command("report", found.after)
    if policy is not None:
        gating.require(found.ruling, broke=found.broke, hint=found.hint, look=report)
    console.next_step(report)
    return 0


def _race() -> str:
    """How two codes are compared in one run, as far as profile can do that."""
    from orchestrator.report.comparing.between import AGAINST, IN_ONE_RUN

    profile = next(verb for verb in verbs() if verb.name == "profile").command()
    known = any("--against" in param.opts for param in profile.params)
    return AGAINST if known else IN_ONE_RUN
