"""Shares of a peak under names that no quantity has: other pipes, other units, other denominators.

Every throughput that ncu printed is a candidate for what limits a kernel, so it is found by the
form of its name (ncu's Metrics Structure: unit__counter.rollup.submetric), not by a list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from orchestrator.readers.ncu.quantities.metrics import QUANTITIES
from orchestrator.readers.ncu.quantities.quantity import (
    COMPUTE,
    PER_ACTIVE,
    PER_ACTIVE_CYCLE,
    PER_ELAPSED,
    PER_TIME,
    Quantity,
    asked,
)

_OVER = r"\.avg\.pct_of_peak_sustained_(?P<over>active|elapsed)\Z"
_PIPE = re.compile(rf"sm(?:sp)?__(?:inst_executed_)?pipe_(?P<pipe>[a-z0-9]+)(?:_\w+)?{_OVER}", re.A)
_UNIT = re.compile(rf"(?P<unit>[a-z0-9]+)__(?:(?P<part>\w+)_)?throughput{_OVER}", re.A)
# A details page prints two metrics of one pipe under one label: cycles and instructions.
_LABEL = re.compile(
    rf"{re.escape(COMPUTE[1])}: (?P<pipe>ADU|ALU|CBU|FMA|FP16|FP64|IPA|TEX|TMA|Tensor|Uniform)"
    r"(?: \((?:DP|FP|INT)\))?(?: \((?P<again>\d+)\))?\Z"
)
_KNOWN = frozenset(
    name.replace(PER_ACTIVE, over).replace(PER_ELAPSED, over)
    for one in QUANTITIES.values()
    for name in one.names
    for over in (PER_ACTIVE, PER_ELAPSED)
)
# Pipes by the key of the quantity that stands for all of their kind.
_STANDS_FOR = {
    "tensor": ("tensor_pipe", "wgmma_pipe", "tc_pipe"),
    "tc": ("tc_pipe",),
    "xu": ("exp_pipe",),
    "fma": ("fma_pipe",),
    "fmaheavy": ("fma_pipe",),
    "fmalite": ("fma_pipe",),
    "alu": ("alu_pipe",),
    "lsu": ("lsu_pipe",),
    # FP64, FP16 and tensor instructions pass it together, so it says less than each.
    "shared": ("tensor_pipe", "wgmma_pipe", "tc_pipe"),
}


def other_denominator(key: str) -> Quantity | None:
    """The quantity as a share of the other peak: of the elapsed cycles, or of the active ones."""
    quantity = QUANTITIES[key]
    if quantity.metric.endswith(PER_ACTIVE):
        here, there, rule = PER_ACTIVE, PER_ELAPSED, PER_TIME
    elif quantity.metric.endswith(PER_ELAPSED):
        here, there, rule = PER_ELAPSED, PER_ACTIVE, PER_ACTIVE_CYCLE
    else:
        return None
    names = [one.replace(here, there) for one in (quantity.metric, *quantity.elsewhere)]
    if key == "issue_slots":
        names.append(f"sm__inst_executed.{there}")
    elsewhere = tuple(names[1:])
    return replace(
        quantity, metric=names[0], combination=rule, section="", labels=(), elsewhere=elsewhere
    )


def others(names: Iterable[str], have: Collection[str]) -> dict[str, Quantity]:
    """By key, the shares among these metrics that no quantity covers.

    have: keys of what is known already; a part of those tells nothing new.
    """
    found: dict[str, Quantity] = {}
    # "cycles_active" before "inst_executed", "active" before "elapsed": the closer figure wins.
    for name in sorted(names, key=lambda one: ("inst_executed" in one, one)):
        rule = PER_TIME if name.endswith("_elapsed") else PER_ACTIVE_CYCLE
        if pipe := _PIPE.match(name) or _LABEL.match(name):
            word = pipe["pipe"].lower()
            again = f" {pipe['again']}" if pipe.groupdict().get("again") else ""
            if not set(_STANDS_FOR.get(word, ())) & set(have):
                title = f"{word.upper() if len(word) <= 4 else word} pipe"
                found.setdefault(f"pipe:{word}{again}", asked(title, name, "%", rule))
        elif (unit := _UNIT.match(name)) and name not in _KNOWN:
            words = " ".join(filter(None, (unit["unit"], (unit["part"] or "").replace("_", " "))))
            key = f"unit:{words}"
            found.setdefault(key, asked(f"{words} throughput", name, "%", rule))
    return found
