"""orchestrator prove: what the hardware has to confirm."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli import paid
from orchestrator.cli.given import options
from orchestrator.cli.given.tags import tag_option
from orchestrator.cli.running import run_stages
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from remote_payload.contract.words import PROOFS, Stage

VERB = Verb("prove", "Let the hardware confirm what the emulator claims.", 70)


@click.command()
@click.option(
    "--only",
    "proofs",
    type=options.Names("proof", lambda: PROOFS),
    default=(),
    help=f"Some of: {', '.join(PROOFS)}.",
)
@options.proof_limit_option
@options.time_limit_option
@options.device_option
@options.arch_option
@paid.budget_options
@tag_option
@options.dry_run_option
@options.json_option
@options.host_options
@click.pass_obj
def prove(session: Session, /, **given: Any) -> int:
    """Let the hardware confirm what the emulator claims of our attention kernel.

    conformance: GPU and emulator answer the same questions. adversarial: inputs chosen to break
    the kernel. memcheck, racecheck: compute-sanitizer. What a host cannot prove is skipped, with
    the reason.

    \b
    Example:
      orchestrator prove --host h100
      orchestrator prove --host h100 --only conformance,memcheck
    """
    return run_stages(session, "prove", (Stage.BUILD, Stage.PROVE), given)
