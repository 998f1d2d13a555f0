"""check: providers against the reference."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.given import run_options
from orchestrator.cli.running import run_stages
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from remote_payload.contract.words import Stage

VERB = Verb("check", "Compare providers with an fp64 reference.", 40)


@click.command()
@run_options.yardstick_options
@run_options.measure_options
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
