"""Counters as evidence for `model.bottleneck`: of one call, or of like launches in a file."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from orchestrator.model.bottleneck_evidence import TENSOR_KEYS, Evidence
from orchestrator.ncu.capture import KernelCapture
from orchestrator.ncu.combine import combine, read
from orchestrator.ncu.metrics import QUANTITIES
from orchestrator.ncu.quantity import COMPUTE, PER_ACTIVE, PER_ACTIVE_CYCLE, STALLS, Quantity

_TITLES = {
    "tensor_pipe": "tensor pipe",
    "wgmma_pipe": "tensor pipe by wgmma",
    "exp_pipe": "exp pipe",
    "dram": "DRAM",
    "l2": "L2",
    "fma_pipe": "FMA pipe",
    "alu_pipe": "ALU pipe",
    "lsu_pipe": "LSU pipe",
    "issue_slots": "issue slots",
    "eligible_warps": "eligible warps",
    "compute": "busiest unit of the SM",
    "occupancy": "occupancy achieved",
    "occupancy_limit": "occupancy possible",
    "waves": "waves per SM",
    **{f"stall_{reason}": f"stall {reason.replace('_', ' ')}" for reason in STALLS},
}
# Neither is a wait: the first stands behind another warp's turn.
_NO_WAIT = ("stall_not_selected",)
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

Value = Callable[[Quantity], float | None]


def of_call(kernels: Sequence[KernelCapture], minimum_bytes: int = 0) -> tuple[Evidence, ...]:
    """The evidence in the kernels of one call; minimum_bytes: what its shape has to move."""
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
    found = []
    for key, title in _TITLES.items():
        quantity = QUANTITIES[key]
        figure = value(quantity)
        if figure is not None and key not in _NO_WAIT:
            unit = quantity.unit if quantity.unit == "%" else ""
            found.append(Evidence(key, title, figure, unit, _name(kernels, quantity)))
    found += _derived(kernels, value, minimum_bytes)
    return tuple(_with_tcgen05(found, kernels, value))


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
    conflicts = value(QUANTITIES["shared_conflicts"])
    wavefronts = value(QUANTITIES["shared_wavefronts"])
    if conflicts is not None and wavefronts:
        names = [QUANTITIES[key].metric for key in ("shared_conflicts", "shared_wavefronts")]
        share = 100 * conflicts / wavefronts
        found.append(Evidence("conflicts", "bank conflicts", share, "%", " / ".join(names)))
    return found


def _name(kernels: Sequence[KernelCapture], quantity: Quantity) -> str:
    """The name under which the file has it."""
    for name in (quantity.metric, *quantity.elsewhere):
        if any(one.number(name) is not None for one in kernels):
            return name
    return quantity.metric
