"""A task in the form of GPU MODE with its submissions, made ready to travel."""

from __future__ import annotations

import ast
from pathlib import Path, PurePosixPath
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.store.inventory.plain import read_plain
from orchestrator.sync.neighbours import neighbours
from orchestrator.values.snapshot import Extra
from orchestrator.workflows.own import OPERATORS_FOLDER, Beside, Own
from orchestrator.workflows.problems.made import (
    Brought,
    described,
    inside,
    named,
    operator_name,
    provider_name,
)
from orchestrator.workflows.problems.recognise import TASKS, task_in, text_of
from remote_payload.contract.request import Provider
from remote_payload.operators.adapted import formats
from remote_payload.operators.adapted.node import Node
from remote_payload.operators.gpumode import axes, reading
from remote_payload.operators.gpumode.reading import REFERENCE, Task
from remote_payload.operators.user.stated import NOT_PARSED, BadOperator

FORMAT = "gpumode"
OPTIONS = ("--submission",)
KERNEL = "custom_kernel"
# A limit of seconds is for fewer things there than here, where it holds for the import of torch.
LEAST_LIMIT_S = 30.0


def own(path: Path, beside: Beside) -> Own:
    """The operator of a task's file, or of its folder; BadOperator, UsageError."""
    path = (task_in(path) or path / TASKS[0]) if path.is_dir() else path
    folder = path.absolute().parent
    document = Node(path.name, read_plain(path, text_of(path)))
    task = reading.task(document)
    files = _files(task, folder)
    _require_python(files, folder)
    name = operator_name(folder.resolve().name)
    home = f"{OPERATORS_FOLDER}/{name}"
    providers, sources = named([_submission(one, task, files) for one in beside.submissions])
    body = {key: document.value[key] for key in reading.TRAVELLING if document.has(key)}
    made: Extra = ((f"{home}/{formats.FILE}", formats.text(FORMAT, name, body)),)
    placed = tuple((f"{home}/{place}", file) for place, file in files.items())
    known = {axis: kind() for axis, kind in axes.of(task.cases).kinds.items()}
    return Own(
        name,
        f"{home}/{formats.FILE}",
        described(name, known),
        (*made, *placed, *sources),
        providers,
        FORMAT,
        path,
        max(LEAST_LIMIT_S, *task.timeouts_s.values()) if task.timeouts_s else None,
    )


def _files(task: Task, folder: Path) -> dict[str, Path]:
    """What the reference and the submissions import, by the name under which they do."""
    if task.files is None:
        beside = _beside(folder / REFERENCE) if (folder / REFERENCE).is_file() else {}
        found = {name: path for name, path in beside.items() if name not in _OURS}
    else:
        found = {_name(one): _source(one, folder) for one in task.files}
    if REFERENCE not in found:
        if not (folder / REFERENCE).is_file():
            raise UsageError(
                f"there is no {REFERENCE} beside {folder.name}/{TASKS[0]}, nor among its `files`",
                hint="A task has its generate_input and ref_kernel there.",
            )
        found[REFERENCE] = folder / REFERENCE
    return found


_OURS = (reading.HARNESS, formats.FILE)


def _name(one: reading.File) -> str:
    node = one.key.of("name")
    name = inside(one.name, f"{node.file}: {node.key}")
    plain = all(letter.isalnum() or letter in "_.-/" for letter in name) and name[0] not in ".-"
    if not plain or name == formats.FILE:
        raise node.bad(f"{name!r:.60} cannot be the name of a file")
    return name


def _source(one: reading.File, folder: Path) -> Path:
    """Where it lies: in the task's folder, or near it, as `../utils.py` does; not anywhere."""
    node = one.key.of("source")
    try:
        path = (folder / one.source).resolve()
        stays = path.is_relative_to(_around(folder.resolve()))
        there = stays and path.is_file()
    except (OSError, ValueError) as exc:
        raise node.bad(f"{one.source!r:.60} cannot be the path of a file") from exc
    if not stays:
        raise node.bad(f"{one.source!r:.60} leads out of the folders around the task")
    if not there:
        raise node.bad(f"there is no file {one.source!r:.60}")
    return path


def _around(folder: Path) -> Path:
    """The folder below which the files of a task lie: two up, but never the root of all."""
    return next(one for one in (folder.parent.parent, folder.parent, folder) if one.name)


def _require_python(files: dict[str, Path], folder: Path) -> None:
    """What of a reference does not even parse is told before anything is sent."""
    try:
        ast.parse(text_of(files[REFERENCE]))
    except SyntaxError as exc:
        raise BadOperator(f"{REFERENCE}:{exc.lineno or 1}", f"no Python: {exc.msg}") from None
    except NOT_PARSED as exc:
        raise BadOperator(f"{REFERENCE}:1", f"no Python: {exc or type(exc).__name__}") from None


def _submission(path: Path, task: Task, files: dict[str, Path]) -> Brought:
    """A candidate under the name that the task has for it, with the task's files beside it."""
    text_of(path)
    known = {PurePosixPath(name).parts[0] for name in files}
    own = {name: one for name, one in _beside(path).items() if name not in known}
    place = inside(task.submission, "files: the submission")
    if not place.endswith(".py"):
        raise UsageError(
            f"{place}: a submission is a Python file", hint="`files` says what it is called."
        )
    provider = Provider(provider_name(path.stem), f"{place}:{KERNEL}", required=True)
    both: dict[str, Any] = {**own, **files, place: path}
    return Brought(provider, tuple(both.items()))


def _beside(source: Path) -> dict[str, Path]:
    """The files and folders beside a file that it imports, by their path from there."""
    return {one.relative_to(source.parent).as_posix(): one for one in neighbours(source)}
