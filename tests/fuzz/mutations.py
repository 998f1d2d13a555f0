"""Damage: a run's file as bytes, text or JSON → one that no honest tool wrote. Seeded, so that
the same generator gives the same damage."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

Node: TypeAlias = "list[Any] | dict[str, Any]"
Place: TypeAlias = "tuple[Node, Any]"

# Written into the JSON text as they stand: what json.dumps cannot or will not write.
_RAW = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e400",
    "1" + "0" * 400,
    "-1" + "0" * 400,
    "9" * 5000,
    "[" * 100_000 + "]" * 100_000,
    '{"a":' * 5_000 + "1" + "}" * 5_000,
    "0x10",
    "01",
    '"\\ud800"',
    '"\\ud800\\u0000"',
)
_NUMBERS = (
    0, 1, -1, 2, -0.0, 0.5, 1e-9, 5e-324, -5e-324, 2.2e-308, 1e-300, 1e18, 1e100, 1e154, 1e200,
    1.7e308, -1.7e308, 2**31, 2**31 - 1, 2**53, 2**63 - 1, 2**63, -(2**63), 10**18, 10**100,
    10**308, 1e9, 1e12,
)  # fmt: skip
_STRINGS = (
    "",
    " ",
    "\x00",
    "\x1b[2J\x1b]0;x\x07",
    "\u202egpj",
    "\ud83d\ude00",
    "\n",
    "a\nb",
    "| a | b |",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "artifacts",
    "x" * 5000,
    "é" * 300,
    "nan",
    "9" * 400,
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "NVIDIA H100 80GB HBM3",
    "sdpa",
    "{{ x }}",
    "%s%n",
)
_LINES = ('"' * 5, "," * 300, "(" * 20_000, "<" * 20_000)
_OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"": None}, [0] * 3)
_TOKEN = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
_TOKENS = (
    "nan", "inf", "-inf", "1e400", "-1", "0", "9" * 400, "9" * 5000, "1e308", "1e-320", "", "0x7f",
    "1,000,000", "1.2.3", "1e99999999", "٣", "²", "9" * 19,
)  # fmt: skip


@dataclass(frozen=True)
class Damaged:
    """A file's new bytes, and what was done to it, for people."""

    data: bytes
    how: str


def damage(data: bytes, draw: Random) -> Damaged:
    """One file, damaged in one to four places."""
    is_json = data[:1] == b"{"
    kind = draw.choices(("tree", "text", "bytes"), (7 if is_json else 0, 2, 1 if is_json else 2))[0]
    if kind == "tree":
        return _in_tree(data, draw)
    change, told = (_in_text, "text") if kind == "text" else (_in_bytes, "bytes")
    times = draw.randint(1, 3)
    for _ in range(times):
        data = change(data, draw)
    return Damaged(data, f"{times} × {told}")


def _in_tree(data: bytes, draw: Random) -> Damaged:
    tree = json.loads(data)
    raw: dict[str, str] = {}
    told = []
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 4))):
        kinds = _kinds(tree)
        if not kinds:
            break
        name = draw.choice(sorted(kinds))
        places = kinds[name] if draw.random() < 0.35 else [draw.choice(kinds[name])]
        what = draw.choice(_CHANGES)
        told.append(f"{name} ×{len(places)}: {what(places, draw, raw)}")
    text = json.dumps(tree, indent=1)
    for mark, written in raw.items():
        text = text.replace(json.dumps(mark), written)
    return Damaged(text.encode("utf-8", "surrogatepass"), "; ".join(told))


def _kinds(tree: Any) -> dict[str, list[Place]]:
    """Every place in the tree under its path without list indices."""
    found: dict[str, list[Place]] = {}
    waiting: list[tuple[str, Any]] = [("", tree)]
    while waiting:
        path, node = waiting.pop()
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            name = f"{path}.{key}" if isinstance(node, dict) else f"{path}[]"
            found.setdefault(name, []).append((node, key))
            if isinstance(value, (dict, list)):
                waiting.append((name, value))
    return found


def _raw(places: list[Place], draw: Random, raw: dict[str, str]) -> str:
    written = draw.choice(_RAW)
    mark = f"@raw{len(raw)}@"
    raw[mark] = written
    for node, key in places:
        node[key] = mark
    return f"{written[:12]}… as it stands"


def _number(places: list[Place], draw: Random, raw: dict[str, str]) -> str:
    value = draw.choice(_NUMBERS)
    for node, key in places:
        node[key] = value
    return f"= {value!r:.12}"


