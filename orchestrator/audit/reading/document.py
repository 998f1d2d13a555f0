"""JSON of any make: objects with figures in them become entries, with what stands above them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.audit.reading.table import MOST_ROWS
from orchestrator.audit.recognising import axes, keys
from orchestrator.audit.recognising.boasts import boast
from orchestrator.audit.recognising.cells import Cell, Number, cell, number
from orchestrator.audit.recognising.rows import Entry
from orchestrator.audit.values import Quantity
from orchestrator.errors import UsageError

_DEEPEST = 32
_TEXTS = 20
_LONGEST_TEXT = 2000


def entries(name: str, document: Any) -> tuple[Entry, ...]:
    """Every object that holds figures. UsageError: more than are read."""
    found = []
    for entry in _walk(_columns(document), "", {}, "", 0):
        found.append(entry)
        if len(found) > MOST_ROWS:
            raise UsageError(
                f"{name}: more than {MOST_ROWS} objects with figures; so many are not read",
                hint="Give a part of it.",
            )
    return tuple(found)


def _walk(
    node: Any, place: str, above: Mapping[str, Cell], label: str, depth: int
) -> Iterator[Entry]:
    if depth > _DEEPEST:
        return
    if isinstance(node, list):
        for at, one in enumerate(node):
            yield from _walk(one, f"{place}[{at}]", above, label, depth + 1)
        return
    if not isinstance(node, dict):
        return
    own: dict[str, Cell] = {}
    lists: dict[str, tuple[Number, ...]] = {}
    below: list[tuple[str, Any, str]] = []
    _sort(node, "", own, lists, below, depth)
    if any(map(_is_figure, own)) or any(map(_is_time, lists)):
        yield Entry(place or "the whole", {**above, **own}, lists, label)
    told = {**above, **{k: one for k, one in own.items() if not (_is_figure(k) or boast(k, one))}}
    for key, one, named in below:
        yield from _walk(one, f"{place}.{key}".lstrip("."), told, named or label, depth + 1)


def _sort(
    node: Mapping[str, Any],
    prefix: str,
    own: dict[str, Cell],
    lists: dict[str, tuple[Number, ...]],
    below: list[tuple[str, Any, str]],
    depth: int,
) -> None:
    """Take an object apart: its own cells, its samples, and what are entries of their own."""
    for key, value in node.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict):
            columns = _columns(value)
            if isinstance(columns, list):
                below.append((path, columns, ""))
            elif depth + prefix.count(".") < _DEEPEST and not _is_entry(key, value):
                _sort(value, f"{path}.", own, lists, below, depth)
            else:
                below.append((path, value, key))
        elif isinstance(value, list):
            _sort_list(path, value, own, lists, below)
        else:
            own[path] = _cell(value)


def _sort_list(
    path: str,
    value: list[Any],
    own: dict[str, Cell],
    lists: dict[str, tuple[Number, ...]],
    below: list[tuple[str, Any, str]],
) -> None:
    plain = [number(one) if isinstance(one, str) else one for one in value]
    if value and all(isinstance(one, Number) for one in plain):
        lists[path] = tuple(one for one in plain if isinstance(one, Number))
        if len(value) in (3, 4) and not _is_time(path):
            own[path] = "x".join(f"{one.value:g}" for one in lists[path])
    elif any(isinstance(one, dict | list) for one in value):
        below.append((path, value, ""))
    else:
        for at, one in enumerate(value[:_TEXTS]):
            own[f"{path}[{at}]"] = _cell(one)


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return cell(value[:_LONGEST_TEXT])
    return value if isinstance(value, bool | Number) else None


def _is_entry(key: str, value: Mapping[str, Any]) -> bool:
    """Whether an object below a key is a row by itself, and no part of the one around it: its key
    is a shape or a number, or it holds figures and the axes of a case."""
    figures = [each for each in _keys(value, 0) if _is_figure(each) or _is_time(each)]
    if not figures:
        return False
    if key.isdigit() or any(axes.in_words(key)) or axes.product(key):
        return True
    quantities = {getattr(keys.meaning(each), "quantity", None) for each in figures}
    has_axes = any(axes.symbol(each) for each in _keys(value, 0))
    return has_axes or (Quantity.SPEEDUP in quantities and Quantity.TIME in quantities)


def _keys(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key, one in value.items():
        yield key
        if isinstance(one, dict) and depth < 4:
            yield from _keys(one, depth + 1)


def _is_figure(key: str) -> bool:
    return axes.symbol(key) is None and keys.meaning(key) is not None


def _is_time(key: str) -> bool:
    found = keys.meaning(key)
    return found is not None and found.quantity is Quantity.TIME


def _columns(node: Any) -> Any:
    """A table that was written column by column, row by row; anything else as it is."""
    if not isinstance(node, dict) or len(node) < 2:
        return node
    names, data = node.get("columns"), node.get("data")
    if (
        isinstance(names, list)
        and isinstance(data, list)
        and all(isinstance(n, str) for n in names)
    ):
        rows = [row for row in data if isinstance(row, list) and len(row) == len(names)]
        return [dict(zip(names, row, strict=True)) for row in rows]
    if all(isinstance(one, dict) and one and all(map(str.isdigit, one)) for one in node.values()):
        numbers = list(dict.fromkeys(at for one in node.values() for at in one))
        return [{k: one.get(at) for k, one in node.items()} for at in numbers]
    columns = {k: v for k, v in node.items() if isinstance(v, list) and len(v) > 1}
    lengths = {len(one) for one in columns.values()}
    of_cases = any(axes.symbol(k) or isinstance(v[0], str) for k, v in columns.items())
    if len(columns) < 2 or len(lengths) != 1 or not of_cases:
        return node
    if any(isinstance(one, dict | list) for column in columns.values() for one in column):
        return node
    rest = {key: value for key, value in node.items() if key not in columns}
    rows_of = zip(*columns.values(), strict=True)
    return [{**rest, **dict(zip(columns, row, strict=True))} for row in rows_of]
