"""YAML of others → plain values, as a description has them: numbers are numbers here.

Where inventories refuse aliases, these are written out, as far as that stays small.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InventoryError
from orchestrator.store.inventory.document import Problem, complaint, compose

# As in document.py: loaded where a text is taken apart.
if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

_MOST_VALUES = 20_000
_DEEPEST = 40
_PREFIX = "tag:yaml.org,2002:"
_MERGE = f"{_PREFIX}merge"
_TRUE = ("true", "yes", "on")


def read_plain(path: Path, text: bytes) -> Any:
    """The one document of a file; None for an empty one. InventoryError: what is wrong, and where.
    What would be written out to more than _MOST_VALUES values is refused."""
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = text.count(b"\n", 0, exc.start) + 1
        problem = Problem(line, "", "not UTF-8 text", "save the file as UTF-8")
        raise complaint(path, [problem]) from exc
    root = compose(path, decoded)
    return None if root is None else _Reader(path).value(root, "", 0)


class _Reader:
    """Walks the nodes, and counts them as often as they are written out."""

    def __init__(self, path: Path) -> None:
        self._path, self._left = path, _MOST_VALUES

    def value(self, node: Node, key: str, depth: int) -> Any:
        from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            what = f"more than {_MOST_VALUES:,} values, aliases written out"
            what = what if self._left < 0 else "nested too deeply"
            raise self._bad(node, key, what, "write it shorter")
        if isinstance(node, MappingNode):
            return self._mapping(node, key, depth)
        if isinstance(node, SequenceNode):
            inner = enumerate(node.value)
            return [self.value(one, f"{key}[{n}]", depth + 1) for n, one in inner]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, key)

    def _mapping(self, node: MappingNode, key: str, depth: int) -> dict[str, Any]:
        from ruamel.yaml.nodes import ScalarNode

        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for name_node, one in node.value:
            if str(name_node.tag) == _MERGE:
                merged = {**self._merged(one, key, depth), **merged}
                continue
            if not isinstance(name_node, ScalarNode):
                raise self._bad(name_node, key, "a key must be plain text", "write name: value")
            name = str(name_node.value)
            inner = f"{key}.{name}" if key else name
            if name in found:
                raise self._bad(name_node, inner, "written twice", "keep only one")
            found[name] = self.value(one, inner, depth + 1)
        return {**merged, **found}

    def _merged(self, node: Node, key: str, depth: int) -> dict[str, Any]:
        """What `<<` adds: the keys of one mapping, or of several, of which the first counts."""
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        many = node.value if isinstance(node, SequenceNode) else [node]
        found: dict[str, Any] = {}
        for one in many:
            if not isinstance(one, MappingNode):
                raise self._bad(node, key, "<< takes a mapping, or a list of them", "name one")
            found = {**self.value(one, key, depth + 1), **found}
        return found

    def _scalar(self, node: ScalarNode, key: str) -> Any:
        kind, text = str(node.tag).removeprefix(_PREFIX), str(node.value)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in _TRUE
        if kind == "int":
            return self._number(node, key, text)
        if kind == "float":
            number = self._float(text)
            if number is None or not math.isfinite(number):
                raise self._bad(node, key, f"{text:.40} is no finite number", "correct it")
            return number
        if kind in ("str", "timestamp", "value"):
            return text
        raise self._bad(node, key, f"YAML tags ({node.tag}) are not supported", "remove the tag")

    def _number(self, node: Node, key: str, text: str) -> int:
        try:
            number = int(text.replace("_", ""), 10 if text.lstrip("+-").isdigit() else 0)
        except ValueError:
            raise self._bad(node, key, f"{text:.40} is no whole number", "correct it") from None
        if abs(number) >= 1 << 63:
            raise self._bad(node, key, "a whole number of more than 64 bits", "correct it")
        return number

    @staticmethod
    def _float(text: str) -> float | None:
        try:
            return float(text.replace("_", ""))
        except ValueError:
            return None

    def _bad(self, node: Node, key: str, text: str, mend: str) -> InventoryError:
        line = node.start_mark.line + 1
        return complaint(self._path, [Problem(line, key, text, mend)])
