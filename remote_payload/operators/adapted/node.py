"""A description's values, taken one by one: what is wrong names the file, the key and what was
expected. Standard library only; both programs read descriptions."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Union

from remote_payload.contract import codec
from remote_payload.operators.user.stated import BadOperator

# Of a description as a whole, and of what it lists: nothing that people write comes near.
MOST_BYTES = 64 << 20
MOST_ENTRIES = 1024
_SHOWN_CHARACTERS = 60


class Node:
    """A value of a description. file: for messages; key: dotted path of the value in it."""

    def __init__(self, file: str, value: Any, key: str = "") -> None:
        self.file, self.value, self.key = file, value, key

    def bad(self, problem: str) -> BadOperator:
        """The error about this value."""
        return BadOperator(self.file, f"{self.key}: {problem}" if self.key else problem)

    def expected(self, what: str) -> BadOperator:
        """The error that this value is something else."""
        return self.bad(f"expected {what}, got {shown(self.value)}")

    def has(self, name: str) -> bool:
        """Whether there is such a key with a value that is not null."""
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def of(self, name: str) -> Node:
        """The value of a key that has to be there."""
        if not isinstance(self.value, dict):
            raise self.expected("an object")
        if name not in self.value:
            raise self.bad(f"there is no {name!r} in it")
        return Node(self.file, self.value[name], self._below(name))

    def maybe(self, name: str) -> Optional[Node]:
        """The same; None where it is not there, or null."""
        return self.of(name) if self.has(name) else None

    def entries(self) -> Dict[str, Node]:
        """All keys of an object."""
        if not isinstance(self.value, dict):
            raise self.expected("an object")
        self._require_few(self.value)
        return {name: Node(self.file, one, self._below(name)) for name, one in self.value.items()}

    def items(self) -> List[Node]:
        """All values of a list."""
        if not isinstance(self.value, list):
            raise self.expected("a list")
        self._require_few(self.value)
        return [Node(self.file, one, f"{self.key}[{n}]") for n, one in enumerate(self.value)]

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.expected("a text")
        return self.value

    def words(self) -> str:
        """A text, which may be empty."""
        if not isinstance(self.value, str):
            raise self.expected("a text")
        return self.value

    def whole(self, least: int = 0) -> int:
        """A whole number."""
        number = isinstance(self.value, int) and not isinstance(self.value, bool)
        if not number or not least <= self.value < 2**63:
            raise self.expected(f"a whole number from {least} on")
        return int(self.value)

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.expected("true or false")
        return self.value

    def one_of(self, words: Sequence[str]) -> str:
        """One of some words."""
        if self.value not in words:
            raise self.expected(f"one of {', '.join(words)}")
        return str(self.value)

    def _below(self, name: str) -> str:
        name = name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…"
        return f"{self.key}.{name}" if self.key else name

    def _require_few(self, many: Any) -> None:
        if len(many) > MOST_ENTRIES:
            raise self.bad(f"has {len(many)} entries; at most {MOST_ENTRIES} are taken")


def read(file: str, text: Union[str, bytes]) -> Node:
    """A description in JSON; BadOperator for what is none, has a key twice, or a number that is no
    number."""
    if len(text) > MOST_BYTES:
        problem = f"has {len(text)} bytes; at most {MOST_BYTES} are taken"
        raise BadOperator(file, problem)
    try:
        return Node(file, codec.parse(text))
    except codec.CodecError as exc:
        raise BadOperator(file, exc.problem) from None


def shown(value: Any) -> str:
    """A value in a message."""
    if isinstance(value, dict):
        return f"an object of {len(value)} keys" if value else "{}"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "[]"
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
