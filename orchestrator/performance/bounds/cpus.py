"""Bounds of CPUs: cores · clock · the widest units of any, and caches and channels alike.

Wide on purpose: of the model only its maker is known here, and nobody is to be blamed for a fast
one. The units are the widest that are documented: AMX for products of 16 bits and fewer (Intel,
Architecture Instruction Set Extensions: a TDPBF16PS of 16 · 16 · 32 multiply-adds in 16 clocks;
TDPBSSD twice that), Apple's matrix units for those of 32 too, else two FMA units of 512 bits, of
which twice as much is allowed; two loads and a store of 64 bytes a clock, and 32 channels of
12.8 GT/s, more than any machine of two sockets has. A core has at most 128 MiB of L3 to itself (of
3D V-Cache, 96), a machine 2304 MiB (two EPYC 9684X).
"""

from __future__ import annotations

from orchestrator.performance.bounds.bound import Bound
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import CaseFacts

_HZ = 6.5e9
_TILE_FLOP, _VECTOR_FLOP = 1024, 128  # of 16 bits, and of 32
_NO_TILES = ("AMD", "Neoverse", "Ampere")
_TILES_OF_32_BITS = "Apple"
_EXPONENTIALS = 64
_CACHE_BYTES_PER_CLOCK = 192
_CHANNELS, _CHANNEL_BYTES = 32, 12.8e9 * 8
_MIB = 1 << 20
_CACHE_OF_ONE, _CACHE_OF_ALL = 128 * _MIB, 2304 * _MIB


def of_cpus(facts: CaseFacts, count: int, cpu: str) -> tuple[Bound, ...]:
    """What `count` logical CPUs of a name need for a case at the least; none where nobody knows its
    work."""
    work = facts.work
    if work is None:
        return ()
    flop = _flop_per_clock(facts.case.dtype, work.matrix, cpu)
    per_clock = (
        ("FLOP", work.flop, flop, "FLOP"),
        ("exp", work.exponentials, _EXPONENTIALS, "exponentials"),
        ("cache", work.traffic_bytes, _CACHE_BYTES_PER_CLOCK, "bytes"),
    )
    bounds = [
        _bound(name, amount / (count * _HZ * each), f"{count} CPUs at 6.5 GHz with {each} {of}")
        for name, amount, each, of in per_clock
    ]
    beyond = uncached(work.traffic_bytes, count)
    bounds.append(
        _bound("memory", beyond / (_CHANNELS * _CHANNEL_BYTES), f"{_CHANNELS} channels of memory")
    )
    return tuple(bound for bound in bounds if bound.limit_us > 0)


def _flop_per_clock(dtype: DType, matrix: bool, cpu: str) -> int:
    """Of one CPU: of half as many bits, twice as much."""
    times = max(2 // dtype.size_bytes, 1)
    tiles = dtype.size_bytes <= 2 and not any(maker in cpu for maker in _NO_TILES)
    if matrix and (tiles or _TILES_OF_32_BITS in cpu):
        return _TILE_FLOP * times
    return _VECTOR_FLOP * max(4 // dtype.size_bytes, 1)


def uncached(traffic_bytes: int, count: int) -> int:
    """Bytes that the caches of `count` CPUs cannot hold. Of cold calls too: what is written past
    the caches flushes none."""
    return max(traffic_bytes - min(count * _CACHE_OF_ONE, _CACHE_OF_ALL), 0)


def _bound(name: str, seconds: float, whose: str) -> Bound:
    limit_us = seconds * 1e6
    each = "a clock" if "GHz" in whose else "of 12.8 GT/s"
    needs = f"{whose} {each}, more than any we know, take {limit_us:.4g} µs"
    return Bound(name, limit_us, limit_us, needs, needs)
