"""The words of a bottleneck: what may limit a kernel, a figure with its source, a finding."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from remote_payload.contract.case import Case

# NVIDIA's line, a heuristic (perf-nsight-compute-analysis).
LAUNCH_US = 10.0
_TENSOR_KERNEL_PERCENT = 5.0  # ours
_FULL = 100.0
# One is enough; tcgen05 (compute capability 10) has a pipe of its own beside the other two.
TENSOR_KEYS = ("tensor_pipe", "wgmma_pipe", "tc_pipe")
_PREFIXES = ("", "k", "M", "G", "T")


class Limit(str, Enum):
    """What a kernel is limited by; the last two say that nothing can be said."""

    TENSOR = "the tensor cores"
    EXP = "exponentials (XU pipe)"
    DRAM = "DRAM bandwidth"
    L2 = "L2 bandwidth"
    FMA = "the FMA pipe"
    ALU = "the ALU pipe"
    LSU = "the LSU pipe (shared memory and loads)"
    FP64 = "the FP64 pipe"
    PIPE = "a pipe of the SM"
    L1 = "L1/TEX throughput"
    SHARED = "shared memory"
    MEMORY_PIPES = "the SM's memory pipes, in one that was not measured"
    MEMORY = "the memory system, in a unit that was not measured"
    UNIT = "a unit of the GPU"
    ISSUE = "issue slots"
    COMPUTE = "computing, in a unit that was not measured"
    LAUNCH = "launch overhead"
    LATENCY = "latency"
    ROOF = "a roof of the machine"
    NOTHING = "nothing measured"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Evidence:
    """One figure. key: what rules know it by; source: a metric's name, or where else it is from.

    said: what stands in the file where it is there but not understood; value is then not a number.
    """

    key: str
    title: str
    value: float
    unit: str
    source: str
    said: str = ""

    @property
    def usable(self) -> bool:
        """Whether a rule may use it: several passes can add up to shares that cannot be."""
        beyond = self.unit == "%" and self.value > _FULL
        return math.isfinite(self.value) and self.value >= 0 and not beyond

    @property
    def words(self) -> str:
        """`exp pipe 88 % (sm__inst_executed_pipe_xu…)`."""
        if self.said:
            return f"{self.title} {self.said} ({self.source})"
        return f"{self.title} {figure(self.value, self.unit)} ({self.source})"


@dataclass(frozen=True)
class CallEvidence:
    """What the counters of one call of a provider on a case say.

    own_rules: what the profiler's own rule says of each of its kernels, verbatim.
    """

    provider: str
    case: Case
    items: tuple[Evidence, ...]
    own_rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing that the evidence says. heuristic: the line that was drawn, if any."""

    text: str
    evidence: tuple[Evidence, ...] = ()
    heuristic: str = ""

    @property
    def words(self) -> str:
        """The whole finding as one sentence without its full stop."""
        runs = groupby(self.evidence, key=lambda one: one.source)
        proof = ", ".join(_run_of(source, list(run)) for source, run in runs)
        proof = f": {proof}" if proof else ""
        return f"{self.text}{proof}" + (f" ({self.heuristic})" if self.heuristic else "")


def _run_of(source: str, run: list[Evidence]) -> str:
    """Figures from one source, which is named once."""
    figures = (f"{one.title} {figure(one.value, one.unit)}" for one in run)
    return f"{', '.join(figures)} ({source})"


Known = Mapping[str, Evidence]


def computes_with_tensor_cores(known: Known) -> bool | None:
    """None where nobody measured it."""
    shares = [known[key].value for key in TENSOR_KEYS if key in known]
    return max(shares) >= _TENSOR_KERNEL_PERCENT if shares else None


def figure(value: float, unit: str) -> str:
    """Three digits: `88 %`, `1.52×`, `402.7 MB`, `366.5 µs`."""
    if not math.isfinite(value):
        return f"{value:g} {unit}".rstrip()
    if unit == "byte":
        step = min(int(math.log10(value) // 3), len(_PREFIXES) - 1) if value >= 1 else 0
        return f"{value / 1000**step:.4g} {_PREFIXES[step]}B"
    if unit == "×":
        return f"{value:.3g}×"
    digits = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{digits} {unit}".rstrip()
