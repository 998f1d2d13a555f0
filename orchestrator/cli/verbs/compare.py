"""compare: two stored runs side by side, offline."""

from __future__ import annotations

import click

from orchestrator.cli import what_next
from orchestrator.cli.given import options
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.errors import GateFailed, NothingDecided

VERB = Verb("compare", "Set two runs side by side, offline.", 150)


@click.command()
@click.argument("before", metavar="RUN")
@click.argument("after", metavar="RUN")
@click.option(
    "--fail-on-regression",
    is_flag=True,
    help="Exit with 1 if anything is SLOWER in the second run, or broke there; with 6 if nothing "
    "did but not everything could be decided.",
)
@options.json_option
@click.pass_obj
def compare(
    session: Session, before: str, after: str, fail_on_regression: bool, as_json: bool
) -> int:
    """Compare the timings of two runs: the first is before, the second after.

    A RUN is an id, a unique prefix, `latest` (that was to time something), `latest~1` (the one of
    them before it), `latest:bench`, `latest:bench~1` or a path. Prints Markdown, whose first line
    says whether machine, driver, clocks and cases were the same. No network and no GPU are needed.
    A result that is not what came home is no evidence, and is refused.

    With --fail-on-regression the exit code is 0 only if everything that the first run timed was
    timed again, on the same model of device, and is known not to be slower. 1: something is slower
    or broke. 6: nothing of that, but a case is missing, skipped or inconclusive, and stderr says
    which and why.

    \b
    Example:
      orchestrator compare latest~1 latest
      orchestrator compare 20261122-1015 latest
      orchestrator compare 20261122-1015 latest --fail-on-regression
      orchestrator compare 20261122-1015 latest --json
    """
    from orchestrator.workflows.publishing.compare import compare as workflow

    compared = workflow(session.runs, before, after, as_gate=fail_on_regression)
    if as_json:
        console.out_json(compared.document)
    else:
        console.page(compared.markdown.rstrip("\n"))
    report = what_next.command("report", compared.after)
    if fail_on_regression and compared.regressions:
        raise GateFailed(f"{compared.regressions} of the cases got slower or broke", hint=report)
    if fail_on_regression and compared.undecided:
        raise NothingDecided(compared.undecided, hint=compared.hint)
    console.next_step(report)
    return 0
