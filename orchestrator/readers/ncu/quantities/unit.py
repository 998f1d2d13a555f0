"""Units of Nsight Compute, and the one unit of each kind that we keep."""

from __future__ import annotations

from functools import lru_cache

# ncu's prefixes are decimal: a Kbyte is 1000 byte (checked against --print-units base).
_BASE: dict[str, tuple[str, int]] = {
    "": ("", 1),
    "%": ("%", 1),
    "ns": ("ns", 1),
    "nsecond": ("ns", 1),
    "us": ("ns", 10**3),
    "usecond": ("ns", 10**3),
    "ms": ("ns", 10**6),
    "msecond": ("ns", 10**6),
    "s": ("ns", 10**9),
    "sec": ("ns", 10**9),
    "second": ("ns", 10**9),
    "byte": ("byte", 1),
    "Kbyte": ("byte", 10**3),
    "Mbyte": ("byte", 10**6),
    "Gbyte": ("byte", 10**9),
    "Tbyte": ("byte", 10**12),
    "hz": ("hz", 1),
    "Hz": ("hz", 1),
    "Khz": ("hz", 10**3),
    "Mhz": ("hz", 10**6),
    "Ghz": ("hz", 10**9),
}
# What is counted. ncu prints them whole, in the singular or the plural, and names one and the same
# ratio differently from version to version ("inst", "warp", "cycle/inst", nothing).
_COUNTS = (
    *("block", "branch", "cluster", "conflict", "cycle", "inst", "op", "pass", "register"),
    *("request", "sample", "sector", "thread", "warp", "wavefront", "SM"),
)
_PLURALS = {"branch": "branches", "pass": "passes"}
_BASE |= {one: (one, 1) for one in _COUNTS}
_BASE |= {_PLURALS.get(one, f"{one}s"): (one, 1) for one in _COUNTS}
_BASE |= {"instruction": ("inst", 1), "instructions": ("inst", 1), "ratio": ("", 1)}
_PER_SECOND = {"s": 1, "sec": 1, "second": 1, "ms": 10**3, "msecond": 10**3}
_PER_SECOND |= {"us": 10**6, "usecond": 10**6, "ns": 10**9, "nsecond": 10**9}


def base(unit: str) -> tuple[str, int] | None:
    """The unit we keep and the factor to it, `Mbyte/s` to (`byte/s`, 10**6); None if unknown."""
    over, slash, under = unit.partition("/")
    top = _BASE.get(over)
    if not slash:
        return top
    if top is None or not over:
        return None
    if under in _PER_SECOND:
        factor = top[1] * _PER_SECOND[under]
        return ("hz", factor) if top[0] == "cycle" else (f"{top[0]}/s", factor)
    bottom = _BASE.get(under)
    if bottom is None or bottom[1] != 1:
        return None
    return f"{top[0]}/{bottom[0]}", top[1]


@lru_cache(maxsize=4096)
def alike(unit: str, wanted: str) -> bool:
    """Whether a value in the one unit is a value in the other: what is counted has no size.

    `inst` and nothing, `byte/block` and `byte` are alike; `byte` and `byte/s` are not. Both are
    units that `base` gave; one that it does not know is like itself alone.
    """
    size = _size(unit)
    return unit == wanted or (size is not None and size == _size(wanted))


def _size(unit: str) -> tuple[str, str] | None:
    """What is left of a unit without words for what is counted; None if it is unknown."""
    if base(unit) is None and not unit.endswith("/s"):
        return None
    over, _, under = unit.partition("/")
    return "" if over in _COUNTS else over, "" if under in _COUNTS else under
