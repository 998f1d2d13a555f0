"""A KernelBench problem with its candidates, made ready to travel."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.sync.neighbours import neighbours
from orchestrator.values.snapshot import Extra
from orchestrator.workflows.own import OPERATORS_FOLDER, Beside, Own
from orchestrator.workflows.problems.made import (
    Brought,
    described,
    named,
    operator_name,
    provider_name,
)
from orchestrator.workflows.problems.recognise import text_of
from remote_payload.contract.dtypes import DType
from remote_payload.contract.request import Provider
from remote_payload.operators.adapted import formats
from remote_payload.operators.kernelbench import reading

FORMAT = "kernelbench"
OPTIONS = ("--submission",)
# What Model and its inputs can be turned to; the first where nothing is said.
DTYPES = (DType.FP32, DType.FP16, DType.BF16, DType.FP64)


def own(path: Path, beside: Beside) -> Own:
    """The operator of a problem's file; BadOperator, UsageError."""
    problem = reading.from_text(text_of(path), path.name)
    name = operator_name(path.stem)
    inside = f"{OPERATORS_FOLDER}/{name}"
    target = f"{inside}/{formats.FILE}"
    providers, sources = named([_candidate(one) for one in beside.submissions])
    made: Extra = ((target, formats.text(FORMAT, name, problem.body)),)
    files = tuple((f"{inside}/{one.name}", one) for one in (path, *neighbours(path)))
    said = described(path.stem, problem.axes, DTYPES, compiled=True)
    return Own(name, target, said, (*made, *files, *sources), providers, FORMAT, path)


def _candidate(path: Path) -> Brought:
    """A file with ModelNew, and what it imports from beside itself; UsageError."""
    if path.suffix != ".py":
        raise UsageError(
            f"--submission {path.name}: expected a Python file with a class {reading.CANDIDATE}",
            hint="CUDA stands in it as text, for torch's load_inline.",
        )
    text_of(path)
    folder = path.parent
    files = tuple((one.relative_to(folder).as_posix(), one) for one in (path, *neighbours(path)))
    target = f"{path.name}:{reading.CANDIDATE}"
    return Brought(Provider(provider_name(path.stem), target, required=True), files)
