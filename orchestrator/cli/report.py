"""report: render a stored run again, offline."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli import console, options
from orchestrator.cli.session import Session


@click.command()
@click.argument("run", default="latest")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write here, charts beside it. Default: report.md in the run's folder.",
)
@options.json_option
@click.pass_obj
def report(session: Session, run: str, output: Path | None, as_json: bool) -> int:
    """Render the report of RUN (an id, a unique prefix, `latest` or a path).

    No network and no GPU are needed, and the same run gives the same bytes.

    \b
    Example:
      orchestrator report latest
      orchestrator report 20261122-1015 -o h100.md
    """
    from orchestrator.workflows.publish import publish

    folder = session.runs.resolve(run)
    stored = session.runs.load(folder)
    published = publish(stored, folder, output)
    if as_json:
        console.out_json(
            {
                "run": stored.card.run_id,
                "verdict": published.report.verdict,
                "ok": published.report.ok,
                "report": str(published.path),
            }
        )
    else:
        console.out(published.report.verdict)
        console.out(str(published.path))
    console.next_step(f"orchestrator runs show {stored.card.run_id}")
    return 0
