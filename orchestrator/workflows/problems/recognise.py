"""Which format a path holds; nothing of it runs for that."""

from __future__ import annotations

import ast
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from remote_payload.operators.adapted.node import MOST_BYTES
from remote_payload.operators.user.stated import NOT_PARSED

TASKS = ("task.yml", "task.yaml")


def format_of(path: Path) -> str:
    """ "flashinfer", "gpumode" or "kernelbench"; "folder" for one that may hold several; else
    empty, as for an operator's file of the user's own."""
    if path.is_dir():
        return "gpumode" if task_in(path) else "folder"
    if path.name in TASKS:
        return "gpumode"
    if path.suffix == ".json":
        return "flashinfer"
    return "kernelbench" if path.suffix == ".py" and _is_model(path) else ""


def task_in(folder: Path) -> Path | None:
    """The description of a task in its folder."""
    return next((folder / name for name in TASKS if (folder / name).is_file()), None)


def text_of(path: Path) -> bytes:
    """The bytes of a file that the user named; UsageError."""
    try:
        return regular_file.read_named(path, MOST_BYTES)
    except OSError as exc:
        raise UsageError(
            f"{path} cannot be read: {exc.strerror or exc}",
            hint="Give a path relative to where you are.",
        ) from exc


def _is_model(path: Path) -> bool:
    """Whether a Python file has what a KernelBench problem has, and not what an operator's has."""
    try:
        tree = ast.parse(regular_file.read_named(path, MOST_BYTES))
    except (OSError, SyntaxError, *NOT_PARSED):
        return False
    classes = {one.name for one in tree.body if isinstance(one, ast.ClassDef)}
    functions = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    return "Model" in classes and "reference" not in functions
