"""An operator like a function of the user's own: its parameters, read from its text.

Nothing of the file runs here, and nothing of it is copied: what `init` writes imports it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.verbs.init.computation import Axis, Computation, Scalar, Tensor
from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from orchestrator.sync.neighbours import NOT_PARSED

_TARGET = re.compile(r"(.+\.py):([A-Za-z_]\w*)", re.ASCII | re.DOTALL)
_INPUT = re.compile(r"([A-Za-z_]\w*)=((?:[A-Za-z_]\w*|[1-9]\d*)(?:,(?:[A-Za-z_]\w*|[1-9]\d*))*)")
_AN_INPUT = "write --input NAME=SIZES for each tensor, such as --input x=M,N --input w=N"


@dataclass(frozen=True)
class Function:
    """defaults: of those parameters that have one which can be written down, by name."""

    file: Path
    name: str
    parameters: tuple[str, ...]
    defaults: Mapping[str, bool | int | float | str | None]


def function_of(target: str) -> Function:
    """The function that FILE.py:function names; UsageError: there is none that can be called so."""
    match = _TARGET.fullmatch(target)
    if match is None:
        raise UsageError(
            f"--like: {target!r} names no function of a file",
            hint="Write the file, a colon and the function: --like layers.py:rms_norm",
        )
    file, name = Path(match[1]).expanduser(), match[2]
    if not file.stem.isidentifier() or file.stem in sys.stdlib_module_names:
        raise UsageError(
            f"--like: {file.name} cannot be imported under that name", hint="Rename the file."
        )
    tree = _tree(file)
    for one in ast.walk(tree):
        if isinstance(one, ast.ImportFrom) and one.level:
            raise UsageError(
                f"--like: line {one.lineno} of {file} imports from the package around it, which "
                "does not travel",
                hint="Name a file that imports from beside itself, or what is installed.",
            )
    found = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}
    if name not in found:
        raise UsageError(
            f"--like: {file} defines no function {name}",
            hint=f"It has {', '.join(found) or 'none'}.",
        )
    return _function(file, found[name])


def _tree(file: Path) -> ast.Module:
    try:
        return ast.parse(regular_file.read_bytes(file))
    except SyntaxError as exc:
        raise UsageError(f"--like: {file}:{exc.lineno}: no Python: {exc.msg}") from exc
    except NOT_PARSED as exc:
        raise UsageError(f"--like: {file}: no Python: {exc}") from exc
    except OSError as exc:
        raise UsageError(
            f"--like: {file} cannot be read: {exc.strerror or exc}",
            hint="Give a path relative to where you are.",
        ) from exc


def _function(file: Path, node: ast.FunctionDef) -> Function:
    given = node.args
    if given.vararg or given.kwarg:
        raise UsageError(
            f"--like: {node.name} takes any number of arguments",
            hint="Name a function that names its parameters.",
        )
    named = [*given.posonlyargs, *given.args]
    written = [*[None] * (len(named) - len(given.defaults)), *given.defaults, *given.kw_defaults]
    pairs = list(zip([*named, *given.kwonlyargs], written, strict=True))
    defaults: dict[str, bool | int | float | str | None] = {}
    for argument, default in pairs:
        if isinstance(default, ast.expr):
            try:
                defaults[argument.arg] = ast.literal_eval(default)
            except ValueError:  # only running the file would tell
                defaults[argument.arg] = None
    return Function(file, node.name, tuple(one.arg for one, _ in pairs), defaults)


def tensors_of(function: Function, given: Iterable[str]) -> dict[str, Tensor]:
    """What --input says, by name; UsageError: it is no such text, or of no parameter."""
    found = {}
    for text in given:
        match = _INPUT.fullmatch(text.replace(" ", ""))
        if match is None:
            raise UsageError(f"--input: {text!r} is no name with sizes", hint=_AN_INPUT)
        if match[1] not in function.parameters:
            raise UsageError(
                f"--input: {function.name} has no parameter {match[1]}",
                hint=f"It has {', '.join(function.parameters)}.",
            )
        found[match[1]] = Tensor(match[1], tuple(match[2].split(",")))
    return found


def unsaid(function: Function, tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
    """The parameters of which nothing says what they are."""
    known = (*tensors, *function.defaults)
    return tuple(one for one in function.parameters if one not in known)


def computation_of(function: Function, tensors: Mapping[str, Tensor]) -> Computation:
    """UsageError: a parameter is neither a tensor nor has a default; no tensor has an axis."""
    if missing := unsaid(function, tensors):
        raise UsageError(f"--like: what sizes has {missing[0]} of {function.name}?", hint=_AN_INPUT)
    mine = tuple(tensors[name] for name in function.parameters if name in tensors)
    symbols = dict.fromkeys(size for one in mine for size in one.sizes if not size.isdigit())
    if not symbols:
        raise UsageError("--input: no tensor has a size with a name", hint=_AN_INPUT)
    scalars = tuple(
        Scalar(name, value)
        for name, value in function.defaults.items()
        if name not in tensors and isinstance(value, (bool, int, float, str))
    )
    return Computation(
        title=f"{function.name} of {function.file.name}",
        tensors=mine,
        axes=tuple(Axis(symbol) for symbol in symbols),
        scalars=scalars,
        module=function.file.stem,
        function=function.name,
    )
