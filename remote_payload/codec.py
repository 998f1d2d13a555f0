"""Frozen dataclasses to strict JSON and back, each error naming the key and what was expected."""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import json
import math
import os
import time
import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any, Type, TypeVar

T = TypeVar("T")
# A write takes milliseconds; the process may be one of another machine that shares the disk.
_WRITING_S = 1.0
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
    """Build `kind` from JSON text; text that is not JSON raises CodecError."""
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as exc:
        raise CodecError("", f"not valid JSON ({exc})") from exc
    return decode(kind, document)


def write_atomic(path: Path, text: str) -> None:
    """Write text so that `path` holds the old or the whole new content, also after a crash."""
    # Two processes may write the same file: each has a name of its own until the rename.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    _sweep(path)
    with open(partial, "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(partial, path)


def _sweep(path: Path) -> None:
    """Remove what writers of `path` left that were killed before their rename."""
    for left in path.parent.glob(f"{glob.escape(path.name)}.*.partial"):
        writer = left.name[len(path.name) + 1 : -len(".partial")]
        with contextlib.suppress(OSError):  # gone, or not ours
            if writer.isdigit() and not _lives(int(writer)) and _age_s(left) > _WRITING_S:
                left.unlink()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _age_s(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not strict JSON")


def _decode(kind: Any, value: Any, key: str) -> Any:
    origin = typing.get_origin(kind)
    if origin in _UNIONS:
        if value is None:
            return None
        inner = [arm for arm in typing.get_args(kind) if arm is not type(None)]
        return _decode(inner[0], value, key)
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


def _decode_dataclass(kind: Any, value: Any, key: str) -> Any:
    if not isinstance(value, dict):
        raise CodecError(key, f"expected an object, got {_name(value)}")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in value:
        if name not in fields:
            raise CodecError(_join(key, name), f"unknown key; known: {', '.join(sorted(fields))}")
    given = {}
    for name, field in fields.items():
        if name in value:
            given[name] = _decode(hints[name], value[name], _join(key, name))
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise CodecError(_join(key, name), "missing")
    return kind(**given)


def _decode_enum(kind: Any, value: Any, key: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(repr(member.value) for member in kind)
        raise CodecError(key, f"expected one of {known}, got {value!r}") from None


def _decode_scalar(kind: Any, value: Any, key: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, bool):
        raise CodecError(key, "expected int, got bool")
    if not isinstance(value, kind):
        raise CodecError(key, f"expected {kind.__name__}, got {_name(value)}")
    if kind is float and not math.isfinite(value):
        raise CodecError(key, "expected a finite number")
    return value


def _name(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
