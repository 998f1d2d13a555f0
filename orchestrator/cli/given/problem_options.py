"""What goes with problems of other people's formats, alone or many of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.given.quantities import Whole

if TYPE_CHECKING:
    from orchestrator.workflows.own import Beside, Own
    from orchestrator.workflows.sweep.found import Filter

F = TypeVar("F", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, dir_okay=False)
_BESIDE = ("workloads", "rules", "solutions", "submissions")
_LEVELS = 4  # of KernelBench
_SWEEP = ("only", "op_types", "levels", "resume")


def problem_options(function: F) -> F:
    """--submission, --solution, --workloads, --rules, --yes; and of many problems --only,
    --op-type, --level, --resume."""
    for option in (
        click.option(
            "--yes",
            "trusted",
            is_flag=True,
            help="Run a stranger's problem, which is a stranger's code, on this machine without "
            "asking.",
        ),
        click.option(
            "--resume",
            is_flag=True,
            help="Of a folder of problems: only those that the same command has not run yet.",
        ),
        click.option(
            "--level",
            "levels",
            type=Whole(1, _LEVELS),
            multiple=True,
            help="KernelBench: 1, 2 or 3. Repeatable.",
        ),
        click.option(
            "--op-type", "op_types", multiple=True, help="FlashInfer Trace: gemm, … Repeatable."
        ),
        click.option(
            "--only",
            multiple=True,
            metavar="PATTERN",
            help="Of a folder of problems: those called so, as `--only '*norm*'`. Repeatable.",
        ),
        click.option(
            "--write-trace",
            type=_FILE,
            help="FlashInfer Trace: add what each solution came to, as Traces, to this file.",
        ),
        click.option("--rules", type=_FILE, help="FlashInfer Trace: their YAML with tolerances."),
        click.option(
            "--workloads",
            type=_FILE,
            help="FlashInfer Trace: a file of workloads. Default: that of the trace set.",
        ),
        click.option(
            "--solution",
            "solutions",
            type=_PATH,
            multiple=True,
            help="FlashInfer Trace: a solution, or a folder of them. Repeatable.",
        ),
        click.option(
            "--submission",
            "submissions",
            type=_PATH,
            multiple=True,
            help="GPU MODE, KernelBench: a candidate; for many problems a folder in which they are "
            "called like these. Repeatable.",
        ),
    ):
        function = option(function)
    return function


def beside(given: dict[str, Any]) -> Beside:
    """Take what goes with a problem out of `given`."""
    from orchestrator.workflows.own import Beside

    return Beside(**{name: given.pop(name) for name in _BESIDE})


def chosen(given: dict[str, Any]) -> tuple[Filter, bool]:
    """Take what is said of many problems out of `given`: which, and whether to go on."""
    from orchestrator.workflows.sweep.found import Filter

    said = {name: given.pop(name) for name in _SWEEP}
    return Filter(said["only"], said["op_types"], said["levels"]), said["resume"]


def require_alone(chosen: Filter, resume: bool, path: Path) -> None:
    """UsageError for what is said of many problems where there is one."""
    said = {"--only": chosen.only, "--op-type": chosen.op_types, "--level": chosen.levels}
    given = [name for name, value in {**said, "--resume": resume}.items() if value]
    if given:
        raise click.UsageError(f"{given[0]} goes with a folder of problems, which {path} is not")


def require_trace(path: Path | None, own: Own | None) -> None:
    """UsageError for Traces of what is no problem of FlashInfer Trace."""
    if path is not None and (own is None or own.format != "flashinfer"):
        raise click.UsageError("--write-trace goes with a problem of FlashInfer Trace")


def require_place(trace: Path | None) -> None:
    """UsageError for a file of Traces whose folder is not there, before an hour of runs."""
    if trace is not None and not trace.absolute().parent.is_dir():
        raise click.UsageError(f"--write-trace: there is no folder {trace.parent}")
