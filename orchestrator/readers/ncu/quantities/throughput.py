"""Shares of a peak: each is a resource that may limit a kernel (`performance.bottleneck`).

What contains what follows the breakdown metrics of an RTX 3050's report (ncu 2025.1): the SM's
throughput is the greatest of its instruction and memory pipes, that of the memory system the
greater of its units' (Mem Busy) and its links' (Max Bandwidth); in 64 launches of 12 public
reports it was exactly that.
"""

from __future__ import annotations

from orchestrator.readers.ncu.quantities.quantity import (
    COMPUTE,
    MEMORY,
    PER_ACTIVE,
    PER_ACTIVE_CYCLE,
    PER_ELAPSED,
    PER_TIME,
    SOL,
    Quantity,
    shown,
)

_pipe = "sm__inst_executed_pipe"


def _of_elapsed(
    title: str,
    metric: str,
    section: tuple[str, str],
    label: str,
    *elsewhere: str,
    formerly: tuple[str, ...] = (),
) -> Quantity:
    names = tuple(f"{one}.{PER_ELAPSED}" for one in elsewhere)
    return shown(
        title,
        f"{metric}.{PER_ELAPSED}",
        "%",
        PER_TIME,
        section,
        label,
        *names,
        formerly=formerly,
    )


def _of_active(title: str, metric: str, label: str, *elsewhere: str) -> Quantity:
    names = tuple(f"{one}.{PER_ACTIVE}" for one in elsewhere)
    return shown(title, f"{metric}.{PER_ACTIVE}", "%", PER_ACTIVE_CYCLE, COMPUTE, label, *names)


def _unlabelled(title: str, metric: str) -> Quantity:
    """ "FMA" and "ALU" each label two metrics, so a details page cannot say which it prints."""
    return Quantity(title, f"{metric}.{PER_ACTIVE}", "%", PER_ACTIVE_CYCLE, COMPUTE[0])


OVERALL = {
    "compute": _of_elapsed(
        "Compute throughput (of peak)",
        "sm__throughput",
        SOL,
        "Compute (SM) Throughput",
        formerly=("Compute (SM) [%]", "SM [%]", "SOL SM", "SOL SM [%]"),
    ),
    "memory": _of_elapsed(
        "Memory throughput (of peak)",
        "gpu__compute_memory_throughput",
        SOL,
        "Memory Throughput",
        formerly=("Memory [%]", "SOL Memory", "SOL Memory [%]"),
    ),
    "dram": _of_elapsed(
        "DRAM throughput (of peak)",
        "gpu__dram_throughput",
        SOL,
        "DRAM Throughput",
        "dram__throughput",
        formerly=("SOL DRAM", "SOL FB"),
    ),
}

CACHES = {
    "l2": _of_elapsed(
        "L2 throughput (of peak)",
        "lts__throughput",
        SOL,
        "L2 Cache Throughput",
        formerly=("SOL L2 Cache", "SOL L2"),
    ),
    # Of the active peak, as its section asks for it; sections alone ever print the other.
    "l1": shown(
        "L1/TEX throughput (of peak)",
        f"l1tex__throughput.{PER_ACTIVE}",
        "%",
        PER_ACTIVE_CYCLE,
        SOL,
        "L1/TEX Cache Throughput",
        formerly=("SOL L1/TEX Cache", "SOL TEX"),
    ),
    "mem_busy": _of_elapsed(
        "Memory units busy", "gpu__compute_memory_access_throughput", MEMORY, "Mem Busy"
    ),
    "mem_links": _of_elapsed(
        "Links between memory units busy",
        "gpu__compute_memory_request_throughput",
        MEMORY,
        "Max Bandwidth",
    ),
    "mem_pipes": _of_elapsed(
        "Memory pipes of the SM busy", "sm__memory_throughput", MEMORY, "Mem Pipes Busy"
    ),
}

PIPES = {
    "sm_busy": _of_active("SM busy", "sm__instruction_throughput", "SM Busy"),
    "tensor_pipe": _of_active(
        "Tensor pipe (all) active", "sm__pipe_tensor_cycles_active", "Tensor (All)"
    ),
    "wgmma_pipe": _of_active(
        "Tensor pipe (wgmma instructions)", f"{_pipe}_tensor_op_gmma", "Tensor (Warp Group)"
    ),
    "exp_pipe": _of_active("XU pipe (exp and alike)", f"{_pipe}_xu", "XU"),
    "fma_pipe": _unlabelled("FMA pipe active", "sm__pipe_fma_cycles_active"),
    "alu_pipe": _unlabelled("ALU pipe active", "sm__pipe_alu_cycles_active"),
    "lsu_pipe": _of_active("LSU pipe", f"{_pipe}_lsu", "LSU"),
}

ISSUE_SLOTS = _of_active(
    "Issue slots busy",
    "sm__inst_issued",
    "Issue Slots Busy",
    "smsp__issue_active",
    "sm__issue_active",
)
