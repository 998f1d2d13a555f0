"""What comes out of a process that runs somebody else's code, read so that none of it runs here.

A pickle may call whatever it names. Of what ours are made of, nothing does more than hold values.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import io
import pickle
import typing
from typing import Any, Dict, Tuple

_OURS = "remote_payload."
# Of the exceptions and containers that Python itself has, those that do nothing but be made.
_BUILTIN: Tuple[type, ...] = (complex, set, frozenset, bytearray, slice, range)


class NotPlain(Exception):
    """A message holds what no process of ours sends; the text says what."""


def read(message: bytes) -> Any:
    """The values of a message, each of the type that its field declares. Raises NotPlain."""
    try:
        value = _Reader(io.BytesIO(message)).load()
        wrong = _misfit(value)
    except NotPlain:
        raise
    except Exception as exc:  # by whatever a broken pickle fails
        raise NotPlain(f"what cannot be read ({type(exc).__name__})") from exc
    if wrong:
        raise NotPlain(f"{wrong} that does not fit")
    return value


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "builtins":
            for one in _BUILTIN:
                if one.__name__ == name:
                    return one
        elif module.startswith(_OURS) and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module and _holds_values(found):
                return found
        raise NotPlain(f"{module}.{name}, which is no value of ours")


def _holds_values(found: type) -> bool:
    return dataclasses.is_dataclass(found) or issubclass(found, (enum.Enum, BaseException))


def _misfit(value: Any) -> str:
    """The first field in it whose value is not of its type, by name; else empty."""
    if isinstance(value, (tuple, list)):
        return next(filter(None, map(_misfit, value)), "")
    if isinstance(value, enum.Enum) or not dataclasses.is_dataclass(value):
        return ""
    kind: Any = type(value)
    held, hints = vars(value), _hints(kind)
    for one in dataclasses.fields(value):
        if one.name not in held or not _fits(held[one.name], hints[one.name]):
            return f"a {kind.__name__}.{one.name}"
        if wrong := _misfit(held[one.name]):
            return wrong
    return ""


@functools.lru_cache(maxsize=None)
def _hints(kind: type) -> Dict[str, Any]:
    return typing.get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type, as far as that is known here: what is inside of dicts is not
    looked at."""
    if hint is Any:
        return True
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        return any(_fits(value, one) for one in inner)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if inner[1:] == (...,):
            return all(_fits(one, inner[0]) for one in value)
        return len(inner) == len(value) and all(map(_fits, value, inner))
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    kind = origin or hint
    return not isinstance(kind, type) or isinstance(value, kind)
