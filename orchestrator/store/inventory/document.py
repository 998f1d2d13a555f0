"""YAML text → a tree that remembers lines, before anybody asks what the keys mean.

Every scalar is kept as the text that was written: `1.10` stays 1.10 and `no` stays no; the
schema, which knows the wanted type, converts. Only an empty value and null are no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import InventoryError

# Loaded where a text is taken apart: it takes a tenth of a second.
if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.nodes import MappingNode, Node

SHOWN_PROBLEMS = 5
# ruamel takes a second for each of so many.
LIMIT_CHARACTERS = 1_000_000
# For brackets within brackets its time grows with the square of their number.
_OPENED = re.compile(r"(?:[\[{]\s*){40}")
_PREFIX = "tag:yaml.org,2002:"
_TAGS = ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "map", "seq")
_PLAIN_TAGS = frozenset(_PREFIX + name for name in _TAGS)
NULL_TAG = _PREFIX + "null"
_FIRST_HOST = "write a first host with: orchestrator hosts add NAME --local"


@dataclass(frozen=True)
class Problem:
    """One thing wrong. line: from 1; key: dotted, "" for the whole file; mend: what to do."""

    line: int
    key: str
    text: str
    mend: str

    def __str__(self) -> str:
        return f"{self.key}: {self.text}" if self.key else self.text


@dataclass(frozen=True)
class Scalar:
    """A value as written; None when nothing (or null) was. line: where its key stands."""

    key: str
    line: int
    text: str | None


@dataclass(frozen=True)
class Listing:
    """A YAML list. No key takes one; it is kept so that the schema can say what it expected."""

    key: str
    line: int


@dataclass(frozen=True)
class Block:
    """A YAML mapping, in the order written."""

    key: str
    line: int
    entries: Mapping[str, Tree] = field(default_factory=dict)

    def at(self, location: tuple[str, ...]) -> Tree:
        """Return the node at location, or the nearest one above it that was written."""
        tree: Tree = self
        for name in location:
            if not isinstance(tree, Block) or name not in tree.entries:
                break
            tree = tree.entries[name]
        return tree


Tree = Scalar | Listing | Block


def complaint(path: Path, problems: list[Problem]) -> InventoryError:
    """Return the error that tells the first few problems, in file order, and how to mend them."""
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: problem.line)
    shown = ordered[:SHOWN_PROBLEMS]
    name = shown_path(path)
    lines = [f"{name}:{problem.line}: {problem}" for problem in shown]
    if len(ordered) > len(shown):
        lines.append(f"... and {len(ordered) - len(shown)} more")
    mends = dict.fromkeys(problem.mend for problem in shown if problem.mend)
    return InventoryError("\n".join(lines), hint="; ".join(mends))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant."""
    import difflib

    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)


def shown_path(path: Path) -> str:
    """Return path as a person in this folder would type it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, FileNotFoundError):  # of another place; or one stands in none
        return str(path)


def compose(path: Path, text: str) -> Node | None:
    """Return ruamel's node tree (None: nothing but comments); InventoryError when not YAML."""
    if len(text) > LIMIT_CHARACTERS:
        said = f"{len(text):,} characters, which no inventory has"
        raise complaint(path, [Problem(1, "", said, "is this the file that you meant?")])
    if opened := _OPENED.search(text):
        raise complaint(path, [_too_deep(text.count("\n", 0, opened.start()) + 1)])
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    try:
        composed: Node | None = yaml.compose(text)
    except MarkedYAMLError as exc:
        raise complaint(path, [_syntax_problem(exc)]) from exc
    except RecursionError as exc:
        raise complaint(path, [_too_deep(1)]) from exc
    except Exception as exc:  # on hostile text ruamel raises far more than its YAMLError
        position = getattr(exc, "position", 0)
        line = text.count("\n", 0, position) + 1
        reason = str(getattr(exc, "reason", exc)).strip().partition("\n")[0] or type(exc).__name__
        problem = Problem(line, "", f"not YAML: {reason}", "remove what does not belong there")
        raise complaint(path, [problem]) from exc
    return composed


def _too_deep(line: int) -> Problem:
    return Problem(line, "", "nested too deeply", "keep to 4 levels")


def read_document(
    path: Path, text: str, first_key: str = "hosts", begin: str = _FIRST_HOST
) -> Block:
    """Return the tree of a text; InventoryError when it is not one YAML mapping.

    first_key: what such a file has at its top; begin: how to begin one.
    """
    root = compose(path, text)
    if root is None:
        raise complaint(
            path, [Problem(1, "", f"the file is empty, expected a mapping with {first_key}", begin)]
        )
    reader = _Reader()
    tree = reader.tree(root, key="", line=1)
    if reader.problems:
        raise complaint(path, reader.problems)
    if not isinstance(tree, Block):
        got = "a list" if isinstance(tree, Listing) else "text"
        said = f"expected a mapping with the key {first_key}, got {got}"
        raise complaint(path, [Problem(root.start_mark.line + 1, "", said, begin)])
    return tree


class _Reader:
    """Walks ruamel's nodes once and gathers what no inventory may hold."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._seen: set[int] = set()

    def tree(self, node: Node, *, key: str, line: int) -> Tree:
        from ruamel.yaml.nodes import MappingNode, ScalarNode

        if id(node) in self._seen:
            mend = "write the values out; what all hosts share belongs under defaults"
            self._refuse(line, key, "YAML aliases (*name) are not supported", mend)
            return Scalar(key, line, None)
        self._seen.add(id(node))
        if str(node.tag) not in _PLAIN_TAGS:
            self._refuse(line, key, f"YAML tags ({node.tag}) are not supported", "remove the tag")
        if isinstance(node, ScalarNode):
            return Scalar(key, line, None if node.tag == NULL_TAG else str(node.value))
        if isinstance(node, MappingNode):
            return Block(key, line, self._entries(node, key))
        return Listing(key, line)

    def _entries(self, node: MappingNode, key: str) -> dict[str, Tree]:
        from ruamel.yaml.nodes import ScalarNode

        entries: dict[str, Tree] = {}
        for name_node, value_node in node.value:
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, ScalarNode):
                self._refuse(line, key, "a key must be plain text", "write name: value")
                continue
            name = str(name_node.value)
            inner = f"{key}.{name}" if key else name
            if name in entries:
                first = entries[name].line
                self._refuse(line, inner, f"written twice, first in line {first}", "keep only one")
                continue
            entries[name] = self.tree(value_node, key=inner, line=line)
        return entries

    def _refuse(self, line: int, key: str, text: str, mend: str) -> None:
        self.problems.append(Problem(line, key, text, mend))


def _syntax_problem(exc: MarkedYAMLError) -> Problem:
    mark = exc.problem_mark or exc.context_mark
    line = mark.line + 1 if mark else 1
    said = " ".join(str(exc.problem or exc.context or "unreadable").split())
    if "'\\t'" in said:
        return Problem(line, "", "a tab in the indentation, expected spaces", "replace the tab")
    if "another document" in said:
        return Problem(line, "", "a second document begins (---)", "keep one document per file")
    return Problem(line, "", f"not YAML: {said}", "see the line, and the one above it")
