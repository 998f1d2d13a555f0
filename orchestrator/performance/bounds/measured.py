"""Bounds by the ceilings that were measured in the same run, where no peaks are documented."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.performance.bounds.bound import Bound
from orchestrator.performance.bounds.cpus import uncached
from orchestrator.performance.ceiling import GEMMS, ceilings
from orchestrator.performance.device import DEVICES
from orchestrator.performance.objection import on_gpu
from orchestrator.performance.practical import Practical, practical
from orchestrator.performance.roofline import Resource
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Work
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method

# A copy and a GEMM of torch reach more than a half of a machine's peak, so that nobody is twice as
# fast; at a throttled clock or beside others a third, say. Beyond that nothing is believed.
DOUBTED, REFUSED = 2.0, 4.0
# Of a CPU's rate in FP32, what it does with fewer bits at the most: AMX beside AVX-512.
_CPU_GEMM = GEMMS[DType.FP32]
_NARROWER = {2: 16.0, 1: 32.0}
_LARGEST_L2 = max(device.l2_bytes for device in DEVICES)


def of_ceilings(result: Result, record: BenchRecord) -> tuple[Bound, ...]:
    """One for each trusted ceiling that the case has work for."""
    work = result.facts(record.case).work
    if work is None:
        return ()
    bounds = (
        _bound(one, _share(one, work, result, record)) for one in practical(result, record.case)
    )
    found = [bound for bound in (*bounds, *_narrower(result, record)) if bound.limit_us > 0]
    return tuple(found)


def _narrower(result: Result, record: BenchRecord) -> Iterator[Bound]:
    """A CPU's GEMM is measured in FP32 alone, and says something of other products as well."""
    work = result.facts(record.case).work
    times = _NARROWER.get(record.case.dtype.size_bytes)
    if on_gpu(result) or work is None or not work.matrix or not work.flop or times is None:
        return
    for one in ceilings(result):
        if one.record.name == _CPU_GEMM and (rate := one.trusted_rate) is not None:
            name, floor_us = f"{_CPU_GEMM} × {times:g}", work.flop / rate / times * 1e6
            yield _bound(Practical(Resource.TENSOR, name, rate, floor_us), 1.0)


def _share(one: Practical, work: Work, result: Result, record: BenchRecord) -> float:
    """Of the traffic, what no cache can have kept; all of what is computed."""
    if one.resource is not Resource.MEMORY or not work.traffic_bytes:
        return 1.0
    if not on_gpu(result):
        count = result.machine.cpu_count if result.machine else 1
        return uncached(work.traffic_bytes, count) / work.traffic_bytes
    beyond = work.traffic_bytes - _LARGEST_L2
    if record.method is Method.COLD:
        beyond = max(beyond, work.traffic_bytes - work.written_bytes)
    return max(beyond, 0) / work.traffic_bytes


def _bound(one: Practical, share: float) -> Bound:
    floor_us = one.floor_us * share
    told = f"{one.name} takes {floor_us:.4g} µs for as much, as measured in this run"
    return Bound(
        one.name,
        floor_us / REFUSED,
        floor_us / DOUBTED,
        f"{told}, and nothing is {REFUSED:g} times as fast as that",
        f"{DOUBTED:g} times the rate of a ceiling: {told}",
    )
