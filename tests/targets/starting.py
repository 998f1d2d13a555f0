"""Synthetic results as many process starts gave them, and targets to judge them by."""

from __future__ import annotations

from dataclasses import replace

from remote_payload.contract.facts import Targets, Tier
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.operators.attention.targets import ORIGINAL

# Of the synthetic run, 2.952 µs/head: one that it meets, one that it misses, one within its noise.
AIMS = replace(
    ORIGINAL,
    name="mine",
    source="targets.yaml",
    tiers=(
        Tier("met", 3.0, inclusive=False),
        Tier("missed", 2.9, inclusive=False),
        Tier("open", 2.952, inclusive=False),
    ),
)


def started(result: Result, each: int = 2) -> Result:
    """The same, each of whose process starts gave `each` samples."""
    return replace(result, bench=tuple(_started(one, each) for one in result.bench))


def _started(record: BenchRecord, each: int) -> BenchRecord:
    return replace(record, starts=(each,) * (len(record.samples_us) // each))


def unstarted(result: Result) -> Result:
    """As runs of before had it: one process gave all samples."""
    return replace(result, bench=tuple(replace(one, starts=()) for one in result.bench))


def judged_by(result: Result, *targets: Targets) -> Result:
    """The same, with these targets in force when it ran."""
    return replace(result, request=replace(result.request, targets=targets))
