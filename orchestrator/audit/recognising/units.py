"""Units as people write them behind a key or a number, and what one is worth in ours."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.audit.values import Quantity


@dataclass(frozen=True)
class Unit:
    """One of it is `factor` of ours: µs, FLOP/s, B/s, FLOP, B, ratios. printed: for people."""

    quantity: Quantity
    factor: float
    printed: str


_TIMES = {
    "ns": (1e-3, "ns nsec nsecs nanosecond nanoseconds"),
    "µs": (1.0, "us usec usecs microsecond microseconds"),
    "ms": (1e3, "ms msec msecs millisecond milliseconds millis"),
    "s": (1e6, "s sec secs second seconds"),
}
TIMES = {
    word: Unit(Quantity.TIME, factor, printed)
    for printed, (factor, words) in _TIMES.items()
    for word in words.split()
}
_PREFIXES = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15, "": 1.0}
_SPELLED = {"kilo": "k", "mega": "m", "giga": "g", "tera": "t", "peta": "p"}
_PER_S = r"(?:\s*/\s*s(?:ec(?:ond)?)?|[ _]?per[ _]?s(?:ec(?:ond)?)?|[ _]s(?:ec)?|ps)(?![a-z])"
# Rates, as one word in place of what was written: `gb/s` is `gb` and `s` otherwise.
_FLOPS = re.compile(
    rf"(?<![a-z])(kilo|mega|giga|tera|peta|[kmgtp])?[ _-]?fl(?:oating)?ops?(?:({_PER_S})|(?![a-z]))"
)
_OPS = re.compile(rf"(?<![a-z])([gtp])ops?(?:{_PER_S})?(?![a-z])")
_BYTES = re.compile(
    rf"(?<![a-z])(kilo|mega|giga|tera|[kmgt])?(i)?[ _-]?b(?:ytes?)?({_PER_S})"
    r"|(?<![a-z])([kmgt])(i)?bs(?![a-z])"
)


def rate_of(text: str) -> tuple[Unit | None, str]:
    """The unit of a rate in a lower-case key or unit, and what is left of the text without it.

    `flops` without a prefix or "per second" may be a number or a rate: it is read as a number.
    """
    if found := _BYTES.search(text):
        return _bytes(found), _without(text, found)
    if found := _FLOPS.search(text):
        prefix = _SPELLED.get(found[1] or "", found[1] or "")
        factor = _PREFIXES[prefix]
        if not found[2] and not prefix:
            return Unit(Quantity.FLOP, 1.0, "FLOP"), _without(text, found)
        return Unit(Quantity.FLOP_RATE, factor, f"{prefix.upper()}FLOPS"), _without(text, found)
    if found := _OPS.search(text):
        return Unit(Quantity.FLOP_RATE, _PREFIXES[found[1]], "TOPS"), _without(text, found)
    return None, text


def _bytes(found: re.Match[str]) -> Unit:
    written = found[1] or found[4] or ""
    prefix, binary = _SPELLED.get(written, written), found[2] or found[5]
    factor = _PREFIXES[prefix]
    if binary:
        factor = 1024.0 ** (" kmgt".index(prefix) if prefix else 0)
    return Unit(Quantity.BYTE_RATE, factor, f"{prefix.upper()}{'i' if binary else ''}B/s")


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def of(text: str) -> Unit | None:
    """A unit that stands alone, as behind a number or in a column of units; None for none."""
    word = text.strip().lower().replace("µ", "u").replace("μ", "u")
    if word in ("%", "percent", "pct"):
        return Unit(Quantity.SHARE, 0.01, "%")
    if word in ("x", "×"):
        return Unit(Quantity.SPEEDUP, 1.0, "×")
    if word in TIMES:
        return TIMES[word]
    unit, rest = rate_of(word)
    return unit if unit and not rest.strip(" /()[]") else None
