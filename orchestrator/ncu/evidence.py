"""Counters as evidence for `performance.bottleneck`: of one call, or of like launches in a file."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

from orchestrator.performance.bottleneck.evidence import TENSOR_KEYS, Evidence
from orchestrator.readers.ncu.capture import KernelCapture
from orchestrator.readers.ncu.quantities.combine import (
    NOT_THERE,
    Reading,
    State,
    combine,
    read,
    reading,
)
from orchestrator.readers.ncu.quantities.metrics import QUANTITIES
from orchestrator.readers.ncu.quantities.peaks import other_denominator, others
from orchestrator.readers.ncu.quantities.quantity import (
    COMPUTE,
    NEVER,
    PER_ACTIVE,
    PER_ACTIVE_CYCLE,
    PER_ELAPSED,
    PER_TIME,
    SAME,
    STALLS,
    Quantity,
    asked,
)

# Why warps wait, each under all names that a file may have it under; the first kind that was
# measured speaks, for they count different things. Not being selected is no wait: another warp ran.
_WAITS = (
    QUANTITIES["stall_wait"].metric.replace("wait", "{}"),
    "smsp__warp_issue_stalled_{}_per_warp_active.pct",
    "smsp__average_warp_latency_issue_stalled_{}.ratio",
    "smsp__pcsamp_warps_issue_stalled_{}",
)
_REASONS = tuple(reason for reason in STALLS if reason != "not_selected")
_NS_PER_US = 1e3
# Blackwell's tcgen05: the pipe that is called tensor there serves mma.sync alone. One SDPA call of
# cuDNN on a B200 had it at 36 % and the other at 3.5 % (ncu, raw page).
_TCGEN05 = Quantity(
    "Tensor pipe (tcgen05)",
    f"sm__pipe_tc_cycles_active.{PER_ACTIVE}",
    "%",
    PER_ACTIVE_CYCLE,
    COMPUTE[0],
)
_HAS_TCGEN05 = "10."
# Shared memory alone; its section prints the sum of the SMs, whose share of the peak is the same.
_SHARED = asked(
    "Shared memory data pipe",
    f"l1tex__data_pipe_lsu_wavefronts_mem_shared.sum{PER_ELAPSED.removeprefix('avg')}",
    "%",
    PER_TIME,
    f"l1tex__data_pipe_lsu_wavefronts_mem_shared.{PER_ELAPSED}",
)
_BLOCKS = Quantity(
    "Blocks", "launch__grid_size", "", NEVER, labels=(("Launch Statistics", "Grid Size"),)
)
_SMS = Quantity(
    "SMs",
    "launch__sm_count",
    "",
    SAME,
    labels=(("Launch Statistics", "# SMs"),),
    elsewhere=("device__attribute_multiprocessor_count",),
)

Value = Callable[[Quantity], float | None]


def of_call(kernels: Sequence[KernelCapture], minimum_bytes: int = 0) -> tuple[Evidence, ...]:
    """The evidence in the kernels of one call; minimum_bytes: what its case has to move."""
    return _evidence(
        kernels, lambda quantity: combine(kernels, quantity).value, float(minimum_bytes)
    )


def of_launches(kernels: Sequence[KernelCapture]) -> tuple[Evidence, ...]:
    """The evidence in launches of one kernel: the medians, where every launch has the figure."""

    def median(quantity: Quantity) -> float | None:
        values = [read(one, quantity) for one in kernels]
        known = [value for value in values if value is not None]
        return statistics.median(known) if known and len(known) == len(values) else None

    return _evidence(kernels, median, 0.0)


def _evidence(
    kernels: Sequence[KernelCapture], value: Value, minimum_bytes: float
) -> tuple[Evidence, ...]:
    found = [
        one
        for key, quantity in QUANTITIES.items()
        if quantity.says and (one := _one(kernels, value, key, quantity)) is not None
    ]
    found += _waits(kernels, value)
    found += _derived(kernels, value, minimum_bytes)
    found = _with_tcgen05(found, kernels, value)
    return (*found, *_by_form(found, kernels, value), *_grid(kernels, value))


def _one(
    kernels: Sequence[KernelCapture], value: Value, key: str, quantity: Quantity
) -> Evidence | None:
    """The figure, or what stands there and is not understood; None if it was not collected."""
    other = other_denominator(key)
    for one in (quantity, other) if other else (quantity,):
        figure = value(one)
        if figure is not None:
            unit = one.unit if one.unit == "%" else ""
            return Evidence(key, quantity.says, figure, unit, _name(kernels, one))
    unclear = _unclear(kernels, quantity)
    if not unclear.said:
        return None
    return Evidence(key, quantity.says, math.nan, "", unclear.name, unclear.said)


def _unclear(kernels: Sequence[KernelCapture], quantity: Quantity) -> Reading:
    found = (reading(one, quantity) for one in kernels)
    return next((one for one in found if one.state is State.NOT_UNDERSTOOD), NOT_THERE)


def _waits(kernels: Sequence[KernelCapture], value: Value) -> list[Evidence]:
    unclear = []
    for pattern in _WAITS:
        found = []
        for reason in _REASONS:
            unit = "%" if pattern.endswith(".pct") else ""
            name = pattern.format(reason)
            own = QUANTITIES[f"stall_{reason}"]
            one = own if name == own.metric else asked(own.title, name, unit, NEVER)
            key, title = f"stall_{reason}", f"stall {reason.replace('_', ' ')}"
            figure, seen = value(one), _unclear(kernels, one)
            if figure is not None:
                found.append(Evidence(key, title, figure, unit, _name(kernels, one)))
            elif seen.said:
                unclear.append(Evidence(key, title, math.nan, "", seen.name, seen.said))
        if found:
            return found
    return unclear


def _by_form(
    found: Sequence[Evidence], kernels: Sequence[KernelCapture], value: Value
) -> list[Evidence]:
    """Pipes and units that only the form of their name makes known."""
    names = {name for one in kernels for name in one.metrics}
    if any(one.compute_capability.startswith(_HAS_TCGEN05) for one in kernels):
        names = {name for name in names if "pipe_tensor" not in name}
    more = others(names, [one.key for one in found if one.usable]).items()
    figures = ((key, one, value(one)) for key, one in more)
    return [
        Evidence(key, one.title, figure, "%", one.metric)
        for key, one, figure in figures
        if figure is not None
    ]


def _grid(kernels: Sequence[KernelCapture], value: Value) -> list[Evidence]:
    """How many blocks there are for how many SMs."""
    blocks, sms = value(_BLOCKS), value(_SMS)
    grids = {one.grid for one in kernels}
    source = _name(kernels, _BLOCKS)
    if blocks is None and len(grids) == 1 and (grid := grids.pop()):
        blocks, source = float(math.prod(grid)), "grid"
    found = [Evidence("blocks", "blocks", blocks, "", source)] if blocks is not None else []
    if sms is not None:
        found.append(Evidence("sms", "SMs", sms, "", _name(kernels, _SMS)))
    return found


def _with_tcgen05(
    found: list[Evidence], kernels: Sequence[KernelCapture], value: Value
) -> list[Evidence]:
    """Where tcgen05 is, its pipe; where that was not measured, nothing is known of tensor cores."""
    if not any(one.compute_capability.startswith(_HAS_TCGEN05) for one in kernels):
        return found
    share = value(_TCGEN05)
    if share is None:
        return [one for one in found if one.key not in TENSOR_KEYS]
    return [*found, Evidence("tc_pipe", "tensor pipe by tcgen05", share, "%", _TCGEN05.metric)]


def _derived(
    kernels: Sequence[KernelCapture], value: Value, minimum_bytes: float
) -> list[Evidence]:
    """What follows from several metrics; nothing where one of them is missing."""
    found = []
    duration = value(QUANTITIES["duration"])
    if duration is not None:
        source = f"{_name(kernels, QUANTITIES['duration'])}, under ncu"
        found.append(Evidence("duration", "duration", duration / _NS_PER_US, "µs", source))
    read_bytes, written = value(QUANTITIES["dram_read"]), value(QUANTITIES["dram_written"])
    if read_bytes is not None and written is not None and minimum_bytes:
        ratio = (read_bytes + written) / minimum_bytes
        names = [_name(kernels, QUANTITIES[key]) for key in ("dram_read", "dram_written")]
        source = f"{' + '.join(names)}, over the model's {minimum_bytes / 1e6:.4g} MB"
        found.append(Evidence("traffic_ratio", "DRAM traffic over compulsory", ratio, "×", source))
    shared = value(_SHARED)
    if shared is not None:
        found.append(Evidence("shared", "shared memory", shared, "%", _name(kernels, _SHARED)))
    conflicts = value(QUANTITIES["shared_conflicts"])
    wavefronts = value(QUANTITIES["shared_wavefronts"])
    if conflicts is not None and wavefronts:
        names = [QUANTITIES[key].metric for key in ("shared_conflicts", "shared_wavefronts")]
        share = 100 * conflicts / wavefronts
        found.append(Evidence("conflicts", "bank conflicts", share, "%", " / ".join(names)))
    return found


def _name(kernels: Sequence[KernelCapture], quantity: Quantity) -> str:
    """The name under which the file has it."""
    readings = (reading(one, quantity) for one in kernels)
    return next((one.name for one in readings if one.value is not None), quantity.metric)
