"""init: a project around a kernel of one's own, with nothing of ours in it but two small files."""

from __future__ import annotations

import keyword
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from orchestrator.cli.screen import console, questions
from orchestrator.cli.verb import Verb
from orchestrator.cli.verbs.init.computation import KINDS, NEED_A_GPU, OPERATORS, Computation
from orchestrator.errors import UsageError
from orchestrator.values.command import typed

if TYPE_CHECKING:
    from orchestrator.cli.verbs.init.files import NewFile

VERB = Verb("init", "Begin a project around a kernel of your own.", 5)

_KIND, _OPERATOR = "python", "softmax"  # where nobody can be asked
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(tuple(KINDS)), help="What the kernel is.")
@click.option("--operator", type=click.Choice(tuple(OPERATORS)), help="What it computes.")
@click.option("--like", metavar="FILE.py:FUNCTION", help="It computes what this function does.")
@click.option(
    "--input", "inputs", metavar="NAME=SIZES", multiple=True, help="With --like: a tensor it takes."
)
@click.option("--name", metavar="NAME", help="What it is called; my_softmax, say, by default.")
@click.option("--dry-run", is_flag=True, help="Only list the files that would be written.")
def init(
    folder: Path,
    kind: str | None,
    operator: str | None,
    like: str | None,
    inputs: tuple[str, ...],
    name: str | None,
    dry_run: bool,
) -> None:
    """Write a kernel that works, what it is checked against, and kernels.yaml and inventory.yaml.

    DIR is the current folder unless another is named, and may be a repository of yours: nothing
    that is there is changed. What is left open is asked on a terminal; elsewhere it is a Python
    function that computes softmax.

    With --like the reference imports a function of yours, which is copied nowhere. Each of its
    tensors is an --input; its other parameters need defaults. The kernel lies beside it, and is
    still to be written.

    \b
    Example:
      orchestrator init
      orchestrator init softmax --kind cuda --operator softmax
      orchestrator init --kind triton --like layers.py:rms_norm --input x=M,N --input weight=N
    """
    if operator and like:
        raise UsageError("--operator and --like both say what is computed", hint="Give one.")
    if inputs and not like:
        raise UsageError("--input is about the function that --like names", hint="Add --like.")
    kind = kind or _asked("What is the kernel?", {k: what for k, (_, what) in KINDS.items()}, _KIND)
    computation, beside = _like(like, inputs, folder) if like else (_listed(operator), None)
    name = _fit(name or f"my_{computation.function or computation.body}")
    _begin(folder, name, kind, computation, beside, dry_run)


def _begin(
    folder: Path,
    name: str,
    kind: str,
    computation: Computation,
    beside: PurePosixPath | None,
    dry_run: bool,
) -> None:
    """Write and list the files, and say how to go on. beside: as in `places`."""
    from orchestrator.cli.verbs.init.files import places, project_files
    from orchestrator.store.inventory import reading

    inventory = reading.find(folder.absolute())  # the nearest one counts: none is put before it
    where = places(name, kind, beside)
    files = project_files(name, kind, computation, where, with_inventory=inventory is None)
    _require_new(folder, files)
    for file in files:
        if not dry_run:
            _write(folder / file.path, file.text)
        console.out(f"{'would write' if dry_run else 'wrote'} {file.path}")
    if dry_run:
        return
    if inventory is not None:
        console.note(f"hosts are those of {inventory}")
    _tell(folder, kind, computation)
    go = "" if folder.resolve() == Path.cwd() else f"{typed('cd', str(folder))} && "
    profile = typed("orchestrator", "profile", "--host", "local", "--operator", name)
    console.next_step(f"{go}{profile}")


def _asked(question: str, known: dict[str, str], default: str) -> str:
    """What a person at the terminal says; without one the default."""
    if not (questions.can_type() and console.on_terminal()):
        return default
    return questions.choose(question, known, default)


def _listed(operator: str | None) -> Computation:
    known = {name: one.title for name, one in OPERATORS.items()}
    return OPERATORS[operator or _asked("What does it compute?", known, _OPERATOR)]


def _like(target: str, inputs: tuple[str, ...], folder: Path) -> tuple[Computation, PurePosixPath]:
    """What the function computes, and its folder from the project's."""
    from orchestrator.cli.verbs.init import like

    function = like.function_of(target)
    tensors = like.tensors_of(function, inputs)
    if questions.can_type() and console.on_terminal():
        for name in like.unsaid(function, tensors):
            sizes = questions.ask(f"What sizes has {name}? Such as M,N")
            tensors |= like.tensors_of(function, [f"{name}={sizes}"])
    computation = like.computation_of(function, tensors)
    place, project = function.file.resolve().parent, folder.resolve()
    if not place.is_relative_to(project):
        raise UsageError(
            f"--like: {function.file} lies outside of the project {folder}",
            hint="Name a folder that holds it: what is written imports it from beside itself.",
        )
    return computation, PurePosixPath(place.relative_to(project).as_posix())


def _fit(name: str) -> str:
    """The name, which Python, C and kernels.yaml all have to take."""
    from remote_payload.operators import registry

    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UsageError(
            f"--name: {name!r} is no name of a function", hint="Use letters, digits and _."
        )
    if name in registry.names():
        raise UsageError(
            f"--name: {name} is an operator of ours", hint=f"Choose another, such as my_{name}."
        )
    return name


def _require_new(folder: Path, files: Sequence[NewFile]) -> None:
    """UsageError: something stands where a file is to be written."""
    taken = [str(file.path) for file in files if os.path.lexists(folder / file.path)]
    if taken:
        raise UsageError(
            f"nothing was written, as there is already: {', '.join(taken)} in {folder.resolve()}",
            hint="Name another folder; its files and its entry of kernels.yaml can be moved here.",
        )


def _write(path: Path, text: str) -> None:
    """LocalFault: this machine did not let us."""
    from orchestrator.here.local_fault import told

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as sink:
            sink.write(text)
    except OSError as exc:
        raise told(exc, f"cannot write {path}", "Name another folder.") from exc


def _tell(folder: Path, kind: str, computation: Computation) -> None:
    """What is to be known before the first run."""
    from orchestrator.here.git import has_git
    from orchestrator.sync.listing import ignoring

    if computation.module and kind != "python":
        console.note("the kernel is still to be written; until then a run ends with 4")
    elif kind in NEED_A_GPU:
        console.note("without a GPU a run times the reference alone, and ends with 4")
    with suppress(UsageError):  # git has no answer
        if has_git(folder.resolve()) and not ignoring(folder.resolve(), ["runs/"]):
            console.note("git does not ignore runs/ here: a line `runs/` in .gitignore mends that")
