"""ncu: hardware counters of one call."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.given import options, run_options
from orchestrator.cli.running import run_stages
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from remote_payload.contract.words import Stage

VERB = Verb("ncu", "Check, then read hardware counters.", 60)


@click.command()
@click.option("--full", is_flag=True, help="Collect three times as much; takes as much longer.")
@options.limit_option("ncu", "For one profiled call", "300")
@run_options.measure_options
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
