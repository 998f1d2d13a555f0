"""A problem of KernelBench as values, read from its text. Standard library only; both programs read
it, and nothing of the file runs here.

The form: ScalingIntelligence/KernelBench, KernelBench/level1 and on.
"""

from __future__ import annotations

import ast
import operator
import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Sequence, Tuple, Type, Union

from remote_payload.operators.adapted.node import Node
from remote_payload.operators.user.stated import NOT_PARSED, BadOperator

MODEL, CANDIDATE = "Model", "ModelNew"
FUNCTIONS = ("get_inputs", "get_init_inputs")
MOST_AXES = 256
# Of an exponent or a shift, so that nothing grows without end before it is found too large.
_MOST_POWER = 64
_AXIS = re.compile(r"[A-Za-z_]\w{0,59}\Z", re.ASCII)
_OPERATORS: Dict[Type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
}
Size = Union[bool, int]


@dataclass(frozen=True)
class Problem:
    """file: its name, beside which lies what it imports. axes: the whole numbers and switches that
    it states at its top level, with their values. parameters: what `forward` calls its inputs."""

    file: str
    axes: Mapping[str, Size]
    parameters: Tuple[str, ...] = ()

    @property
    def body(self) -> Dict[str, Any]:
        """Of `problem.json`."""
        return {
            "file": self.file,
            "axes": dict(self.axes),
            "parameters": list(self.parameters),
        }


def problem(node: Node) -> Problem:
    """What `problem.json` says."""
    axes = {name: _size(one) for name, one in node.of("axes").entries().items()}
    parameters = tuple(one.text() for one in node.of("parameters").items())
    return Problem(node.of("file").text(), axes, parameters)


def _size(node: Node) -> Size:
    if not isinstance(node.value, int):
        raise node.expected("a whole number, true or false")
    return node.value


def from_text(text: Union[str, bytes], file: str) -> Problem:
    """What the text states; BadOperator: it is no Python, or lacks what a problem has."""
    tree = tree_of(text, file)
    bound = {name for one in tree.body for name in _bound(one)}
    anything = "*" in bound  # what comes by `from x import *` may be any of them
    for name, what in ((MODEL, "class"), *((one, "function") for one in FUNCTIONS)):
        if name not in bound and not anything:
            raise BadOperator(f"{file}:1", f"there is no {what} {name} in it")
    return Problem(file, axes_of(tree), _parameters(tree))


def tree_of(text: Union[str, bytes], file: str) -> ast.Module:
    """The text, parsed; BadOperator with the line that is no Python."""
    try:
        return ast.parse(text)
    except SyntaxError as exc:
        raise BadOperator(f"{file}:{exc.lineno or 1}", f"it is no Python: {exc.msg}") from None
    except NOT_PARSED as exc:
        raise BadOperator(f"{file}:1", f"it cannot be parsed: {exc}") from None


def axes_of(tree: ast.Module) -> Dict[str, Size]:
    """Names that have a whole number, True or False at the top level, and never anything else. A
    number may be written as a product, `4096 * 2`."""
    found: Dict[str, Size] = {}
    others = {name for one in tree.body if not _pairs(one) for name in _bound(one)}
    for statement in tree.body:
        for target, value in _pairs(statement):
            size = _value(value)
            if size is None or not isinstance(target, ast.Name) or not _AXIS.match(target.id):
                others.update(_names(target))
            else:
                found[target.id] = size
    kept = {name: size for name, size in found.items() if name not in others}
    return dict(list(kept.items())[:MOST_AXES])


def with_sizes(tree: ast.Module, sizes: Mapping[str, Size]) -> ast.Module:
    """The same program with other numbers: each is bound anew behind the statement that bound it,
    so that what is computed of it follows. Lines stay where they were."""
    body = []
    for statement in tree.body:
        body.append(statement)
        for name in _bound(statement):
            if name in sizes:
                made = ast.Assign([ast.Name(name, ast.Store())], ast.Constant(sizes[name]))
                ast.copy_location(made, statement)
                body.append(ast.fix_missing_locations(made))
    return ast.Module(body, tree.type_ignores)


def _pairs(statement: ast.stmt) -> Sequence[Tuple[ast.expr, ast.expr]]:
    """What an assignment binds, each with its value; `a, b = 1, 2` is two."""
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return [(statement.target, statement.value)]
    if not isinstance(statement, ast.Assign):
        return []
    return [pair for target in statement.targets for pair in _unpacked(target, statement.value)]


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[Tuple[ast.expr, ast.expr]]:
    many = (ast.Tuple, ast.List)
    fits = isinstance(target, many) and isinstance(value, many)
    if fits and len(target.elts) == len(value.elts):  # type: ignore[attr-defined]
        yield from zip(target.elts, value.elts)  # type: ignore[attr-defined]
    else:
        yield target, value


def _value(node: ast.expr) -> Optional[Size]:
    """A number that is written out; None for all else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int)):
        size: Optional[Size] = node.value
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _value(node.operand)
        size = None if inner is None else -inner
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        size = _computed(node.op, _value(node.left), _value(node.right))
    else:
        return None
    return size if size is not None and abs(size) < 2**63 else None


def _computed(how: ast.operator, left: Optional[Size], right: Optional[Size]) -> Optional[Size]:
    grows = isinstance(how, (ast.Pow, ast.LShift))
    if left is None or right is None or (grows and not 0 <= right <= _MOST_POWER):
        return None
    try:
        return _OPERATORS[type(how)](left, right)
    except ZeroDivisionError:
        return None


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Every name that a statement of the top level binds there, "*" for any."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
        return
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield from (one.asname or one.name.partition(".")[0] for one in statement.names)
        return
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            yield from _bound(child)
        elif isinstance(child, ast.ExceptHandler):
            yield from (name for one in child.body for name in _bound(one))
        else:
            yield from _names(child)


def _names(node: ast.AST) -> Iterator[str]:
    """The names that are bound in an expression."""
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id


def _parameters(tree: ast.Module) -> Tuple[str, ...]:
    """Of Model's forward, as far as the text tells; without self."""
    for one in tree.body:
        if not isinstance(one, ast.ClassDef) or one.name != MODEL:
            continue
        for inner in one.body:
            if isinstance(inner, ast.FunctionDef) and inner.name == "forward":
                given = (*getattr(inner.args, "posonlyargs", ()), *inner.args.args)
                return tuple(each.arg for each in given)[1:]
    return ()