def _scaled(places: list[Place], draw: Random, raw: dict[str, str]) -> str:
    factor = draw.choice((-1, 0, 1e3, 1e6, 1e-3, 1e-6, 1e-9, 1e9, 1e15, 1e-15, 1e40, 1e-40, 1e150))
    for node, key in places:
        value = node[key]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                changed = value * factor
                node[key] = int(changed) if isinstance(value, int) else changed
            except OverflowError:
                node[key] = factor
    return f"× {factor}"


def _string(places: list[Place], draw: Random, raw: dict[str, str]) -> str:
    value = draw.choice(_STRINGS)
    for node, key in places:
        node[key] = value
    return f"= {value[:20]!r}"


def _other(places: list[Place], draw: Random, raw: dict[str, str]) -> str:
    value = draw.choice(_OTHERS)
    for node, key in places:
        node[key] = json.loads(json.dumps(value))
    return f"= {value!r}"


def _gone(places: list[Place], draw: Random, raw: dict[str, str]) -> str:
    node, key = places[0]
    del node[key]
    return "removed"


def _renamed(places: list[Place], draw: Random, raw: dict[str, str]) -> str:
    node, key = places[0]
    if isinstance(node, dict):
        node[draw.choice((f"{key}_", str(key).upper(), "", "\u202e", "x" * 7000))] = node.pop(key)
    return "renamed"


def _resized(places: list[Place], draw: Random, raw: dict[str, str]) -> str:
    node, key = places[0]
    value = node[key]
    if not isinstance(value, list) or not value:
        return _gone(places, draw, raw)
    count = draw.choice((0, 1, 2, len(value) - 1, len(value) + 1, 7 * len(value)))
    node[key] = [json.loads(json.dumps(value[n % len(value)])) for n in range(count)]
    return f"{count} items"


def _swapped(places: list[Place], draw: Random, raw: dict[str, str]) -> str:
    (one, first), (other, second) = draw.choice(places), draw.choice(places)
    one[first], other[second] = other[second], one[first]
    return "two of them swapped"


def _lone(places: list[Place], draw: Random, raw: dict[str, str]) -> str:
    """A value of the same kind that some enum or table knows, in the wrong place."""
    value = draw.choice(
        ("ok", "failed", "skipped", "cold", "graph", "back_to_back", "fp32", "fp8", "bench", "ncu",
         "trace", "cpu", "cuda", "9.0", "sm_90a", "copy", "exp", "byte", "flop", "timeout")
    )  # fmt: skip
    for node, key in places:
        node[key] = value
    return f"= {value!r}"


_CHANGES: tuple[Callable[[list[Place], Random, dict[str, str]], str], ...] = (
    _raw, _number, _number, _number, _scaled, _scaled, _string, _other, _gone, _renamed, _resized,
    _swapped, _lone,
)  # fmt: skip


def _in_text(data: bytes, draw: Random) -> bytes:
    text = data.decode("latin-1")  # each byte a character, whatever it belongs to
    found = list(_TOKEN.finditer(text))
    if found and draw.random() < 0.6:
        one = draw.choice(found)
        text = text[: one.start()] + _bytewise(draw.choice(_TOKENS)) + text[one.end() :]
    else:
        lines = text.split("\n")
        at, to = (draw.randrange(len(lines)) for _ in range(2))
        how = draw.randrange(5)
        if how == 0:
            del lines[at]
        elif how == 1:
            lines[at], lines[to] = lines[to], lines[at]
        elif how == 2:
            lines[at:at] = [lines[to]] * draw.choice((1, 3, 200))
        elif how == 3:
            lines[at] = lines[at][: len(lines[at]) // 2]
        else:
            lines[at] = _bytewise(draw.choice((*_STRINGS, *_LINES)))
        text = "\n".join(lines)
    return text.encode("latin-1")


def _bytewise(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _in_bytes(data: bytes, draw: Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    end = min(len(data), at + draw.choice((1, 2, 16, 300)))
    return draw.choice(
        (
            data[:at],
            b"",
            data[:at] + data[end:],
            data[:at] + draw.randbytes(draw.choice((1, 4, 64))) + data[end:],
            data[:at] + bytes(b ^ (1 << draw.randrange(8)) for b in data[at:end]) + data[end:],
            data[:at] + b"\0" * draw.choice((1, 4096)) + data[at:],
            data[:end] + data[at:end] * draw.choice((1, 50)) + data[end:],
            b"\xef\xbb\xbf" + data,
            data.decode("utf-8", "replace").encode("utf-16"),
            data + b"}",
            data + data,
            b"{" * draw.choice((1, 100_000)) + data,
            b"[" * draw.choice((1, 100_000)) + data,
        )
    )
