"""What we want to know of a kernel, and Nsight Compute's names for it on sm_90.

Names and sections follow the metric list of GH100 and an H100 `--set full` report of ncu 2025.1;
what a metric counts is stated in NVIDIA's Kernel Profiling Guide, Metrics Reference.
"""

from __future__ import annotations

from types import MappingProxyType

from orchestrator.readers.ncu.quantities.quantity import (
    ACTIVE_CYCLES,
    COMPUTE,
    DURATION,
    INSTRUCTIONS,
    LAUNCH,
    MEMORY,
    NEVER,
    OCCUPANCY,
    PER_ACTIVE,
    PER_ACTIVE_CYCLE,
    PER_TIME,
    SAME,
    SCHEDULER,
    SOL,
    STALLS,
    SUM,
    Quantity,
    asked,
    shown,
    stall,
    telling,
)
from orchestrator.readers.ncu.quantities.throughput import CACHES, ISSUE_SLOTS, OVERALL, PIPES

_ops = "sm__ops_path_tensor_op"
_shared = "_pipe_lsu_mem_shared.sum"
_block = "launch__shared_mem_per_block"
_limit = "launch__occupancy_limit"

QUANTITIES: MappingProxyType[str, Quantity] = MappingProxyType(
    {
        # Of one launch, the sum over GPUs is their average.
        "duration": shown(
            "Duration", DURATION, "ns", SUM, SOL, "Duration", "gpu__time_duration.avg"
        ),
        "sm_clock": shown(
            "SM clock",
            "gpc__cycles_elapsed.avg.per_second",
            "hz",
            PER_TIME,
            SOL,
            "SM Frequency",
            "smsp__cycles_elapsed.avg.per_second",
            "sm__cycles_elapsed.avg.per_second",
        ),
        "dram_clock": shown(
            "DRAM clock",
            "dram__cycles_elapsed.avg.per_second",
            "hz",
            PER_TIME,
            SOL,
            "DRAM Frequency",
            formerly=("Memory Frequency",),
        ),
        "active_cycles": shown(
            "Active cycles per SM", ACTIVE_CYCLES, "cycle", SUM, SOL, "SM Active Cycles"
        ),
        **OVERALL,
        "dram_rate": shown(
            "DRAM bytes per second",
            "dram__bytes.sum.per_second",
            "byte/s",
            PER_TIME,
            MEMORY,
            "Memory Throughput",
        ),
        "dram_read": asked(
            "DRAM bytes read",
            "dram__bytes_read.sum",
            "byte",
            SUM,
            "dram__bytes_op_read.sum",
            "fbpa__dram_read_bytes.sum",
        ),
        "dram_written": asked(
            "DRAM bytes written",
            "dram__bytes_write.sum",
            "byte",
            SUM,
            "dram__bytes_op_write.sum",
            "fbpa__dram_write_bytes.sum",
        ),
        **CACHES,
        "l2_hit": shown(
            "L2 hit rate", "lts__t_sector_hit_rate.pct", "%", NEVER, MEMORY, "L2 Hit Rate"
        ),
        "l1_hit": shown(
            "L1/TEX hit rate",
            "l1tex__t_sector_hit_rate.pct",
            "%",
            NEVER,
            MEMORY,
            "L1/TEX Hit Rate",
            formerly=("L1 Hit Rate",),
        ),
        **PIPES,
        "wgmma_fp16_ops": asked(
            "wgmma FP16 operations", f"{_ops}_hgmma_src_fp16_sparsity_off.sum", "", SUM
        ),
        "wgmma_bf16_ops": asked(
            "wgmma BF16 operations", f"{_ops}_hgmma_src_bf16_dst_fp32_sparsity_off.sum", "", SUM
        ),
        "mma_fp16_ops": asked(
            "mma.sync FP16 operations", f"{_ops}_hmma_src_fp16_dst_fp32_sparsity_off.sum", "", SUM
        ),
        "issue_slots": ISSUE_SLOTS,
        "ipc": shown(
            "Instructions per active cycle",
            "sm__inst_executed.avg.per_cycle_active",
            "inst/cycle",
            PER_ACTIVE_CYCLE,
            COMPUTE,
            "Executed Ipc Active",
        ),
        "eligible_warps": telling(
            shown(
                "Eligible warps per scheduler",
                "smsp__warps_eligible.avg.per_cycle_active",
                "warp",
                NEVER,
                SCHEDULER,
                "Eligible Warps Per Scheduler",
            ),
            "eligible warps",
        ),
        "instructions": shown(
            "Instructions executed",
            "smsp__inst_executed.sum",
            "inst",
            SUM,
            INSTRUCTIONS,
            "Executed Instructions",
        ),
        "occupancy": telling(
            shown(
                "Occupancy achieved",
                f"sm__warps_active.{PER_ACTIVE}",
                "%",
                PER_ACTIVE_CYCLE,
                OCCUPANCY,
                "Achieved Occupancy",
            ),
            "occupancy achieved",
        ),
        "occupancy_limit": telling(
            shown(
                "Occupancy possible",
                "sm__maximum_warps_per_active_cycle_pct",
                "%",
                SAME,
                OCCUPANCY,
                "Theoretical Occupancy",
            ),
            "occupancy possible",
        ),
        "blocks_by_registers": shown(
            "Blocks per SM that registers allow",
            f"{_limit}_registers",
            "block",
            SAME,
            OCCUPANCY,
            "Block Limit Registers",
        ),
        "blocks_by_shared_memory": shown(
            "Blocks per SM that shared memory allows",
            f"{_limit}_shared_mem",
            "block",
            SAME,
            OCCUPANCY,
            "Block Limit Shared Mem",
        ),
        "blocks_by_warps": shown(
            "Blocks per SM that warps allow",
            f"{_limit}_warps",
            "block",
            SAME,
            OCCUPANCY,
            "Block Limit Warps",
        ),
        "registers": shown(
            "Registers per thread",
            "launch__registers_per_thread",
            "register/thread",
            SAME,
            LAUNCH,
            "Registers Per Thread",
        ),
        "shared_static": shown(
            "Static shared memory per block",
            f"{_block}_static",
            "byte/block",
            SAME,
            LAUNCH,
            "Static Shared Memory Per Block",
        ),
        "shared_dynamic": shown(
            "Dynamic shared memory per block",
            f"{_block}_dynamic",
            "byte/block",
            SAME,
            LAUNCH,
            "Dynamic Shared Memory Per Block",
        ),
        "waves": telling(
            shown(
                "Waves per SM",
                "launch__waves_per_multiprocessor",
                "",
                NEVER,
                LAUNCH,
                "Waves Per SM",
            ),
            "waves per SM",
        ),
        "shared_conflicts": asked(
            "Shared memory bank conflicts", f"l1tex__data_bank_conflicts{_shared}", "", SUM
        ),
        "shared_wavefronts": asked(
            "Shared memory wavefronts", "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum", "", SUM
        ),
        **{f"stall_{reason}": stall(reason) for reason in STALLS},
    }
)

_BY_LABEL = {label: one for one in QUANTITIES.values() for label in one.labels}


def by_label(section: str, label: str, unit: str) -> str | None:
    """The metric that the details page prints under this label, in whatever year ncu was made.

    None for a label that we do not know, and for one whose unit is not the quantity's: the value
    then stays under its label, and `combine.reading` says that it is not understood.
    """
    quantity = _BY_LABEL.get((section, label))
    return quantity.metric if quantity and quantity.takes(unit, label) else None
