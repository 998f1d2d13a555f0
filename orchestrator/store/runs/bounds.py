"""What a figure of a run can be at all; beyond it a file is damaged, or somebody made it up.

Wide on purpose: nothing that was ever measured comes near. Samples have no bounds here, as a report
keeps them and says why they are no times (`stats.usable`, `objection`). A wrong kernel can give
whatever a float of 32 bits holds.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import replace
from functools import cache
from math import prod
from typing import Any, TypeVar

from remote_payload.contract.case import Case
from remote_payload.contract.codec import CodecError
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Targets
from remote_payload.contract.watched import Span
from remote_payload.contract.words import SCHEMA
from remote_payload.operators import registry
from remote_payload.operators.base import BadCase, Operator

T = TypeVar("T")
# More work than all GPUs there are do in a day, in any unit used here.
LARGEST = 1e30
# Elements of one tensor: more have no address.
_MOST_ELEMENTS = 2**63
DIMENSION = (0, 2**31 - 1)
# IEEE 754 binary32; an error is the distance of two of them at most.
_LARGEST_FP32 = 3.4028235e38
_GOT = (-_LARGEST_FP32, _LARGEST_FP32)
_BOUNDS = {
    "axes": DIMENSION,
    "schema": (1, SCHEMA),
    # What others are divided by: a picosecond, and a time's unit.
    "limit_us": (1e-6, 1e15),
    "per": (1, 2**63),
    "max_abs": (0, 2 * _LARGEST_FP32),
    # Relative to what was wanted, which may be next to nothing.
    "max_rel": (0, 1e60),
    # Relative to what was allowed, which may be the least number there is.
    "used": (0, sys.float_info.max),
    **dict.fromkeys(("worst_got", "worst_want", "first_got", "first_want"), _GOT),
    "temperature_c": (-273.15, 10_000.0),
    "margin_c": (-10_000.0, 10_000.0),
    # Below zero: the signal that ended it.
    **dict.fromkeys(("exit_status", "exit_code", "status"), (-(2**31), 2**32)),
    "seed": (-(2**63), 2**64),
    "usd_per_hour": (0, 1e6),
    "clock_s": (-1e12, 1e12),
}
# By the unit that ends a name; seconds are those of a clock that is wrong, too.
_BY_UNIT = {"s": (0, 1e12), "seconds": (0, 1e12), "us": (0, 1e15), "mhz": (0, 1e6), "w": (0, 1e6)}
_ANY = (0, LARGEST)
_FREE = frozenset({"samples_us", "host_us"})


def checked(value: T) -> T:
    """The value itself. CodecError: the key of a figure in it that can be none, and its bounds."""
    _check(value, "")
    return value


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if field.name not in _FREE)


def _check(value: Any, key: str, name: str = "") -> None:
    if isinstance(value, (str, bool)) or value is None:
        return
    if isinstance(value, (int, float)):
        check_figure(value, key, *_bounds(name))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            _check(item, f"{key}[{number}]", name)
    elif dataclasses.is_dataclass(value):
        kind: Any = type(value)
        for inner in _names(kind):
            of = name if kind is Span else inner  # a span's figures are of what it spans
            _check(getattr(value, inner), f"{key}.{inner}" if key else inner, of)
        if isinstance(value, Case):
            _check_case(value, key)
        if isinstance(value, Targets) and not value.tiers:
            raise CodecError(f"{key}.tiers", "none, expected at least one")


@cache
def _bounds(name: str) -> tuple[float, float]:
    return _BOUNDS.get(name) or _BY_UNIT.get(name.rpartition("_")[2], _ANY)


def check_figure(value: float, key: str, low: float, high: float) -> None:
    """CodecError unless it lies between the two, or is one of them."""
    if value < low:
        raise CodecError(key, f"{value:.6g}, expected at least {low:g}")
    if value > high:
        raise CodecError(key, f"{value:.6g}, expected at most {high:g}")


def _check_case(case: Case, key: str) -> None:
    """Axes that the operator has, in its order, each with a value that it can have."""
    symbols = [symbol for symbol, _ in case.axes]
    if twice := [symbol for symbol in symbols if symbols.count(symbol) > 1]:
        raise CodecError(f"{key}.axes", f"the axis {twice[0]!r:.60} is given twice")
    operator = _known(case.operator)
    if operator is None:
        return
    try:
        made = operator.checked(case)
    except BadCase as exc:
        raise CodecError(f"{key}.axes", f"{exc!s:.300}") from None
    if made != case:
        raise CodecError(f"{key}.axes", f"not as we write them, expected those of {made.label}")
    sizes = [each.size for each in operator.inputs(case)]
    sizes += [each.size for each in operator.outputs(case)]
    if max(prod(size) for size in sizes) >= _MOST_ELEMENTS:
        raise CodecError(key, f"{case.label} has more elements than a tensor can have")


@cache
def _known(name: str) -> Operator | None:
    """One of ours, without what it takes today: another version may have taken more."""
    operator = registry.known(name)
    if operator is None:
        return None
    return replace(operator, dtypes=tuple(DType), possible=lambda case: None)
