"""bench: providers side by side."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.given import gate_options, run_options, target_options
from orchestrator.cli.running import run_stages
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from remote_payload.contract.words import Stage

VERB = Verb("bench", "Check, then time providers side by side.", 50)


@click.command()
@run_options.peers_option
@run_options.rounds_option
@run_options.budget_option
@target_options.aim_options
@gate_options.gate_options
@run_options.yardstick_options
@run_options.measure_options
@click.pass_obj
def bench(session: Session, /, **given: Any) -> int:
    """Check, then time providers side by side; nothing is timed that is not right. With --require
    a tier of the targets decides the exit code: 0 met, 1 missed, 6 open.

    With --fail-on-regression, or another option of a gate, the exit code is 1 if one of yours or
    ours is SLOWER than the baseline, 6 if nothing was decided (docs/exit-codes.md).

    \b
    Example:
      orchestrator bench --host h100 --heads 8,96 --providers sdpa,sparsek
      orchestrator bench --host h100 --peers
      orchestrator bench --host h100 --heads 96 --require "Tier 1"
      orchestrator bench --operator op.py --provider mine=mine.py:f --against HEAD~1
      orchestrator bench --host h100 --operator gemm_bias --case M=4096,activation=gelu,silu
    """
    return run_stages(session, "bench", (Stage.BUILD, Stage.CHECK, Stage.BENCH), given)
