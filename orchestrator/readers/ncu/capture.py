"""What Nsight Compute measured, whatever file it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from orchestrator.readers.ncu.version import NcuVersion

Dim3 = tuple[int, int, int]


@dataclass(frozen=True)
class Measurement:
    """One counter of one kernel.

    value: a number in `unit`, a text where the metric is one, None where ncu gave no number; zero
    means that zero was measured. said: what stood in the file instead of a number.
    """

    value: float | str | None
    unit: str
    said: str = ""


@dataclass(frozen=True)
class Average(Measurement):
    """An average over launches that ncu made; low, high: the least and the greatest of them."""

    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Rule:
    """A remark of ncu's own rules. speedup: ncu's estimate in percent, with its scope."""

    name: str
    section: str
    text: str
    speedup: str = ""


@dataclass(frozen=True)
class KernelCapture:
    """One profiled launch, or with launches > 1 the averages over that many.

    id: ncu's own number of the launch, unique within one profiler run. grid, block: threads and
    blocks in x, y, z; None where the file does not say. device: the ordinal.
    """

    id: int
    kernel: str
    metrics: Mapping[str, Measurement]
    context: str = ""
    stream: str = ""
    grid: Dim3 | None = None
    block: Dim3 | None = None
    device: str = ""
    compute_capability: str = ""
    launches: int = 1
    rules: tuple[Rule, ...] = ()

    def number(self, metric: str) -> float | None:
        """The metric's value if the file holds a number for it."""
        found = self.metrics.get(metric)
        return found.value if found and isinstance(found.value, (int, float)) else None

    def text(self, metric: str) -> str:
        """The metric's value if it is a text, else an empty one."""
        found = self.metrics.get(metric)
        return found.value if found and isinstance(found.value, str) else ""


class Form(Enum):
    """What kind of file the numbers come from; only a report holds them unrounded."""

    RAW = "CSV, raw page"
    DETAILS = "CSV, details page"
    TEXT = "text, details page"
    SUMMARY = "CSV, summary over launches"
    TEXT_SUMMARY = "text, summary over launches"
    REPORT = "report file"


@dataclass(frozen=True)
class Captures:
    """Everything one file holds. doubts: sentences on what could not be taken as it stands."""

    kernels: tuple[KernelCapture, ...]
    forms: tuple[Form, ...]
    ncu: NcuVersion | None = None
    doubts: tuple[str, ...] = field(default=())
