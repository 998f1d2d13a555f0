"""compare: two stored runs side by side, offline."""

from __future__ import annotations

import click

from orchestrator.cli import console, options
from orchestrator.cli.session import Session
from orchestrator.errors import ExitCode


@click.command()
@click.argument("before", metavar="RUN")
@click.argument("after", metavar="RUN")
@click.option(
    "--fail-on-regression",
    is_flag=True,
    help="Exit with 1 if anything is SLOWER in the second run, or broke there.",
)
@options.json_option
@click.pass_obj
def compare(
    session: Session, before: str, after: str, fail_on_regression: bool, as_json: bool
) -> int:
    """Compare the timings of two runs: the first is before, the second after.

    A RUN is an id, a unique prefix, `latest` or a path. Prints Markdown, whose first line says
    whether machine, driver, clocks and shapes were the same. No network and no GPU are needed.

    \b
    Example:
      orchestrator compare 20261122-1015 latest
      orchestrator compare 20261122-1015 latest --fail-on-regression
      orchestrator compare 20261122-1015 latest --json
    """
    from orchestrator.workflows.compare import compare as workflow

    compared = workflow(session.runs, before, after)
    if as_json:
        console.out_json(compared.document)
    else:
        console.out(compared.markdown.rstrip("\n"))
    failed = fail_on_regression and compared.regressions > 0
    return ExitCode.GATE_FAILED if failed else ExitCode.OK
