"""The options by which a verb becomes a gate, the same on every one (docs/exit-codes.md)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from orchestrator.report.gates.gate import Policy

F = TypeVar("F", bound=Callable[..., Any])
_SHARE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*%")
# Whoever lets a time double wants no gate.
_MOST_PERCENT = 100.0


class Percent(click.ParamType["float"]):
    """`2%`, as 0.02. Without its sign it could be either."""

    name = "PERCENT"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        match = _SHARE.fullmatch(str(value).strip())
        percent = float(match[1]) if match else math.nan
        if not 0 < percent <= _MOST_PERCENT:
            self.fail(f"{value!r}: expected percent above 0 and up to 100, such as 2%", param, ctx)
        return percent / 100


def gate_options(function: F) -> F:
    """--fail-on-regression and how strict that is; each of them alone makes the verb a gate."""
    for add in (
        click.option(
            "--threshold",
            type=Percent(),
            metavar="PERCENT",
            help="Put up with a slowdown of so much, e.g. 2%: slower is only what lies beyond it "
            "with its whole interval, and green what lies before it.",
        ),
        click.option(
            "--allow-missing",
            is_flag=True,
            help="Put up with rows that are not there any more; else they are 6.",
        ),
        click.option(
            "--require-conclusive",
            is_flag=True,
            help="Exit with 6 if any row is INCONCLUSIVE; else with 6 only if all of a provider's "
            "are.",
        ),
        click.option(
            "--fail-on-regression",
            is_flag=True,
            help="Exit with 1 if anything is SLOWER or broke, with 6 if nothing was decided.",
        ),
    ):
        function = add(function)
    return function


def policy(given: dict[str, Any]) -> Policy | None:
    """What was asked of the gate, taken out of a verb's options; None if nothing was."""
    from orchestrator.report.gates.gate import Policy

    asked = given.pop("fail_on_regression", False)
    conclusive = given.pop("require_conclusive", False)
    missing, threshold = given.pop("allow_missing", False), given.pop("threshold", None)
    if not (asked or conclusive or missing or threshold):
        return None
    return Policy(threshold or 0.0, conclusive, missing)


def require_alone(gate: Policy | None) -> None:
    """UsageError for a gate over a folder of problems, whose outcome is a count of each kind."""
    if gate is not None:
        raise click.UsageError(
            "--fail-on-regression, --threshold, --require-conclusive and --allow-missing go with "
            "one problem, not with a folder of them"
        )
