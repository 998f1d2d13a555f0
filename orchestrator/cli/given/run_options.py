"""The options of every verb that makes a run of cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from orchestrator.cli import paid
from orchestrator.cli.given import case_options, options, problem_options
from orchestrator.cli.given.quantities import Duration, Whole


def measure_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What is computed, by whom, where, and for how long."""
    for add in (
        options.json_option,
        options.dry_run_option,
        paid.budget_options,
        options.time_limit_option,
        options.limit_option("compile", "For what one provider compiles, apart from that", "600"),
        options.limit_option("case", "For one provider on one case in the check", "120", 0.1),
        options.device_option,
        options.arch_option,
        options.nvcc_flag_option,
        options.provider_options,
        problem_options.problem_options,
        case_options.case_options,
        options.host_options,
    ):
        function = add(function)
    return function


rounds_option = click.option(
    "--rounds",
    type=Whole(6),
    help="Samples per provider and case; more rounds, narrower intervals. Default: 20.",
)

budget_option = click.option(
    "--bench-budget",
    "bench_budget_s",
    type=Duration(1.0),
    metavar="SECONDS",
    help="For all timings together; rounds, calls and warm-ups are cut to keep it, and that is "
    "told. Default: CPU 30, GPU none.",
)

peers_option = click.option(
    "--peers",
    is_flag=True,
    help="Time the packages of others too, as far as the host has them; of attention: fa3, fa4, "
    "flashinfer, triton.",
)
