"""Cases of a task as cases of ours, and back. Standard library only.

Ours have whole numbers, truths and words. What else stands among theirs, 0.5, [1, 2] or null,
becomes a word, its JSON, for all values of that axis; and what is a word is turned back exactly.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Sequence, Tuple, Type

from remote_payload.contract.case import Value
from remote_payload.operators.gpumode.reading import Values

_PLAIN = re.compile(r"[A-Za-z0-9_.+-]{1,60}\Z")
_LONGEST = 60
_SHOWN, _DIGITS = 40, 8
_MOST = 2**31


@dataclass(frozen=True)
class Axes:
    """kinds: int, bool or str of each axis, in the order in which they are first met. shortened:
    what words stand for that were too long."""

    kinds: Dict[str, Type[Value]]
    shortened: Dict[str, Any]

    def coded(self, values: Values) -> Dict[str, Value]:
        """Their values as ours, in our order; what goes without saying is left out."""
        found: Dict[str, Value] = {}
        for name, kind in self.kinds.items():
            if name not in values or (kind is bool and not values[name]):
                continue
            found[name] = _word(values[name]) if kind is str else values[name]
        return found

    def plain(self, coded: Mapping[str, Value]) -> Dict[str, Any]:
        """Our values as theirs."""
        found: Dict[str, Any] = {}
        for name, kind in self.kinds.items():
            if name in coded:
                value = coded[name]
                found[name] = self._meant(str(value)) if kind is str else value
            elif kind is bool:
                found[name] = False
        return found

    def _meant(self, word: str) -> Any:
        return self.shortened[word] if word in self.shortened else _parsed(word)


def of(cases: Sequence[Values]) -> Axes:
    """The axes of all cases of a task."""
    names = dict.fromkeys(name for case in cases for name in case)
    kinds = {name: _kind([case[name] for case in cases if name in case], cases) for name in names}
    shortened = {
        _word(case[name]): case[name]
        for case in cases
        for name, kind in kinds.items()
        if kind is str and name in case and len(_json(case[name])) > _LONGEST
    }
    return Axes(kinds, shortened)


def _kind(values: Sequence[Any], cases: Sequence[Values]) -> Type[Value]:
    """Only what every case has is a number or a truth: an axis that is not there is no word."""
    if len(values) == len(cases) and all(isinstance(one, bool) for one in values):
        return bool
    whole = all(type(one) is int and 0 <= one < _MOST for one in values)
    return int if whole and len(values) == len(cases) else str


def _word(value: Any) -> str:
    """As JSON, but for texts that nobody could take for it."""
    if isinstance(value, str) and _PLAIN.match(value) and _parsed(value) is value:
        return value
    text = _json(value)
    if len(text) <= _LONGEST:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
    return f"{text[:_SHOWN]}…{digest}"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _parsed(word: str) -> Any:
    """What a word says as JSON, else the word."""
    try:
        return json.loads(word, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return word


def _refuse(word: str) -> Tuple[()]:
    raise ValueError(word)


def size(values: Values) -> int:
    """How large a case is, beside others of its task: its whole numbers, multiplied."""
    product = 1
    for name, value in values.items():
        if name != "seed":
            product *= max(1, _total(value))
    return product


def _total(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_total, value))
    return value if type(value) is int else 0
