"""check, bench, ncu and profile: one path, more or fewer stages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import case_options, ceiling_options, options, paid, what_next
from orchestrator.cli.quantities import Duration, Whole
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.errors import ExitCode
from orchestrator.values.run import Run
from orchestrator.workflows.plan import Wish
from remote_payload.contract import codec
from remote_payload.contract.words import Device, Stage, Status

if TYPE_CHECKING:
    from orchestrator.report.render import Report
    from orchestrator.values.host import Host
    from orchestrator.workflows.budget import Budget
    from orchestrator.workflows.profile import DryStep
    from orchestrator.workflows.publishing.publish import Published


@dataclass(frozen=True)
class How:
    """The options that say how a run goes, not what it runs."""

    verb: str
    host: str | None
    accept_new_host_key: bool
    dry_run: bool
    as_json: bool
    stop_after: bool
    max_minutes: float | None

    @property
    def budget(self) -> Budget:
        return paid.budget_of(self.stop_after, self.max_minutes)


_HOW = tuple(field.name for field in fields(How) if field.name != "verb")


def _measure_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for add in (
        options.json_option,
        options.dry_run_option,
        paid.budget_options,
        options.time_limit_option,
        options.limit_option("case", "For one provider on one case in the check", "120", 0.1),
        options.device_option,
        options.arch_option,
        options.nvcc_flag_option,
        options.provider_options,
        case_options.case_options,
        options.host_options,
    ):
        function = add(function)
    return function


_rounds_option = click.option(
    "--rounds",
    type=Whole(6),
    help="Samples per provider and case; more rounds, narrower intervals. Default: 20.",
)

_budget_option = click.option(
    "--bench-budget",
    "bench_budget_s",
    type=Duration(1.0),
    metavar="SECONDS",
    help="For all timings together; rounds, calls and warm-ups are cut to keep it, and that is "
    "told. Default: CPU 30, GPU none.",
)

_peers_option = click.option(
    "--peers",
    is_flag=True,
    help="Time the packages of others too, as far as the host has them; of attention: fa3, fa4, "
    "flashinfer, triton.",
)


@click.command()
@_measure_options
@click.pass_obj
def check(session: Session, /, **given: Any) -> int:
    """Compare providers with the operator's own reference, in fp64.

    How far off an output may be follows from its dtype and the length of its sums
    (docs/tolerances.md); for attention in fp16, rtol 1e-3, atol 2e-3 on top.

    \b
    Example:
      orchestrator check --host local --heads 8
      orchestrator check --operator rmsnorm --case T=1..4096x8,D=4096 --dtype fp16,bf16
      orchestrator check --provider mine=kernels/mine.py:attention
      orchestrator check --operator examples/softmax.py --case M=64,N=512..4096x2
    """
    return run_stages(session, "check", (Stage.BUILD, Stage.CHECK), given)


@click.command()
@_peers_option
@_rounds_option
@_budget_option
@_measure_options
@click.pass_obj
def bench(session: Session, /, **given: Any) -> int:
    """Check, then time providers side by side; nothing is timed that is not right.

    \b
    Example:
      orchestrator bench --host h100 --heads 8,96 --providers sdpa,sparsek
      orchestrator bench --host h100 --peers
      orchestrator bench --host h100 --operator gemm_bias --case M=4096,activation=gelu,silu
    """
    return run_stages(session, "bench", (Stage.BUILD, Stage.CHECK, Stage.BENCH), given)


@click.command()
@click.option("--full", is_flag=True, help="Collect three times as much; takes as much longer.")
@options.limit_option("ncu", "For one profiled call", "300")
@_measure_options
@click.pass_obj
def ncu(session: Session, /, **given: Any) -> int:
    """Check, then read hardware counters of one call of each provider with Nsight Compute.

    The host needs ncu and the right to read counters, which rented containers rarely have. No
    time is taken. Heads of attention left open mean 96.

    \b
    Example:
      orchestrator ncu --host h100 --providers sdpa,sparsek
      orchestrator ncu --host h100 --heads 96 --full
    """
    given.update(narrow=True, ncu_required=True)
    return run_stages(session, "ncu", (Stage.BUILD, Stage.CHECK, Stage.NCU), given)


@click.command()
@click.option(
    "--ncu/--no-ncu",
    "counters",
    default=None,
    help="Insist on hardware counters, or leave them out. Default: where the host gives them.",
)
@click.option(
    "--ncu-host",
    metavar="NAME",
    help="Take the counters on this host instead; it needs the same model of GPU.",
)
@click.option(
    "--prove",
    is_flag=True,
    help="Also let the hardware confirm our attention kernel, and compute-sanitizer watch.",
)
@options.proof_limit_option
@ceiling_options.ceilings_option
@ceiling_options.cutlass_options
@_peers_option
@_rounds_option
@_budget_option
@_measure_options
@click.pass_obj
def profile(session: Session, /, counters: bool | None, prove: bool, **given: Any) -> int:
    """Build, check, bench, read counters and report. What passes its check is timed; a run in
    which a gate failed fails at its end.

    \b
    Example:
      orchestrator profile --host local
      orchestrator profile --host h100 --heads 96
      orchestrator profile --host h100 --operator rmsnorm
    """
    timed = (Stage.BUILD, Stage.CHECK, Stage.BENCH, Stage.TRACE)
    stages = (*timed, *((Stage.PROVE,) if prove else ()))
    if counters is False and given["ncu_host"]:
        raise click.UsageError("--no-ncu and --ncu-host contradict each other")
    if given["proof_limit_s"] is not None and not prove:
        raise click.UsageError("--proof-limit goes with --prove")
    stages = (*stages, *ceiling_options.stages_asked(given))
    stages_asked = stages if counters is False else (*stages, Stage.NCU)
    given["ncu_required"] = bool(counters)
    return run_stages(session, "profile", stages_asked, given)


def run_stages(
    session: Session, verb: str, stages: tuple[Stage, ...], given: dict[str, Any]
) -> int:
    """Make one run of `stages` with a verb's options, print what it came to; the exit code."""
    from orchestrator.cli.verbs.borrow import borrow
    from orchestrator.workflows import profile as workflow
    from orchestrator.workflows.borrow import split
    from orchestrator.workflows.plan import plan

    name = given.pop("ncu_host", None)
    lender = session.host(name) if name else None
    how = How(verb, **{name: given.pop(name) for name in _HOW})
    host = session.host(how.host)
    how.budget.check(host, *((lender,) if lender else ()))
    planned = plan(_wish(stages, given, session.here), session.here)
    limited = how.budget.limited(planned.request)
    if limited.time_limit_s < planned.request.time_limit_s:
        console.note(
            f"--max-minutes leaves the run {limited.time_limit_s:g} s of its "
            f"{planned.request.time_limit_s:g} s, so that results can come home; a larger one "
            "leaves more"
        )
    planned = replace(planned, request=limited)
    order = workflow.Order(session.root, verb, session.typed, planned)
    order, there = split(order) if lender else (order, order)
    if how.dry_run:
        steps = (*_watchdog(how, host), *workflow.dry_run(order, host))
        steps += workflow.dry_run(there, lender) if lender else ()
        return console.dry_run(steps, how.as_json, session.debug)
    with (
        session.transport(host, how.accept_new_host_key) as transport,
        paid.paid(session, how.budget, transport, planned.request.time_limit_s) as runs,
        console.progress() as progress,
    ):
        made = workflow.profile(order, transport, runs, progress, show_log=session.debug)
    run, published = paid.priced(session, session.runs.folder(made.card.run_id))
    if lender is None or run.result is None or run.result.status is not Status.OK:
        return show(run, published, how.as_json)
    lent, published = borrow(session, lender, how.accept_new_host_key, there, run)
    return show(run, published, how.as_json, lent)


