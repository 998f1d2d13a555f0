"""Add a host to inventory.yaml as a careful person would: new lines, every old byte in place.

The place is found in ruamel's node tree and the lines are inserted into the text, because a
round trip through any YAML writer moves comments, folds long lines and changes indentation.
"""

from __future__ import annotations

import codecs
import contextlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from orchestrator.errors import InventoryError
from orchestrator.here import shared_file
from orchestrator.here.local_fault import told
from orchestrator.store.inventory.document import NULL_TAG, Problem, complaint, compose, shown_path
from orchestrator.store.inventory.reading import Inventory, parse, read_text
from remote_payload.contract.writing import is_plain, write_whole

Fields = Mapping[str, str | int | Mapping[str, str]]
_INDENT = 2
_BOM = codecs.BOM_UTF8


def add_host(path: Path, name: str, fields: Fields, environ: Mapping[str, str]) -> Inventory:
    """Write the entry `name` below hosts and return the inventory as it now is.

    fields: the keys of the entry, e.g. {"transport": "ssh", "address": "10.0.0.2", "port": 22}.
    The file may be missing or without hosts. It is replaced in one step, and only when the outcome
    is a valid inventory; variables may still be unset. Several processes add one after the other.
    InventoryError: the file is unchanged.
    """
    _refuse_no_file(path)
    path = path.resolve()
    with _told(path), shared_file.alone(path):
        return _added(path, name, fields, environ)


def _added(path: Path, name: str, fields: Fields, environ: Mapping[str, str]) -> Inventory:
    old = read_text(path) if path.exists() else f"default: {_scalar(name)}\n"
    mark = _BOM if path.is_file() and path.read_bytes().startswith(_BOM) else b""
    new = _with_entry(path, old, name, fields)
    try:
        inventory = parse(path, new, environ)
    except InventoryError as exc:
        raise InventoryError(
            f"host {name} was not added, {shown_path(path)} is unchanged; it would say\n{exc}",
            hint=exc.hint,
        ) from exc
    _replace(path, mark + new.encode())
    return inventory


def _refuse_no_file(path: Path) -> None:
    """A pipe can be read as an inventory, but not be added to."""
    try:
        plain = is_plain(path)
    except OSError as exc:
        raise told(exc) from exc
    if not plain:
        kind = shared_file.no_file(path) or "open for us to write to"
        raise InventoryError(
            f"{shown_path(path)}: nothing can be added to it: it is {kind}",
            hint="name the inventory's file with --inventory",
        )


def _with_entry(path: Path, text: str, name: str, fields: Fields) -> str:
    root = compose(path, text)
    newline = "\r\n" if "\r\n" in text else "\n"
    hosts = _value_of(root, "hosts")
    if root is None or hosts is None:
        return _joined(text, len(text), _block({"hosts": {name: dict(fields)}}, 0), newline)
    key, value = hosts
    _refuse_twice(path, value, name)
    if _is_empty(value):
        if value.end_mark.index > value.start_mark.index:  # {} or null, spelled out
            text = text[: value.start_mark.index].rstrip(" ") + text[value.end_mark.index :]
        indent = key.start_mark.column + _INDENT
        place = _line_end(text, key.end_mark.index)
    elif isinstance(value, MappingNode) and not value.flow_style:
        indent = _indent(value)
        place = _after_comments(text, _content_end(value), indent)
    else:
        line = value.start_mark.line + 1
        said = "cannot be added to, expected one host per indented block"
        mend = "write each host's name on a line of its own, its keys indented below"
        raise complaint(path, [Problem(line, "hosts", said, mend)])
    return _joined(text, place, _block({name: dict(fields)}, indent), newline)


def _indent(block: MappingNode) -> int:
    """Of its keys; where an anchor or a tag stands in a line above them, its mark is about that."""
    first, _ = block.value[0]
    above = block.start_mark.line < first.start_mark.line
    return int((first if above else block).start_mark.column)


def _refuse_twice(path: Path, hosts: Node, name: str) -> None:
    for key, _ in hosts.value if isinstance(hosts, MappingNode) else ():
        if key.value == name:
            line = key.start_mark.line + 1
            mend = f"choose another name, or edit line {line}"
            raise complaint(path, [Problem(line, f"hosts.{name}", "exists already", mend)])


def _is_empty(value: Node) -> bool:
    if isinstance(value, MappingNode):
        return not value.value
    return isinstance(value, ScalarNode) and value.tag == NULL_TAG


def _joined(text: str, place: int, block: str, newline: str) -> str:
    before, after = text[:place], text[place:]
    if before and not before.endswith("\n"):
        before += newline
    return before + block.replace("\n", newline) + after


def _value_of(root: Node | None, wanted: str) -> tuple[ScalarNode, Node] | None:
    for key, value in root.value if isinstance(root, MappingNode) else ():
        if isinstance(key, ScalarNode) and key.value == wanted:
            return key, value
    return None


def _content_end(node: Node) -> int:
    """Return the index behind node's last character; a block's own mark lies past its comments."""
    if not isinstance(node, MappingNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    key, value = node.value[-1]
    empty = isinstance(value, ScalarNode) and value.start_mark.index == value.end_mark.index
    return int(key.end_mark.index) if empty else _content_end(value)


def _after_comments(text: str, end: int, indent: int) -> int:
    """Return the start of the line after those comments behind `end` that are indented as hosts."""
    place = start = end if text[end - 1 : end] == "\n" else _line_end(text, end)
    while start < len(text):
        following = _line_end(text, start)
        line = text[start:following]
        comment = line.lstrip(" ")
        if line.strip() and not (comment.startswith("#") and len(line) - len(comment) >= indent):
            break
        if line.strip():
            place = following
        start = following
    return place


def _line_end(text: str, index: int) -> int:
    """Return the index behind the line break that ends the line of index."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _block(value: Mapping[str, object], indent: int) -> str:
    writer = YAML()
    writer.width = 10_000
    stream = io.StringIO()
    writer.dump(value, stream)
    return "".join(" " * indent + line for line in stream.getvalue().splitlines(keepends=True))


def _scalar(text: str) -> str:
    return _block({"x": text}, 0).removeprefix("x: ").strip()


def _replace(path: Path, data: bytes) -> None:
    """Put data in path's place in one step, with path's permissions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise InventoryError(
            f"{shown_path(path)}: cannot be written: {exc.strerror}",
            hint=shared_file.mend(path, exc, "w")
            or "run the same command again, or choose another file with --inventory",
        ) from exc
