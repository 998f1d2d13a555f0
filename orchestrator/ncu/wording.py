"""Counters as people read them."""

from __future__ import annotations

import re

_DIGITS = 4
_NAME_LIMIT = 72
_PREFIXES = ("", "k", "M", "G", "T", "P")
_SCALED = {"byte": "B", "byte/s": "B/s", "hz": "Hz"}
_TIMES = ("ns", "µs", "ms", "s")
_RESULT = re.compile(r"^(?:void|[\w:]+) (?=[\w:<])")
# `<unnamed>::` is a namespace, not an argument list.
_TEMPLATE = re.compile(r"(?<=\w)<")


def readable(value: float, unit: str) -> str:
    """`141.3 µs`, `1.703 TB/s`, `51.48 %`, `56 register/thread`: four digits, decimal prefixes."""
    if unit == "ns":
        size, step = _scaled(value, len(_TIMES) - 1)
        return f"{_digits(size)} {_TIMES[step]}"
    if unit in _SCALED:
        size, step = _scaled(value, len(_PREFIXES) - 1)
        return f"{_digits(size)} {_PREFIXES[step]}{_SCALED[unit]}"
    return f"{_digits(value)} {unit}".rstrip()


def _scaled(value: float, last: int) -> tuple[float, int]:
    step = 0
    # 999.96 would round to 1000 of the smaller unit.
    while abs(value) >= 999.95 and step < last:
        value, step = value / 1000, step + 1
    return value, step


def _digits(value: float) -> str:
    if value == 0 or abs(value) >= 10 ** (_DIGITS - 1) or float(value).is_integer():
        return f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.{_DIGITS}g}"
    return f"{value:.{_DIGITS}g}"


def short_name(kernel: str) -> str:
    """A kernel's name without result type and parameters, cut where it is endless."""
    name = _RESULT.sub("", _without_parameters(kernel.strip()))
    if len(name) > _NAME_LIMIT and (template := _TEMPLATE.search(name)):
        name = f"{name[: template.start()]}<…>"
    return name if len(name) <= _NAME_LIMIT else name[: _NAME_LIMIT - 1] + "…"


def _without_parameters(name: str) -> str:
    """Drop the last pair of parentheses; those of template arguments like (int)4 stay."""
    if not name.endswith(")"):
        return name
    depth = 0
    for place in range(len(name) - 1, 0, -1):
        depth += (name[place] == ")") - (name[place] == "(")
        if depth == 0:
            return name[:place]
    return name


def dim3(size: tuple[int, int, int] | None) -> str:
    """`1056 × 1 × 1`, empty if unknown."""
    return " × ".join(map(str, size)) if size else ""
