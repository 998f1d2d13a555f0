"""What an operator's file states, as plain data: read from its text, or taken from the module.

The text tells both programs what can be told before anything runs; the module tells the truth.
Standard library only, and nothing of the file is run here.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import math
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

# All that a file may state; whatever else is in it is the user's own affair.
NAMES = (
    "axes",
    "inputs",
    "reference",
    "providers",
    "baseline",
    "cpu_axes",
    "dtypes",
    "outputs",
    "scalars",
    "tolerance",
    "work",
    "per",
    "unit",
    "title",
    "precision",
)
# ast.parse: no Python, a NUL, or nested deeper than its own stack or this machine's allows.
NOT_PARSED = (ValueError, RecursionError, MemoryError)
# Of difflib, from 0 to 1: `tolerence` and `provider` are alike, `row` and `work` are not.
_ALIKE = 0.8
Functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class BadOperator(ValueError):
    """An operator's file that is none; the text names the file, the line and what was expected.

    unfit: nothing is wrong with the file, the host lacks what it imports.
    """

    def __init__(self, place: str, problem: str, unfit: bool = False) -> None:
        super().__init__(f"{place}: {problem}")
        self.place, self.problem, self.unfit = place, problem, unfit

    def __reduce__(self) -> Any:
        """By its own class alone: from another process, nothing else is taken."""
        return BadOperator, (self.place, self.problem, self.unfit)


class Opaque:
    """A value that only running the file would tell."""


OPAQUE = Opaque()


@dataclass(frozen=True)
class Function:
    """parameters: by name, in order, without those that have a default; optional: those that have.

    any_names: it takes every keyword; any_number: every number of tensors.
    """

    parameters: Tuple[str, ...]
    optional: Tuple[str, ...] = ()
    any_names: bool = False
    any_number: bool = False
    call: Optional[Callable[..., Any]] = field(default=None, compare=False)


@dataclass(frozen=True)
class Stated:
    """file: for messages; part: the class in it, empty for the file itself; values: what is stated
    of NAMES; lines: where; classes: those of the file that might have been meant; misspelt: names
    that nobody reads, each with the one that it looks like."""

    file: str
    part: str
    values: Mapping[str, Any]
    lines: Mapping[str, int]
    classes: Tuple[str, ...] = ()
    misspelt: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called: as its file, with the class behind it."""
        return f"{self.file}:{self.part}" if self.part else self.file

    def place(self, name: str) -> str:
        """`softmax.py:3`, where a name is stated; else where its absence can be mended."""
        return f"{self.file}:{self.lines.get(name) or self.lines.get('', 1)}"

    def bad(self, name: str, problem: str) -> BadOperator:
        """The error about what a name states."""
        return BadOperator(self.place(name), f"{name}: {problem}")


def from_text(text: Union[str, bytes], file: str, part: str = "") -> Stated:
    """What the text states; BadOperator if it is no Python, or has no such class."""
    tree = _tree(text, file)
    body, classes, first, from_elsewhere = _body(tree, file, part)
    values: Dict[str, Any] = dict.fromkeys(NAMES, OPAQUE) if from_elsewhere else {}
    lines: Dict[str, int] = {"": first}
    for node in body:
        stated = _stated(node)
        for name, value in stated:
            if name in NAMES:
                values[name], lines[name] = _value(name, value), node.lineno
            elif name == "*":
                # What comes by `from x import *` may be any of them.
                values = {**dict.fromkeys(NAMES, OPAQUE), **values}
        if not stated:  # such as axes["K"] = 64 or axes.update(more)
            names = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
            bound = {one.id for one in names if isinstance(one.ctx, ast.Store)}
            touched = {one.id for one in names} & values.keys() | bound & set(NAMES)
            values.update(dict.fromkeys(touched, OPAQUE))
    misspelt = _misspelt(tree, body, values)
    lines.update({name: node.lineno for node in body for name, _ in _stated(node)})
    return Stated(file, part, values, lines, classes, misspelt)


def from_module(thing: Any, text: bytes, file: str, part: str = "") -> Stated:
    """What a loaded module, or the class in it, really states; lines as in its text."""
    written = from_text(text, file, part)
    values = {name: getattr(thing, name) for name in NAMES if hasattr(thing, name)}
    taken = {name: _taken(name, value) for name, value in values.items()}
    return Stated(file, part, taken, written.lines, written.classes, written.misspelt)


