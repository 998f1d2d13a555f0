"""Which evidence is a share of a resource's peak, and which of those contain others."""

from __future__ import annotations

from orchestrator.performance.bottleneck.evidence import TENSOR_KEYS, Evidence, Known, Limit
from orchestrator.readers.ncu.quantities.metrics import QUANTITIES

# Ours: two shares that close are taken for one and the same.
_SAME_POINTS = 5.0
_LIMITS = {key: Limit[one.limits] for key, one in QUANTITIES.items() if one.limits}
# Evidence that stands for no one quantity.
_LIMITS |= {"tc_pipe": Limit.TENSOR, "shared": Limit.SHARED}
# Pipes that only the form of their name makes known: `pipe:fp64`.
_PIPE, _UNIT = "pipe:", "unit:"
_PIPES = {
    "tensor": Limit.TENSOR,
    "tc": Limit.TENSOR,
    "xu": Limit.EXP,
    "fma": Limit.FMA,
    "fmaheavy": Limit.FMA,
    "fmalite": Limit.FMA,
    "alu": Limit.ALU,
    "lsu": Limit.LSU,
    "fp64": Limit.FP64,
}
# A throughput that is the greatest of others: itself a resource only if none of them explains it.
_PARTS = {key: one.contains for key, one in QUANTITIES.items() if one.contains}
# Of the elapsed cycles all: no unit that they contain is busier, over the whole kernel.
OVERALL = ("compute", "memory", "mem_busy", "mem_links", "mem_pipes")
_MEMORY_UNITS = frozenset(
    (Limit.DRAM, Limit.L2, Limit.L1, Limit.SHARED, Limit.LSU, Limit.MEMORY_PIPES, Limit.MEMORY)
)
_SM_UNITS = frozenset(
    (
        *(Limit.TENSOR, Limit.EXP, Limit.FMA, Limit.ALU, Limit.LSU, Limit.FP64, Limit.PIPE),
        *(Limit.ISSUE, Limit.COMPUTE, Limit.MEMORY_PIPES),
    )
)


def limit_of(key: str) -> Limit | None:
    """The resource whose share of its own peak this evidence is; None if it is no such share."""
    if key.startswith(_PIPE):
        return _PIPES.get(key.removeprefix(_PIPE).split()[0], Limit.PIPE)
    return Limit.UNIT if key.startswith(_UNIT) else _LIMITS.get(key)


def ranked(known: Known) -> list[Evidence]:
    """The resources that were measured, busiest first, without what others explain."""
    shares = [one for key, one in known.items() if limit_of(key) and not _is_explained(key, known)]
    return sorted(shares, key=lambda one: -one.value)


def knows_memory(known: Known) -> bool:
    """Whether no part of the memory system can be busier than what is known of it."""
    return bool({"dram", "memory"} & set(known)) or {"mem_busy", "mem_links"} <= set(known)


def knows_pipes(known: Known) -> bool:
    """Whether both the tensor cores and the exponentials were measured."""
    return "exp_pipe" in known and bool(set(TENSOR_KEYS) & set(known))


def is_memory(limit: Limit) -> bool:
    """Whether it belongs to what ncu calls Memory; the LSU pipe belongs to both."""
    return limit in _MEMORY_UNITS


def is_compute(limit: Limit) -> bool:
    """Whether it belongs to what ncu calls Compute."""
    return limit in _SM_UNITS


def _is_explained(key: str, known: Known) -> bool:
    if key not in _PARTS:
        return False
    parts = [known[part].value for part in _PARTS[key] if part in known]
    if key in ("sm_busy", "compute"):
        parts += [one.value for name, one in known.items() if name.startswith(_PIPE)]
    return any(part >= known[key].value - _SAME_POINTS for part in parts)
