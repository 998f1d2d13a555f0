"""The options of every verb that makes a run of cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from orchestrator.cli import paid
from orchestrator.cli.given import case_options, options, problem_options
from orchestrator.cli.given.quantities import Length, Percent, Whole
from orchestrator.cli.given.tags import tag_option

MOST_STARTS = 1024


def measure_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What is computed, by whom, where, and for how long."""
    return _with(_BEFORE, paid.budget_options, *_AFTER)(function)


def watch_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, for what has no end of its own, so that no budget is about it."""
    return _with(_BEFORE, *_AFTER)(function)


def _with(before: tuple[Add, ...], *after: Add) -> Add:
    def added(function: Callable[..., Any]) -> Callable[..., Any]:
        for add in (*before, *after):
            function = add(function)
        return function

    return added


Add = Callable[[Callable[..., Any]], Callable[..., Any]]
_BEFORE: tuple[Add, ...] = (options.json_option, options.dry_run_option)
_AFTER: tuple[Add, ...] = (
    options.time_limit_option,
    options.limit_option("compile", "For what one provider compiles, apart from that", "600"),
    options.limit_option("case", "For one provider on one case in the check", "120", 0.1),
    options.device_option,
    options.arch_option,
    options.nvcc_flag_option,
    options.provider_options,
    problem_options.problem_options,
    case_options.case_options,
    tag_option,
    options.host_options,
)


rounds_option = click.option(
    "--rounds",
    type=Whole(1),
    help="Rounds per start of the providers' processes, each of which is condensed to one median. "
    "Default: 3.",
)


def budget_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """How long is timed: until every verdict is known, or this precise, or this much was spent."""
    for add in (
        click.option(
            "--precision",
            type=Percent(0.1, 20),
            help="Stop where intervals of speed-ups are ± this wide. Default: 1%.",
        ),
        click.option(
            "--starts",
            type=Whole(1, MOST_STARTS),
            help="At most so many starts of each provider's process; after 8, 16, 32, ... of them "
            "it is looked whether all is decided. Default: 64.",
        ),
        click.option(
            "--budget",
            "--bench-budget",
            "bench_budget_s",
            type=Length(1.0),
            metavar="TIME",
            help="For all timings together, such as 90, 90s or 5m; starts, rounds, calls and "
            "warm-ups are cut to keep it, and that is told. Default: CPU 30s, GPU none.",
        ),
    ):
        function = add(function)
    return function


baseline_option = click.option(
    "--baseline",
    metavar="NAME",
    help="Compare with this provider of the run, also one of your own, instead of the operator's "
    "baseline.",
)
against_option = click.option(
    "--against",
    metavar="REV",
    help="Run your own providers and our kernel at this git revision too, such as HEAD~1, beside "
    "those of now, and judge each against itself.",
)


def yardstick_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Whom verdicts compare with."""
    return baseline_option(against_option(function))


peers_option = click.option(
    "--peers",
    is_flag=True,
    help="Time the packages of others too, as far as the host has them; of attention: fa3, fa4, "
    "flashinfer, triton.",
)
