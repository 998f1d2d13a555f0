"""`axes` and `cpu_axes`: what a case of a user's operator consists of, and what is usual."""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, Optional, Tuple

from remote_payload.contract.case import Value
from remote_payload.operators.user.stated import OPAQUE, Stated, shown

# What a function may take beside the axes.
DRAWN = ("dtype", "generator")
_AXIS = re.compile(r"[A-Za-z_]\w{0,30}\Z", re.ASCII)
_MOST_VALUES = 256
Sweep = Dict[str, Tuple[Value, ...]]


def usual_sweep(stated: Stated) -> Optional[Sweep]:
    axes = stated.values["axes"]
    if axes is OPAQUE:
        return None
    if not isinstance(axes, Mapping) or not axes:
        problem = f'expected a dict such as {{"M": 4096, "N": 1024}}, got {shown(axes)}'
        raise stated.bad("axes", problem)
    for name in axes:
        if not isinstance(name, str) or not _AXIS.match(name) or name in DRAWN:
            raise stated.bad("axes", f"{name!r} cannot be the name of an axis")
    return {name: _values(stated, "axes", name, value) for name, value in axes.items()}


def cpu_sweep(stated: Stated, sweep: Sweep) -> Sweep:
    axes = stated.values.get("cpu_axes", {})
    if axes is OPAQUE:
        return sweep
    if not isinstance(axes, Mapping):
        raise stated.bad("cpu_axes", f"expected a dict such as {{'M': 256}}, got {shown(axes)}")
    for name in axes:
        if name not in sweep:
            raise stated.bad("cpu_axes", f"{name!r} is none of axes, which are {', '.join(sweep)}")
    own = {name: _values(stated, "cpu_axes", name, value) for name, value in axes.items()}
    for name, values in own.items():
        if type(values[0]) is not type(sweep[name][0]):
            raise stated.bad("cpu_axes", f"{name}: {values[0]!r} is of another kind than in axes")
    return {**sweep, **own}


def _values(stated: Stated, key: str, axis: str, given: Any) -> Tuple[Value, ...]:
    values = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    fits = all(
        isinstance(one, (bool, str)) or (isinstance(one, int) and 0 <= one < 2**31)
        for one in values
    )
    if not values or not fits or len({type(one) for one in values}) > 1:
        what = "a whole number from 0 on, True or False, a word, or a list of one of these"
        raise stated.bad(key, f"{axis}: expected {what}, got {shown(given)}")
    if len(set(values)) != len(values) or len(values) > _MOST_VALUES:
        raise stated.bad(key, f"{axis}: expected at most {_MOST_VALUES} values, each once")
    return values
