"""The interval by which a tier is judged: over starts of the provider's process."""

from __future__ import annotations

from orchestrator.performance import starts
from orchestrator.performance.family import ALONE, FEWEST_STARTS
from orchestrator.performance.starts import Interval
from remote_payload.contract.records import BenchRecord


def interval_of(record: BenchRecord, level: float = ALONE) -> Interval | None:
    """Of the time of a call in µs, missed with the probability `level`; None where `why_none`."""
    return None if why_none(record) else starts.interval(record, level)


def why_none(record: BenchRecord) -> str:
    """Why a record decides no tier; empty if it does."""
    if not record.starts:
        return "all samples came from one process start"
    told = sum(one is not None for one in starts.medians_us(record))
    if told >= FEWEST_STARTS:
        return ""
    if not told:
        return "nothing sound is said of its process starts"
    return f"{told} process start{'' if told == 1 else 's'}; at least {FEWEST_STARTS} are needed"
