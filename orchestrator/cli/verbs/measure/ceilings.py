"""orchestrator ceilings: what a machine gives to well-known programs."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli import paid
from orchestrator.cli.given import options
from orchestrator.cli.given.tags import tag_option
from orchestrator.cli.running import run_stages
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.cli.verbs.measure import ceiling_options
from remote_payload.contract.words import Stage

VERB = Verb("ceilings", "Measure what a machine gives: copy, GEMM, exp.", 80)


@click.command()
@options.device_option
@options.limit_option(
    "time", "For the whole run, enforced on the host", "1800, and CUTLASS's own limit"
)
@ceiling_options.cutlass_options
@paid.budget_options
@tag_option
@options.dry_run_option
@options.json_option
@options.host_options
@click.pass_obj
def ceilings(session: Session, /, **given: Any) -> int:
    """Measure copy bandwidth, GEMM rates and the exp rate of a machine.

    These are the practical ceilings: the best that a well-known program gets out of it. With
    --cutlass also what the CUTLASS profiler says. Paths are on the host. Without a GPU, the copy
    and one GEMM of the CPU.

    \b
    Example:
      orchestrator ceilings --host h100
      orchestrator ceilings --host h100 --cutlass-source /workspace/cutlass
    """
    given["ceilings"] = ceiling_options.ceilings_plan(given, required=True)
    given.update(arch=())
    return run_stages(session, "ceilings", (Stage.CEILINGS,), given)
