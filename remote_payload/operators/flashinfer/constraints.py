"""Whether a draw keeps a definition's constraints: `total_q == qo_indptr[-1].item()` and the like.

They are expressions of names, numbers, comparisons, arithmetic, items, shapes and `.item()`; what
is more than that is not run.
"""

from __future__ import annotations

import ast
import operator
from typing import Any, Callable, Dict, Mapping, Sequence, Tuple, Type

_BINARY: Dict[Type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARED: Dict[Type[ast.AST], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_CALLS: Dict[str, Callable[..., Any]] = {"len": len, "max": max, "min": min, "int": int, "abs": abs}
_METHODS = ("item", "max", "min", "sum", "numel", "size", "dim")
_ATTRIBUTES = ("shape", "ndim")
_MOST_POWER = 64


class NotRun(ValueError):
    """An expression that is none of these."""


def broken(texts: Sequence[str], values: Mapping[str, Any]) -> Tuple[str, ...]:
    """Those that do not hold. values: of axes and inputs, by name. What cannot be told, such as of
    a name that is neither, counts as kept."""
    found = []
    for text in texts:
        try:
            held = bool(value(ast.parse(text, mode="eval").body, values))
        except Exception:
            continue  # whatever it asks, it does not say that this draw is wrong
        if not held:
            found.append(text)
    return tuple(found)


def value(node: ast.AST, values: Mapping[str, Any]) -> Any:
    """What an expression comes to; NotRun, or whatever its parts raise."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return values[node.id]
    for kind, come_to in _NODES.items():
        if isinstance(node, kind):
            return come_to(node, values)
    raise NotRun(ast.dump(node))


def _binary(node: Any, values: Mapping[str, Any]) -> Any:
    left, right = value(node.left, values), value(node.right, values)
    if type(node.op) not in _BINARY or (isinstance(node.op, ast.Pow) and abs(right) > _MOST_POWER):
        raise NotRun(ast.dump(node))
    return _BINARY[type(node.op)](left, right)


def _unary(node: Any, values: Mapping[str, Any]) -> Any:
    one = value(node.operand, values)
    return not one if isinstance(node.op, ast.Not) else -one


def _joined(node: Any, values: Mapping[str, Any]) -> bool:
    parts = [bool(value(one, values)) for one in node.values]
    return all(parts) if isinstance(node.op, ast.And) else any(parts)


def _item(node: Any, values: Mapping[str, Any]) -> Any:
    return value(node.value, values)[value(node.slice, values)]


def _attribute(node: Any, values: Mapping[str, Any]) -> Any:
    if node.attr not in _ATTRIBUTES:
        raise NotRun(ast.dump(node))
    return getattr(value(node.value, values), node.attr)


def _compared(node: Any, values: Mapping[str, Any]) -> bool:
    sides = [value(one, values) for one in (node.left, *node.comparators)]
    steps = zip(sides, node.ops, sides[1:])
    return all(_COMPARED[type(how)](left, right) for left, how, right in steps)


def _called(node: Any, values: Mapping[str, Any]) -> Any:
    given = [] if node.keywords else [value(one, values) for one in node.args]
    if isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        return _CALLS[node.func.id](*given)
    if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
        return getattr(value(node.func.value, values), node.func.attr)(*given)
    raise NotRun(ast.dump(node))


_NODES: Dict[Type[ast.AST], Callable[[Any, Mapping[str, Any]], Any]] = {
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _joined,
    ast.Compare: _compared,
    ast.Subscript: _item,
    ast.Attribute: _attribute,
    ast.Call: _called,
}
