"""Frozen dataclasses to strict JSON and back, each error naming the key and what was expected."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from enum import Enum
from typing import Any, Dict, List, Tuple, Type, TypeVar, Union

from remote_payload.contract.writing import write_atomic as write_atomic

T = TypeVar("T")
# What 64 bits hold, with a sign or without: nothing of ours counts further.
_WHOLE_LIMIT = 1 << 64
_WHOLE_DIGITS = 20
# Of a name or a value from outside, in a message.
_SHOWN_CHARACTERS = 60
# `X | None`, which the orchestrator writes, is a type of its own from Python 3.10 to 3.13.
_UNIONS = (typing.Union, getattr(types, "UnionType", typing.Union))


class CodecError(ValueError):
    """A document that does not match its dataclass. key: dotted path of the offending value."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key or 'document'}: {problem}")
        self.key = key
        self.problem = problem


def encode(value: Any) -> Any:
    """Turn dataclasses, tuples and enums into what json.dumps takes; refuse NaN and infinity."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise CodecError("", f"{value} has no place in strict JSON; use None and say why")
    return value


def dumps(value: Any) -> str:
    """One dataclass as indented, key-ordered JSON text with a final newline."""
    return json.dumps(encode(value), indent=1, sort_keys=True, allow_nan=False) + "\n"


def decode(kind: Type[T], document: Any, key: str = "") -> T:
    """Build `kind` from parsed JSON. Unknown, missing and mistyped keys raise CodecError."""
    return typing.cast(T, _decode(kind, document, key))


def loads(kind: Type[T], text: str) -> T:
    """Build `kind` from JSON text; text that `parse` refuses raises CodecError as well."""
    return decode(kind, parse(text))


def parse(text: Union[str, bytes]) -> Any:
    """JSON text as plain values, strictly: CodecError for what is none, for a key given twice, a
    number that is none or has more than 64 bits, and for what is nested without end."""
    try:
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=_whole,
            object_pairs_hook=_each_once,
        )
    except RecursionError:
        raise CodecError("", "not valid JSON (nested too deeply)") from None
    except ValueError as exc:
        raise CodecError("", f"not valid JSON ({exc})") from exc


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not strict JSON")


def _whole(digits: str) -> int:
    # Python would take seconds for a million digits, and refuses them in words of its own.
    if len(digits) > _WHOLE_DIGITS + 1 or abs(int(digits)) >= _WHOLE_LIMIT:
        raise ValueError(f"a whole number of {len(digits.lstrip('-'))} digits, more than 64 bits")
    return int(digits)


def _each_once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """The object; which of two values was meant, nobody knows."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {_shown(twice)} is given twice")
    return found


def _decode(kind: Any, value: Any, key: str) -> Any:
    origin = typing.get_origin(kind)
    if origin in _UNIONS:
        arms = typing.get_args(kind)
        if value is None and type(None) in arms:
            return None
        inner = [arm for arm in arms if arm is not type(None)]
        return _decode(next((a for a in inner if a is type(value)), inner[0]), value, key)
    if origin is tuple:
        return _decode_tuple(typing.get_args(kind), value, key)
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, value, key)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _decode_enum(kind, value, key)
    return _decode_scalar(kind, value, key)


def _decode_tuple(arms: Any, value: Any, key: str) -> Any:
    if not isinstance(value, list):
        raise CodecError(key, f"expected a list, got {_name(value)}")
    if len(arms) == 2 and arms[1] is Ellipsis:
        return tuple(_decode(arms[0], item, f"{key}[{n}]") for n, item in enumerate(value))
    if len(value) != len(arms):
        raise CodecError(key, f"expected {len(arms)} items, got {len(value)}")
    pairs = enumerate(zip(arms, value))
    return tuple(_decode(arm, item, f"{key}[{n}]") for n, (arm, item) in pairs)


@functools.lru_cache(maxsize=None)
def _fields(kind: Any) -> Dict[str, Tuple[Any, bool]]:
    """Type of each field of a dataclass, and whether it has a default."""
    hints = typing.get_type_hints(kind)
    missing = dataclasses.MISSING
    return {
        field.name: (
            hints[field.name],
            field.default is not missing or field.default_factory is not missing,
        )
        for field in dataclasses.fields(kind)
    }


def _decode_dataclass(kind: Any, value: Any, key: str) -> Any:
    if not isinstance(value, dict):
        raise CodecError(key, f"expected an object, got {_name(value)}")
    fields = _fields(kind)
    for name in value:
        if name not in fields:
            known = ", ".join(sorted(fields))
            raise CodecError(_join(key, _plain(name)), f"unknown key; known: {known}")
    given = {}
    for name, (hint, has_default) in fields.items():
        if name in value:
            given[name] = _decode(hint, value[name], _join(key, name))
        elif not has_default:
            raise CodecError(_join(key, name), "missing")
    try:
        return kind(**given)
    except ValueError as exc:  # of a kind that knows what its figures may be
        raise CodecError(key, str(exc)) from None


def _decode_enum(kind: Any, value: Any, key: str) -> Any:
    if isinstance(value, (dict, list)):
        raise CodecError(key, f"expected a word, got {_name(value)}")
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(repr(member.value) for member in kind)
        raise CodecError(key, f"expected one of {known}, got {_shown(value)}") from None


def _decode_scalar(kind: Any, value: Any, key: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(_counted(value, key))
    if kind is int and isinstance(value, bool):
        raise CodecError(key, "expected int, got bool")
    if not isinstance(value, kind):
        raise CodecError(key, f"expected {kind.__name__}, got {_name(value)}")
    if kind is float and not math.isfinite(value):
        raise CodecError(key, "expected a finite number")
    if kind is int:
        return _counted(value, key)
    return _whole_characters(value) if kind is str else value


def _counted(value: int, key: str) -> int:
    """Also of documents that no `parse` of ours has read."""
    if abs(value) >= _WHOLE_LIMIT:
        raise CodecError(key, "expected a whole number of at most 64 bits")
    return value


def _whole_characters(text: str) -> str:
    """Half a character, such as a file's name can hold, becomes an escape: no file takes it."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _shown(value: Any) -> str:
    """A scalar in a message, cut where it is long."""
    text = repr(value[: _SHOWN_CHARACTERS + 1] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN_CHARACTERS + 2 else f"{text[:_SHOWN_CHARACTERS]}…"


def _plain(name: str) -> str:
    """A key in a message: as it is, if it looks like one."""
    return name if name.isidentifier() and len(name) <= _SHOWN_CHARACTERS else _shown(name)


def _name(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
