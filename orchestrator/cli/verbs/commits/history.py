"""history: a provider's figure from commit to commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.given import options
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.cli.verbs.runs.filters import When
from orchestrator.errors import RunError, UsageError

if TYPE_CHECKING:
    from orchestrator.report.history.series import Beside, Series
    from orchestrator.store.index.values import Asked, Figure

VERB = Verb("history", "Follow a provider from commit to commit, offline.", 158)

_METHODS = ("back_to_back", "cold", "graph")


@click.command()
@click.argument("provider", required=False)
@click.option("--operator", metavar="NAME", help="Those of this operator.")
@click.option(
    "--case",
    metavar="AXIS=VALUE,…",
    help="Cases with all of these: M=4096,N=1024, or words of a label: 'H=96 fp16'.",
)
@click.option("--heads", metavar="N", help="Attention: the same as --case H=N.")
@click.option(
    "--method",
    type=click.Choice(_METHODS),
    default="back_to_back",
    show_default=True,
    help="How times were taken.",
)
@click.option("--host", metavar="NAME", help="Runs on this host.")
@click.option("--branch", metavar="NAME", help="Runs made on this git branch.")
@click.option("--since", type=When(), help="Runs made then or later: 2026-11-22, or 90d.")
@click.option("--tag", metavar="NAME", help="Runs that have this tag.")
@click.option("--time", "by_time", is_flag=True, help="Times, also where a baseline ran beside.")
@click.option(
    "-o",
    "--out",
    "output",
    type=options.OUTPUT,
    help="Also draw it into this file, which is SVG.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, with a line of names.")
@options.json_option
@click.pass_obj
def history(session: Session, /, provider: str | None, **given: Any) -> int:
    """Follow a provider's figure over the commits that its runs were made at, and say where it
    stepped. Without PROVIDER everybody who was timed.

    A point is a commit: the median of its runs, with an interval by how runs differ. Told is the
    ratio to the baseline where one ran beside it, else the time. Each machine has a series of its
    own. A step is one that is there with 99 %, all series together; "no step found" comes with the
    smallest one that would have been. A run with uncommitted edits is shown, marked, and counts for
    no commit. Everything is in docs/history.md.

    \b
    Example:
      orchestrator history mine
      orchestrator history sparsek --heads 96 --host h100 --since 90d -o history.svg
      orchestrator history mine --case M=4096,N=1024 --csv
    """
    from orchestrator.report.history import next_step, series, wording
    from orchestrator.store.index import quick

    if given["as_json"] and given["as_csv"]:
        raise click.UsageError("--json and --csv are two forms; choose one")
    output = given["output"]
    _require_svg(session, output)
    asked = _asked(provider, given)
    found = list(session.index.figures(asked))
    every = series.series_of(found, _baseline(session, asked), given["by_time"])
    if not every:
        raise _nothing(session, provider)
    if output is not None:
        _require_one_axis(every)
    if given["as_json"] or given["as_csv"]:
        from orchestrator.report.history import document

        if given["as_csv"]:
            console.page(document.table(every))
        else:  # masked already, as cards and index are
            console.out_json(document.document(every), private=True)
    else:
        console.page("\n".join(wording.lines(every)))
    if output is not None:
        _draw(output, every)
    step = next_step.latest_step(every)
    if step is None:
        console.next_step("orchestrator runs list")
    else:
        console.next_step(
            next_step.bisect(*step, lambda run: quick.card(session.runs_folder / run))
        )
    return 0


def _asked(provider: str | None, given: dict[str, Any]) -> Asked:
    from orchestrator.store.index.values import Asked

    case = (given["case"] or "").replace(",", " ")
    if given["heads"]:
        case = f"{case} H={given['heads']}".strip()
    return Asked(
        provider=provider or "",
        case=case,
        operator=given["operator"] or "",
        method=given["method"],
        host=given["host"] or "",
        branch=given["branch"] or "",
        tag=given["tag"] or "",
        since=given["since"] or "",
    )


def _baseline(session: Session, asked: Asked) -> Beside:
    """The times of baselines, read when the first one is asked for: only runs against a revision
    do not tell the ratio themselves."""
    from dataclasses import replace

    read: list[dict[tuple[str, str, str, str], float]] = []

    def beside(one: Figure, baseline: str) -> float | None:
        if not read:
            everybody = session.index.figures(replace(asked, provider=""))
            read.append(
                {
                    (each.run, each.row.case, each.row.method, each.row.provider): (
                        each.row.median_us
                    )
                    for each in everybody
                    if not each.row.refuted
                }
            )
        return read[0].get((one.run, one.row.case, one.row.method, baseline))

    return beside


def _nothing(session: Session, provider: str | None) -> RunError:
    whom = f" {provider!r}" if provider else ""
    return RunError(
        f"no run under {session.runs_folder} that timed{whom} fits what was asked for",
        hint="See which there are: orchestrator runs list",
    )


def _require_svg(session: Session, output: Path | None) -> None:
    if output is None:
        return
    if output.suffix and output.suffix.lower() != ".svg":
        raise click.BadParameter(
            f"{output.name}: SVG is what is drawn; expected a name that ends with .svg",
            param_hint="'-o' / '--out'",
        )
    options.refuse_to_overwrite(output, session.runs_folder)


def _require_one_axis(every: list[Series]) -> None:
    figures = sorted({one.what for one in every})
    if len(figures) > 1:
        raise UsageError(
            f"-o: figures of {len(figures)} kinds have no axis in common: {', '.join(figures)}",
            hint="Ask for less, with PROVIDER or --case, or give --time.",
        )


def _draw(output: Path, every: list[Series]) -> None:
    from orchestrator.report.charts.history import history as chart
    from remote_payload.contract import codec

    told = chart(every)
    if not told.is_drawn:
        raise UsageError(f"no chart: {told.reason}", hint="Leave -o out, or ask for more.")
    codec.write_atomic(output, told.svg)
    console.note(f"drawn: {output}")
