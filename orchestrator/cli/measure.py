"""check, bench and profile: one path, more or fewer stages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import console, options
from orchestrator.cli.session import Session, command_line
from orchestrator.errors import ExitCode
from orchestrator.model.run import Run
from orchestrator.workflows.plan import Wish
from remote_payload import codec
from remote_payload.contract import Device, DType, Stage, Status

if TYPE_CHECKING:
    from orchestrator.workflows.publish import Published


@dataclass(frozen=True)
class How:
    """The options that say how a run goes, not what it runs."""

    verb: str
    host: str | None
    accept_new_host_key: bool
    dry_run: bool
    as_json: bool


def _limit_options(function: Callable[..., Any]) -> Callable[..., Any]:
    function = click.option(
        "--time-limit",
        "time_limit_s",
        type=click.FloatRange(min=1),
        metavar="SECONDS",
        help="For the whole run, enforced on the host. Default: 1800.",
    )(function)
    function = click.option(
        "--case-limit",
        "case_limit_s",
        type=click.FloatRange(min=0.1),
        metavar="SECONDS",
        help="For one provider on one shape in the check. Default: 120.",
    )(function)
    return click.option(
        "--device",
        type=click.Choice([device.value for device in Device]),
        default=Device.AUTO.value,
        help="Where kernels run; auto takes the GPU if there is one.",
    )(function)


def _measure_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for add in (
        options.json_option,
        options.dry_run_option,
        _limit_options,
        options.arch_option,
        options.provider_options,
        options.shape_options,
        options.host_options,
    ):
        function = add(function)
    return function


_rounds_option = click.option(
    "--rounds",
    type=click.IntRange(min=6),
    help="Samples per provider and shape; more rounds, narrower intervals. Default: 20.",
)


@click.command()
@_measure_options
@click.pass_obj
def check(session: Session, /, **given: Any) -> int:
    """Compare providers with an fp64 reference (rtol 1e-3, atol 2e-3).

    \b
    Example:
      orchestrator check --host local --heads 8
      orchestrator check --provider mine=kernels/mine.py:attention
    """
    return _measure(session, "check", (Stage.BUILD, Stage.CHECK), given)


@click.command()
@_rounds_option
@_measure_options
@click.pass_obj
def bench(session: Session, /, **given: Any) -> int:
    """Check, then time providers side by side; nothing is timed that is not right.

    \b
    Example:
      orchestrator bench --host h100 --heads 8,96 --providers sdpa,sparsek
    """
    return _measure(session, "bench", (Stage.BUILD, Stage.CHECK, Stage.BENCH), given)


@click.command()
@_rounds_option
@_measure_options
@click.pass_obj
def profile(session: Session, /, **given: Any) -> int:
    """Build, check, bench and report; stops at the first gate that fails.

    \b
    Example:
      orchestrator profile --host local
      orchestrator profile --host h100 --heads 96
    """
    return _measure(session, "profile", (Stage.BUILD, Stage.CHECK, Stage.BENCH), given)


def _measure(session: Session, verb: str, stages: tuple[Stage, ...], given: dict[str, Any]) -> int:
    from orchestrator.workflows import profile as workflow
    from orchestrator.workflows.plan import plan

    how = How(verb, *(given.pop(k) for k in ("host", "accept_new_host_key", "dry_run", "as_json")))
    host = session.host(how.host)
    wish = _wish(stages, given)
    order = workflow.Order(session.root, verb, command_line(), plan(wish, Path.cwd()))
    if how.dry_run:
        return console.dry_run(workflow.dry_run(order, host), how.as_json)
    with (
        console.progress() as progress,
        session.transport(host, how.accept_new_host_key) as transport,
    ):
        run, published = workflow.profile(
            order, transport, session.runs, progress, show_log=session.debug
        )
    return show(run, published, how.as_json)


def show(run: Run, published: Published, as_json: bool) -> int:
    """Print what a run came to, and turn it into the exit code."""
    verdict, path = published.report.verdict, str(published.path)
    if as_json:
        result = codec.encode(run.result) if run.result else None
        facts = {"run": run.card.run_id, "verdict": verdict, "report": path, "result": result}
        console.out_json(facts)
    else:
        console.out(verdict)
        console.out(path)
    console.next_step(f"orchestrator report {run.card.run_id}")
    return exit_code(run, published.report.ok)


def exit_code(run: Run, ok: bool) -> ExitCode:
    """0 for a run whose every gate passed; 4 where the host lacked something; else 1."""
    if run.result is not None and run.result.unfit:
        console.error(run.result.reason, "")
        return ExitCode.UNFIT
    if run.result is None or run.result.status is not Status.OK or not ok:
        return ExitCode.GATE_FAILED
    return ExitCode.OK


def _wish(stages: tuple[Stage, ...], given: dict[str, Any]) -> Wish:
    given["dtype"] = DType(given["dtype"])
    given["device"] = Device(given["device"])
    given["arch"] = given["arch"] or ()
    return Wish(stages=stages, **given)
