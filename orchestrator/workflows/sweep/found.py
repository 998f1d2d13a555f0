"""The problems that a folder holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.workflows.own import Beside
from orchestrator.workflows.problems import recognise
from remote_payload.operators.adapted import node
from remote_payload.operators.user.stated import BadOperator

_PASSED_OVER = {".git", ".venv", "venv", "node_modules", "__pycache__", "runs", "solutions"}
_PASSED_OVER |= {"candidates", "workloads", "traces", "blob"}
_LEVEL = re.compile(r"level\D?(\d+)\Z")
_DIGITS = re.compile(r"(\d+)")
# A definition beside which other JSON lies, such as package.json, says what it is.
_OF_DEFINITION = (b'"reference"', b'"op_type"')


@dataclass(frozen=True)
class Filter:
    """Which of them. only: patterns of names, as of files in a shell; empty: all. level: of
    KernelBench; op_type: of FlashInfer Trace."""

    only: tuple[str, ...] = ()
    op_types: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()


@dataclass(frozen=True)
class Found:
    """One problem. label: its path below the folder, without the ending."""

    path: Path
    format: str
    label: str

    @property
    def name(self) -> str:
        """That of the file, or of a task's folder."""
        return self.label.rpartition("/")[2]

    @property
    def level(self) -> int | None:
        """Of KernelBench: of the folder above."""
        match = _LEVEL.search(self.path.parent.name)
        return int(match[1]) if match else None


def problems(folder: Path, chosen: Filter = Filter()) -> tuple[Found, ...]:
    """All of a folder and of those below it, in the order of people: 2 before 10. UsageError: there
    is none."""
    every = sorted(_all(folder), key=_order)
    kept = tuple(one for one in every if _is_chosen(one, chosen))
    if not kept:
        said = f"{folder} holds no problem of FlashInfer Trace, GPU MODE or KernelBench"
        if every:
            said = f"none of the {len(every)} problems in {folder} is left by the filters"
        raise UsageError(said, hint="docs/problem-formats.md says what is recognised, and by what.")
    return kept


def alone(path: Path, format: str) -> Found:
    """A problem that was named by itself."""
    task = recognise.task_in(path) if path.is_dir() else None
    folder = path if task else path.parent
    label = folder.absolute().name if format == "gpumode" else path.stem
    return Found(task or path, format, label)


def beside_of(one: Found, given: Beside) -> Beside:
    """What of the user's belongs to this problem: a folder of candidates is looked through for
    those that are called like it, or that say that they solve it."""
    return Beside(
        given.workloads,
        given.rules,
        tuple(file for path in given.solutions for file in _solutions(path, one)),
        tuple(file for path in given.submissions for file in _submissions(path, one)),
    )


def _all(folder: Path) -> Iterator[Found]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(each for each in folders if each not in _PASSED_OVER)
        task = recognise.task_in(here)
        if task is not None:
            folders[:] = []
            yield Found(task, "gpumode", _label(here, folder))
            continue
        for name in sorted(names):
            path = here / name
            format = recognise.format_of(path) if path.is_file() else ""
            if format == "flashinfer" and not _is_definition(path, folder):
                continue
            if format in ("flashinfer", "kernelbench"):
                yield Found(path, format, _label(path.with_suffix(""), folder))


def _is_definition(path: Path, folder: Path) -> bool:
    """Also one that is broken: whoever meant it for one wants to hear of it."""
    if "definitions" in (folder.name, *path.relative_to(folder).parts):
        return True
    try:
        text = recognise.text_of(path)
    except UsageError:
        return False
    return all(word in text for word in _OF_DEFINITION)


def _label(path: Path, folder: Path) -> str:
    label = path.relative_to(folder).as_posix()
    return path.absolute().name if label == "." else label.removeprefix("definitions/")


def _order(one: Found) -> list[tuple[int, str]]:
    parts = _DIGITS.split(one.label)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _is_chosen(one: Found, chosen: Filter) -> bool:
    names = (one.name, one.label, one.path.name)
    if chosen.only and not any(fnmatchcase(n, p) for n in names for p in chosen.only):
        return False
    if chosen.levels and one.level not in chosen.levels:
        return False
    return not chosen.op_types or _said(one.path, "op_type") in chosen.op_types


def _submissions(path: Path, one: Found) -> list[Path]:
    """A file is for every problem; of a folder, what is called like it."""
    if not path.is_dir():
        return [path]
    places = [path / f"{one.label}.py", path / f"{one.name}.py"]
    direct = [place for place in places if place.is_file()][:1]
    folders = [path / one.label, path / one.name]
    inside = [file for each in folders if each.is_dir() for file in sorted(each.glob("*.py"))]
    return direct or list(dict.fromkeys(inside))


def _solutions(path: Path, one: Found) -> list[Path]:
    """A file is for every problem; of a folder, what says that it solves this one."""
    if not path.is_dir():
        return [path]
    name = _said(one.path, "name")
    return [file for file in sorted(path.rglob("*.json")) if _said(file, "definition") == name]


def _said(path: Path, key: str) -> str:
    """A word of a JSON file; empty where it has none, or is none."""
    try:
        return str(node.read(path.name, recognise.text_of(path)).of(key).value)
    except (UsageError, BadOperator):
        return ""
