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
    telling,
)

# What contains what; by key, those that are found by the form of their name alone included.
IN_PIPES = ("lsu_pipe", "l1", "shared", "pipe:lsu", "pipe:tex")
IN_MEMORY = ("dram", "l2", "l1", "shared", "lsu_pipe", "mem_pipes")
IN_SM = (
    *("tensor_pipe", "wgmma_pipe", "tc_pipe"),
    *("exp_pipe", "fma_pipe", "alu_pipe", "lsu_pipe", "issue_slots"),
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
    "compute": telling(
        _of_elapsed(
            "Compute throughput (of peak)",
            "sm__throughput",
            SOL,
            "Compute (SM) Throughput",
            formerly=("Compute (SM) [%]", "SM [%]", "SOL SM", "SOL SM [%]"),
        ),
        "busiest unit of the SM",
        "COMPUTE",
        (*IN_SM, "mem_pipes"),
    ),
    "memory": telling(
        _of_elapsed(
            "Memory throughput (of peak)",
            "gpu__compute_memory_throughput",
            SOL,
            "Memory Throughput",
            formerly=("Memory [%]", "SOL Memory", "SOL Memory [%]"),
        ),
        "busiest part of the memory system",
        "MEMORY",
        IN_MEMORY,
    ),
    "dram": telling(
        _of_elapsed(
            "DRAM throughput (of peak)",
            "gpu__dram_throughput",
            SOL,
            "DRAM Throughput",
            "dram__throughput",
            formerly=("SOL DRAM", "SOL FB"),
        ),
        "DRAM",
        "DRAM",
    ),
}

CACHES = {
    "l2": telling(
        _of_elapsed(
            "L2 throughput (of peak)",
            "lts__throughput",
            SOL,
            "L2 Cache Throughput",
            formerly=("SOL L2 Cache", "SOL L2"),
        ),
        "L2",
        "L2",
    ),
    # Of the active peak, as its section asks for it; sections alone ever print the other.
    "l1": telling(
        shown(
            "L1/TEX throughput (of peak)",
            f"l1tex__throughput.{PER_ACTIVE}",
            "%",
            PER_ACTIVE_CYCLE,
            SOL,
            "L1/TEX Cache Throughput",
            formerly=("SOL L1/TEX Cache", "SOL TEX"),
        ),
        "L1/TEX",
        "L1",
    ),
    "mem_busy": telling(
        _of_elapsed(
            "Memory units busy", "gpu__compute_memory_access_throughput", MEMORY, "Mem Busy"
        ),
        "busiest memory unit",
        "MEMORY",
        IN_MEMORY,
    ),
    "mem_links": telling(
        _of_elapsed(
            "Links between memory units busy",
            "gpu__compute_memory_request_throughput",
            MEMORY,
            "Max Bandwidth",
        ),
        "busiest link between memory units",
        "MEMORY",
        IN_MEMORY,
    ),
    "mem_pipes": telling(
        _of_elapsed(
            "Memory pipes of the SM busy", "sm__memory_throughput", MEMORY, "Mem Pipes Busy"
        ),
        "memory pipes of the SM",
        "MEMORY_PIPES",
        IN_PIPES,
    ),
}

PIPES = {
    "sm_busy": telling(
        _of_active("SM busy", "sm__instruction_throughput", "SM Busy"),
        "busiest instruction pipe of the SM",
        "COMPUTE",
        IN_SM,
    ),
    "tensor_pipe": telling(
        _of_active("Tensor pipe (all) active", "sm__pipe_tensor_cycles_active", "Tensor (All)"),
        "tensor pipe",
        "TENSOR",
    ),
    "wgmma_pipe": telling(
        _of_active(
            "Tensor pipe (wgmma instructions)", f"{_pipe}_tensor_op_gmma", "Tensor (Warp Group)"
        ),
        "tensor pipe by wgmma",
        "TENSOR",
    ),
    "exp_pipe": telling(
        _of_active("XU pipe (exp and alike)", f"{_pipe}_xu", "XU"), "exp pipe", "EXP"
    ),
    "fma_pipe": telling(
        _unlabelled("FMA pipe active", "sm__pipe_fma_cycles_active"), "FMA pipe", "FMA"
    ),
    "alu_pipe": telling(
        _unlabelled("ALU pipe active", "sm__pipe_alu_cycles_active"), "ALU pipe", "ALU"
    ),
    "lsu_pipe": telling(
        _of_active("LSU pipe", f"{_pipe}_lsu", "LSU"),
        "LSU pipe",
        "LSU",
    ),
}

ISSUE_SLOTS = telling(
    _of_active(
        "Issue slots busy",
        "sm__inst_issued",
        "Issue Slots Busy",
        "smsp__issue_active",
        "sm__issue_active",
    ),
    "issue slots",
    "ISSUE",
)
