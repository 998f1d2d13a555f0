"""profile: all of it in one go."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.given import gate_options, options, run_options, target_options
from orchestrator.cli.running import run_stages
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.cli.verbs.measure import ceiling_options
from remote_payload.contract.words import Stage

VERB = Verb("profile", "Build, check, bench and report, in one go.", 90)


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
@run_options.peers_option
@run_options.rounds_option
@run_options.budget_option
@target_options.aim_options
@gate_options.gate_options
@run_options.yardstick_options
@run_options.measure_options
@click.pass_obj
def profile(session: Session, /, counters: bool | None, prove: bool, **given: Any) -> int:
    """Build, check, bench, read counters and report. What passes its check is timed; a run in
    which a gate failed fails at its end. With --require a tier of the targets decides the exit
    code of a run that went well: 0 met, 1 missed, 6 open.

    With --fail-on-regression, or another option of a gate, the exit code is 1 if one of yours or
    ours is SLOWER than the baseline, 6 if nothing was decided (docs/exit-codes.md).

    \b
    Example:
      orchestrator profile --host local
      orchestrator profile --host h100 --heads 96 --require "Tier 1"
      orchestrator profile --host h100 --operator rmsnorm
      orchestrator profile --host h100 --against HEAD~1 --fail-on-regression
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
