"""The options that ask for ceilings, shared by `ceilings` and `profile`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from orchestrator.cli.given.options import limit_option
from remote_payload.contract.plans import CeilingsPlan
from remote_payload.contract.words import Stage

F = TypeVar("F", bound=Callable[..., Any])


def cutlass_options(function: F) -> F:
    """--cutlass and where the profiler is or comes from."""
    for option in (
        limit_option("cutlass", "For building and running the CUTLASS profiler", "900"),
        click.option(
            "--cutlass-source",
            metavar="PATH",
            help="A CUTLASS checkout on the host to build the profiler from; implies --cutlass.",
        ),
        click.option(
            "--cutlass-profiler",
            metavar="PATH",
            help="The profiler on the host; implies --cutlass. Default: looked for there.",
        ),
        click.option(
            "--cutlass",
            is_flag=True,
            help="Also run the CUTLASS profiler's GEMM, 4096 x 4096 x 4096 in FP16 and FP8.",
        ),
    ):
        function = option(function)
    return function


def ceilings_option(function: F) -> F:
    """--ceilings"""
    return click.option(
        "--ceilings",
        is_flag=True,
        help="Also measure copy, GEMM and exp rates, to stand beside what is timed.",
    )(function)


def stages_asked(given: dict[str, Any]) -> tuple[Stage, ...]:
    """The stage ceilings, if an option asks for it; its plan is then in `given`."""
    flag = given["ceilings"]
    given["ceilings"] = ceilings_plan(given)
    return (Stage.CEILINGS,) if flag or given["ceilings"].cutlass else ()


def ceilings_plan(given: dict[str, Any], required: bool = False) -> CeilingsPlan:
    """Take this file's options out of `given` and make the plan of them."""
    flag = given.pop("cutlass")
    profiler, source = given.pop("cutlass_profiler") or "", given.pop("cutlass_source") or ""
    limit_s = given.pop("cutlass_limit_s")
    if profiler and source:
        raise click.UsageError("--cutlass-profiler and --cutlass-source contradict each other")
    cutlass = flag or bool(profiler or source)
    if limit_s is not None and not cutlass:
        raise click.UsageError("--cutlass-limit goes with --cutlass")
    return CeilingsPlan(
        cutlass=cutlass,
        cutlass_profiler=profiler,
        cutlass_source=source,
        cutlass_limit_s=limit_s or CeilingsPlan.cutlass_limit_s,
        required=required,
    )