def _watchdog(how: How, host: Host) -> tuple[DryStep, ...]:
    """The step of a dry run that arms the pod's watchdog, if it is to be armed."""
    from orchestrator.cloud.watchdog import watchdog_agent
    from orchestrator.workflows.profile import DryStep

    if not how.budget.guards:
        return ()
    what = "arm, and in the end call off, the pod's watchdog"
    return (DryStep(host.name, what, watchdog_agent(host)),)


def show(
    run: Run,
    published: Published,
    as_json: bool,
    lent: Run | None = None,
    host: str | None = None,
) -> int:
    """Print what a run came to, and turn it into the exit code. lent: the run that it borrowed its
    counters from. host: as in `what_next.after`."""
    report, path = published.report, str(published.path)
    if as_json:
        result = codec.encode(run.result) if run.result else None
        facts = {"run": run.card.run_id, "report": path, "verdict": report.verdict}
        more = {"undecided": report.undecided, "targets": report.targets, "result": result}
        console.out_json({**facts, **more}, as_is=("run", "report"))
    else:
        console.out(report.verdict)
        console.out(path)
    code = exit_code(run, report.ok, report.undecided)
    step = what_next.after(run, host)
    if code is ExitCode.UNDECIDED:
        step = what_next.command("doctor", host or run.card.host)
    if code is ExitCode.OK and lent is not None:
        code, step = _borrowed(lent, report), what_next.after(lent)
    console.next_step(step)
    return code


def exit_code(run: Run, ok: bool, undecided: str = "") -> ExitCode:
    """0 for a run whose every gate passed; 4 where the host lacked something; 6 where nothing was
    decided; else 1."""
    if run.result is not None and run.result.unfit:
        console.error(run.result.reason, "")
        return ExitCode.UNFIT
    if run.result is None or run.result.status is not Status.OK or not ok:
        return ExitCode.GATE_FAILED
    if undecided:
        console.error(f"nothing decided: {undecided}", "")
        return ExitCode.UNDECIDED
    return ExitCode.OK


def _borrowed(lent: Run, report: Report) -> ExitCode:
    """Counters of another host are asked for by name: without them the command has failed."""
    if lent.result is not None and lent.result.unfit:
        console.error(lent.result.reason, "")
        return ExitCode.UNFIT
    if not report.counted:
        console.error(f"no counters from {lent.card.host}: {report.counters}", "")
        return ExitCode.GATE_FAILED
    return ExitCode.OK


def _wish(stages: tuple[Stage, ...], given: dict[str, Any], here: Path) -> Wish:
    if "operator" in given:
        from orchestrator.workflows.operator_choice import choose

        named = (*(given["providers"] or ()), *given["without"])
        choice = choose(given["operator"], here, named)
        given["sweeps"] = case_options.asked(given, choice)
        given.update(operator=choice.name, own=choice.own, entries=choice.providers)
    given["device"] = Device(given["device"])
    given["arch"] = given["arch"] or ()
    return Wish(stages=stages, **given)
