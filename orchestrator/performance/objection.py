"""What an objection is, and what all of them have to know of a result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from orchestrator.performance.device import Device, find
from orchestrator.performance.stats import usable
from remote_payload.contract import words
from remote_payload.contract.facts import Role
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status

# Units of work per second that a result may not claim even of an unknown device.
BEYOND_REASON = 1e21


class Severity(str, Enum):
    """ERROR: cannot be true, the run fails. DOUBT: may be off. NOTE: worth knowing."""

    ERROR = "measurement error"
    DOUBT = "doubt"
    NOTE = "note"


@dataclass(frozen=True)
class Objection:
    """about: what it concerns, e.g. "sdpa, B=16 H=96 ..., cold"; text: what is wrong."""

    severity: Severity
    about: str
    text: str


def on_gpu(result: Result) -> bool:
    """Whether the run's kernels ran on a GPU."""
    wanted = result.request.device is not words.Device.CPU
    return wanted and result.machine is not None and result.machine.gpu is not None


def device_of(result: Result) -> Device | None:
    """The documented GPU that the run's kernels ran on; None for the CPU and unknown ones.

    A GPU with fewer SMs than documented is a slice of one (MIG), which has other peaks.
    """
    if result.machine is None or not on_gpu(result):
        return None
    device, sm_count = find(result.machine.gpu), result.machine.sm_count
    is_whole = device is not None and sm_count in (None, device.sm_count)
    return device if is_whole else None


def from_library(result: Result) -> tuple[str, ...]:
    """Providers whose kernels are those of csrc/; none where ours is made of something else."""
    return result.operator.named(Role.OURS) if result.operator.library else ()


def about(record: BenchRecord) -> str:
    """Name a timing for people."""
    control = ", A/A control" if record.control else ""
    return f"{record.provider}, {record.case.label}, {record.method.value}{control}"


def timed(result: Result) -> Iterator[BenchRecord]:
    """The records that have times to judge."""
    return (r for r in result.bench if r.status is Status.OK and _usable(r.samples_us))


@lru_cache(maxsize=4096)
def _usable(samples_us: tuple[float, ...]) -> bool:
    """Every family of objections asks it of every record."""
    return usable(samples_us)
