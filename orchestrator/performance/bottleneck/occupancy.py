"""How many blocks of a kernel fit on one SM at once, and how evenly a grid fills the GPU.

The arithmetic is that of NVIDIA's occupancy calculator, cuda_occupancy.h of CUDA 13.0, which the
tests run beside it; the limits are those of the CUDA Programming Guide, "Technical Specifications
per Compute Capability". Barriers and clusters are left out: neither limits an attention kernel
that registers or shared memory do not limit first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_WARP = 32
_SUB_PARTITIONS = 4
# In registers per warp and bytes per block, the same on all that stand below (cuda_occupancy.h).
_REGISTER_GRANULARITY = 256
_SHARED_GRANULARITY = 128
_REGISTERS = 65536
_MOST_REGISTERS = 255
_MOST_THREADS = 1024
_KIB = 1 << 10
# Kept by the driver in each block from compute capability 8.0 on.
_RESERVED_BYTES = _KIB


@dataclass(frozen=True)
class SmLimits:
    """What one SM holds. shared_bytes: the largest carve-out for shared memory."""

    warps: int
    blocks: int
    shared_bytes: int


LIMITS = {
    "8.0": SmLimits(warps=64, blocks=32, shared_bytes=164 * _KIB),
    "8.6": SmLimits(warps=48, blocks=16, shared_bytes=100 * _KIB),
    "8.9": SmLimits(warps=48, blocks=24, shared_bytes=100 * _KIB),
    "9.0": SmLimits(warps=64, blocks=32, shared_bytes=228 * _KIB),
    "10.0": SmLimits(warps=64, blocks=32, shared_bytes=228 * _KIB),
}


@dataclass(frozen=True)
class Occupancy:
    """blocks: of one kernel on one SM at once; warps: how many that are; limited_by: in words."""

    blocks: int
    warps: int
    percent: float
    limited_by: str


def occupancy(
    capability: str, threads: int, registers: int, shared_bytes: int = 0
) -> Occupancy | None:
    """The blocks that fit, by threads and shared bytes per block and registers per thread.

    shared_bytes: static and dynamic, without the driver's own. None for a compute capability
    whose limits are not listed here, and for a launch that no SM could hold.
    """
    limits = LIMITS.get(capability)
    if limits is None or not _can_launch(limits, threads, registers, shared_bytes):
        return None
    block_warps = math.ceil(threads / _WARP)
    bounds = {
        "warps": limits.warps // block_warps,
        "registers": _by_registers(block_warps, registers),
        "shared memory": limits.shared_bytes // allocated_shared_bytes(shared_bytes),
        "blocks": limits.blocks,
    }
    blocks = min(bounds.values())
    words = " and ".join(name for name, bound in bounds.items() if bound == blocks)
    warps = blocks * block_warps
    return Occupancy(blocks, warps, 100 * warps / limits.warps, words)


def allocated_shared_bytes(shared_bytes: int) -> int:
    """What a block that asks for shared_bytes really takes."""
    return _round_up(shared_bytes + _RESERVED_BYTES, _SHARED_GRANULARITY)


def _can_launch(limits: SmLimits, threads: int, registers: int, shared_bytes: int) -> bool:
    return (
        0 < threads <= _MOST_THREADS
        and 0 < registers <= _MOST_REGISTERS
        and 0 <= shared_bytes <= limits.shared_bytes - _RESERVED_BYTES
        and _by_registers(math.ceil(threads / _WARP), registers) > 0
    )


def _by_registers(block_warps: int, registers: int) -> int:
    """Warps are dealt to four sub-partitions, each with a quarter of the registers."""
    per_warp = _round_up(registers * _WARP, _REGISTER_GRANULARITY)
    warps = _REGISTERS // _SUB_PARTITIONS // per_warp * _SUB_PARTITIONS
    return warps // block_warps


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step


@dataclass(frozen=True)
class Waves:
    """How a grid fills the GPU. count: grid / slots, where slots is SMs times blocks per SM.

    percent: share of the slots' time that has a block, if all blocks take equally long: a
    fraction of a last wave takes as long as a whole one. idle_sms: those without any block.
    """

    count: float
    percent: float
    idle_sms: int


def waves(grid: int, sm_count: int, blocks_per_sm: int) -> Waves:
    """The waves of `grid` blocks; blocks of a grid smaller than the GPU go to SMs of their own."""
    count = grid / (sm_count * blocks_per_sm)
    idle = max(0, sm_count - grid)
    if count <= 1:
        # Fewer blocks per SM than fit are no loss of time; SMs without a block are.
        return Waves(count, 100 * (1 - idle / sm_count), idle)
    return Waves(count, 100 * count / math.ceil(count), idle)
