"""Rules for what adds to a bottleneck, or is often taken for one; each draws a line of ours."""

from __future__ import annotations

import math
from collections.abc import Callable

from orchestrator.performance.bottleneck.evidence import (
    LAUNCH_US,
    Evidence,
    Finding,
    Known,
    Limit,
    computes_with_tensor_cores,
)

# All ours.
_FULL_WAVES_PERCENT = 90.0
_LOW_OCCUPANCY_PERCENT = 30.0
_REDUNDANT, _CACHED = 1.25, 0.9
_CONFLICTS_PERCENT = 20.0

Rule = Callable[[Known, tuple[Limit, ...]], Finding | None]


def _launch(known: Known, limits: tuple[Limit, ...]) -> Finding | None:
    duration = known.get("duration")
    if duration is None or duration.value >= LAUNCH_US or Limit.LAUNCH in limits:
        return None
    return Finding(
        "short: launching it takes about as long", (duration,), "heuristic: NVIDIA's line of 10 µs"
    )


def _is_smaller_than_the_gpu(known: Known) -> bool:
    blocks, sms = known.get("blocks"), known.get("sms")
    return blocks is not None and sms is not None and blocks.value < sms.value


def _is_part_of_a_wave(known: Known) -> bool:
    """Whether places on the GPU stay empty because the grid is too small for it.

    A persistent kernel has as many blocks as SMs, or a multiple; it fills them evenly.
    """
    if _is_smaller_than_the_gpu(known):
        return True
    blocks, sms, fill = known.get("blocks"), known.get("sms"), known.get("wave_fill")
    is_even = blocks is not None and sms is not None and sms.value and not blocks.value % sms.value
    waves = known.get("waves")
    if is_even or waves is None or (fill is not None and fill.value >= _FULL_WAVES_PERCENT):
        return False
    return 100 * waves.value < _FULL_WAVES_PERCENT


def _small_grid(known: Known, _: tuple[Limit, ...]) -> Finding | None:
    if not _is_part_of_a_wave(known):
        return None
    keys = ("blocks", "sms", "waves", "wave_fill")
    shown = tuple(known[key] for key in keys if key in known)
    if _is_smaller_than_the_gpu(known):
        return Finding("the grid is smaller than the GPU: SMs without a block do nothing", shown)
    text = "the grid is less than one wave: the GPU could hold more blocks than there are"
    return Finding(text, shown, "heuristic: ours, 90 %")


def _tail(known: Known, _: tuple[Limit, ...]) -> Finding | None:
    if _is_part_of_a_wave(known):
        return None
    fill, count = known.get("wave_fill"), known.get("waves")
    if fill is None and count is not None and count.value > 1:
        share = 100 * count.value / math.ceil(count.value)
        fill = Evidence("wave_fill", "slots in use", share, "%", f"from {count.source}")
    if fill is None or fill.value >= _FULL_WAVES_PERCENT:
        return None
    shown = (fill, count) if count is not None else (fill,)
    return Finding(
        "tail: part of the GPU waits for the last wave, or has no block at all",
        shown,
        "heuristic: ours, 90 %",
    )


def _occupancy(known: Known, limits: tuple[Limit, ...]) -> Finding | None:
    """Low occupancy is what a tensor kernel with large tiles looks like, not what is wrong with it.

    FlashAttention-3 keeps 12 to 16 of 64 warps on an SM (hopper/tile_size.h, 1 block per SM). A
    grid that does not fill the GPU looks the same and says nothing of tiles.
    """
    seen = known.get("occupancy") or known.get("occupancy_limit")
    tensor = computes_with_tensor_cores(known)
    if seen is None or tensor is None or seen.value >= _LOW_OCCUPANCY_PERCENT:
        return None
    if tensor and _is_part_of_a_wave(known):
        return Finding("low occupancy, with a grid too small to fill the GPU", (seen,))
    if tensor:
        text = "low occupancy is normal for tensor kernels with large tiles; not held against it"
        return Finding(text, (seen,))
    if Limit.LATENCY not in limits:
        return None
    return Finding(
        "few warps are there to hide the latency", (seen,), "heuristic: ours, 30 % occupancy"
    )


def _spills(known: Known, _: tuple[Limit, ...]) -> Finding | None:
    spilled = known.get("spill_bytes")
    if spilled is None or not spilled.value:
        return None
    return Finding("registers spill to local memory", (spilled,))


def _serialised(known: Known, _: tuple[Limit, ...]) -> Finding | None:
    notices = known.get("serialised")
    if notices is None or not notices.value:
        return None
    return Finding("the compiler serialised wgmma: each waits for the one before", (notices,))


def _traffic(known: Known, _: tuple[Limit, ...]) -> Finding | None:
    ratio = known.get("traffic_ratio")
    if ratio is None:
        return None
    if ratio.value > _REDUNDANT:
        text = "DRAM traffic beyond what the case needs: something is read or written again"
        return Finding(text, (ratio,), "heuristic: ours, 1.25×")
    if ratio.value < _CACHED:
        return Finding("part of the compulsory traffic stayed in the L2", (ratio,))
    return None


def _conflicts(known: Known, _: tuple[Limit, ...]) -> Finding | None:
    share = known.get("conflicts")
    if share is None or share.value < _CONFLICTS_PERCENT:
        return None
    text = "bank conflicts in shared memory, at most (arbitration counts as conflict too)"
    return Finding(text, (share,), "heuristic: ours, 20 % of wavefronts")


RULES: tuple[Rule, ...] = (
    _launch,
    _small_grid,
    _tail,
    _occupancy,
    _spills,
    _serialised,
    _traffic,
    _conflicts,
)