def function_of(call: Callable[..., Any]) -> Function:
    """A function by its signature; one that has none takes anything."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return Function((), (), True, True, call)
    named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return Function(
        tuple(p.name for p in named if p.default is p.empty),
        tuple(p.name for p in named if p.default is not p.empty),
        any(p.kind is p.VAR_KEYWORD for p in parameters),
        any(p.kind is p.VAR_POSITIONAL for p in parameters),
        call,
    )


def _tree(text: Union[str, bytes], file: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as exc:
        raise BadOperator(f"{file}:{exc.lineno or 1}", f"no Python: {exc.msg}") from None
    except NOT_PARSED as exc:
        raise BadOperator(f"{file}:1", f"no Python: {exc or type(exc).__name__}") from None


def _body(
    tree: ast.Module, file: str, part: str
) -> Tuple[List[ast.stmt], Tuple[str, ...], int, bool]:
    """The statements that count, the classes that could have been named, the first line, and
    whether more is stated where we do not look: in what a class is made from."""
    found = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    classes = tuple(name for name, node in found.items() if _states_a_reference(node))
    if not part:
        return tree.body, classes, 1, False
    if part not in found:
        known = f"it has {', '.join(classes)}" if classes else "it has none that states a reference"
        raise BadOperator(f"{file}:1", f"there is no class {part!r} in it; {known}")
    return found[part].body, classes, found[part].lineno, bool(found[part].bases)


def _states_a_reference(node: ast.ClassDef) -> bool:
    return any(name == "reference" for inner in node.body for name, _ in _stated(inner))


def _stated(node: ast.stmt) -> List[Tuple[str, Any]]:
    """The names that a statement binds, with the node of each value."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        plain = isinstance(node, ast.FunctionDef) and _is_plain(node)
        return [(node.name, node if plain else None)]
    if isinstance(node, ast.Assign):
        return [(t.id, node.value) for t in node.targets if isinstance(t, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [(node.target.id, node.value)]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [(one.asname or one.name, None) for one in node.names]
    if isinstance(node, (ast.If, ast.Try, ast.With)):
        below = [*node.body, *getattr(node, "orelse", ())]
        return [(name, None) for inner in below for name, _ in _stated(inner)]
    return []


def _misspelt(
    tree: ast.Module, body: Sequence[ast.stmt], values: Mapping[str, Any]
) -> Dict[str, str]:
    """Names bound in the body that nothing in the file reads, and that look like one of NAMES which
    is not stated: `tolerence` would be passed over in silence."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    read = {node.id for node in nodes if isinstance(node.ctx, ast.Load)}
    bound = {name for node in body for name, value in _stated(node) if value is not None}
    free = [name for name in NAMES if name not in values]
    near = {
        name: difflib.get_close_matches(name.lower(), free, 1, _ALIKE)
        for name in sorted(bound - read - set(NAMES))
    }
    return {name: meant[0] for name, meant in near.items() if meant}


def _is_plain(node: ast.FunctionDef) -> bool:
    """Whether it takes what it is written to take: a decorator could change that."""
    names = [one.id for one in node.decorator_list if isinstance(one, ast.Name)]
    return len(names) == len(node.decorator_list) and set(names) <= {"staticmethod"}


def _value(name: str, node: Optional[ast.AST]) -> Any:
    if isinstance(node, Functions):
        given = node.args
        named = [*given.posonlyargs, *given.args]
        cut = len(named) - len(given.defaults)
        only = list(zip(given.kwonlyargs, given.kw_defaults))
        return Function(
            tuple(a.arg for a in [*named[:cut], *(a for a, d in only if d is None)]),
            tuple(a.arg for a in [*named[cut:], *(a for a, d in only if d is not None)]),
            given.kwarg is not None,
            given.vararg is not None,
        )
    if name == "providers":
        return _provider_names(node)
    try:
        return ast.literal_eval(node) if isinstance(node, ast.expr) else OPAQUE
    except (TypeError, *NOT_PARSED, SyntaxError):
        return OPAQUE


def _provider_names(node: Optional[ast.AST]) -> Any:
    if isinstance(node, (ast.List, ast.Tuple)):
        named = [one.id for one in node.elts if isinstance(one, ast.Name)]
        return dict.fromkeys(named, OPAQUE) if len(named) == len(node.elts) else OPAQUE
    if isinstance(node, ast.Dict):
        keys = [one.value for one in node.keys if isinstance(one, ast.Constant)]
        return dict.fromkeys(keys, OPAQUE) if len(keys) == len(node.keys) else OPAQUE
    return OPAQUE


def _taken(name: str, value: Any) -> Any:
    if name == "providers" and isinstance(value, (list, tuple)):
        return {getattr(one, "__name__", repr(one)): one for one in value}
    return function_of(value) if callable(value) and not isinstance(value, type) else value


def shown(value: Any) -> str:
    """What a file states, in a message."""
    if isinstance(value, Function):
        return "a function"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
