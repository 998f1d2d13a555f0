"""The shape of an inventory's text, kept in our home: to read YAML takes longer than most commands.

Of the values only their places in the text are kept, so that no secret has a second home. It is
used for that very text alone; what is damaged, or cannot be written, costs the time it saves.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from orchestrator.here import regular_file
from orchestrator.store.inventory.document import Block, Listing, Scalar, Tree, read_document

_FOLDER = Path("~/.orchestrator/inventories")
# Raised when outlines of before mean something else.
_FORM = 1
_MOST_BYTES = 1 << 20


class _NoPlace(Exception):
    """A value that stands in the text in other characters."""


def document_of(path: Path, text: str) -> Block:
    """As `read_document`, by what was kept of the same text if there is such."""
    return _kept(path, text) or read_document(path, text)


def keep(path: Path, text: str) -> None:
    """Keep the outline of an inventory that was read without a fault, if it is not kept yet."""
    if _kept(path, text) is not None:
        return
    with contextlib.suppress(OSError, RuntimeError, _NoPlace):
        tree = _outlined(read_document(path, text), text, [0])
        _write(_place(path), {"form": _FORM, "digest": _digest(text), "tree": tree})


def _place(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    return _FOLDER.expanduser() / f"{name}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _kept(path: Path, text: str) -> Block | None:
    try:
        place = _place(path)
        facts = place.stat()
        if facts.st_size > _MOST_BYTES or facts.st_uid != os.geteuid():
            return None
        said = json.loads(regular_file.read_bytes(place))
        if (said["form"], said["digest"]) != (_FORM, _digest(text)):
            return None
        tree = _tree(said["tree"], text)
    except (OSError, ValueError, KeyError, TypeError, IndexError, RuntimeError):
        return None  # RuntimeError: nobody has a home; or nested without end
    return tree if isinstance(tree, Block) else None


def _write(place: Path, value: Any) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = place.with_name(f"{place.name}.{os.getpid()}.partial")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as sink:
            json.dump(value, sink)
        draft.replace(place)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _outlined(tree: Tree, text: str, seen: list[int]) -> list[Any]:
    """A row for a node: kind, key, line, and entries or the place of the value.

    seen: how far in the text we are; values come in their order.
    """
    if isinstance(tree, Block):
        rows = [[name, _outlined(one, text, seen)] for name, one in tree.entries.items()]
        return ["block", tree.key, tree.line, rows]
    if isinstance(tree, Listing):
        return ["list", tree.key, tree.line]
    if tree.text is None:
        return ["none", tree.key, tree.line]
    begin = text.find(tree.text, seen[0])
    if begin < 0:
        raise _NoPlace
    seen[0] = begin
    return ["text", tree.key, tree.line, begin, begin + len(tree.text)]


def _tree(row: Any, text: str) -> Tree:
    kind, key, line = row[:3]
    if not (isinstance(key, str) and isinstance(line, int)):
        raise TypeError(key)
    if kind == "block":
        return Block(key, line, {str(name): _tree(one, text) for name, one in row[3]})
    if kind == "list":
        return Listing(key, line)
    if kind == "none":
        return Scalar(key, line, None)
    begin, end = int(row[3]), int(row[4])
    if not 0 <= begin <= end <= len(text):
        raise IndexError(end)
    return Scalar(key, line, text[begin:end])
