"""The first half of the contract: what may be asked, and the words both halves use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional, Tuple

# History: 1 (2026-11) first version; the stages ncu, trace, ceilings and prove, the method graph,
# a request's verb and the cuts of a result joined it, with defaults for older files.
# A reader refuses a newer schema and upgrades an older one.
SCHEMA = 1

# A line of the job's log that starts with this is a `Progress` record, not text for people.
PROGRESS_MARK = "@@progress "
# One that starts with this is text for whoever waits for the run, and does not watch its log.
NOTE_MARK = "@@note "


class Status(str, Enum):
    """How a run, a stage or a single case ended."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Stage(str, Enum):
    """A step of a run, in the order in which steps run: what is worth most comes first.

    A run may be cut short at any moment, and what is late may be lost.
    """

    BUILD = "build"
    CHECK = "check"
    BENCH = "bench"
    NCU = "ncu"
    PROVE = "prove"
    CEILINGS = "ceilings"
    TRACE = "trace"


class Device(str, Enum):
    """Where kernels run. AUTO means CUDA if the host has it, else the CPU."""

    AUTO = "auto"
    CUDA = "cuda"
    CPU = "cpu"


class DType(str, Enum):
    """Element type of q, k, v and the output."""

    FP16 = "fp16"
    BF16 = "bf16"
    FP32 = "fp32"

    @property
    def size_bytes(self) -> int:
        return 4 if self is DType.FP32 else 2


class Method(str, Enum):
    """How a time was taken; no number may be shown without its method.

    BACK_TO_BACK: `calls` launches between two events, divided by `calls` (warm L2).
    COLD: the last-level cache is flushed before each single, separately timed launch.
    GRAPH: as BACK_TO_BACK, but the launches are replayed from a CUDA graph, so that the host's
    part in each launch is out of the time; CUDA only.
    """

    BACK_TO_BACK = "back_to_back"
    COLD = "cold"
    GRAPH = "graph"


class Depth(str, Enum):
    """How much Nsight Compute collects: CHEAP takes about a dozen passes per kernel, FULL forty."""

    CHEAP = "cheap"
    FULL = "full"


@dataclass(frozen=True)
class Shape:
    """One attention problem: q, k, v and the output are [batch, heads, seq, dim]."""

    batch: int
    heads: int
    seq: int
    dim: int
    dtype: DType
    causal: bool = False

    @property
    def label(self) -> str:
        mask = " causal" if self.causal else ""
        return f"B={self.batch} H={self.heads} S={self.seq} D={self.dim} {self.dtype.value}{mask}"


@dataclass(frozen=True)
class Provider:
    """An attention implementation: a name from the catalog, or the user's own `target`.

    target: "package.module:function" or "path/inside/the/snapshot.py:function"; the function is
    called as f(q, k, v, causal=bool, scale=float) and returns [batch, heads, seq, dim].
    required: asked for by name; if it cannot run, the run goes on without and fails at its end.
    """

    name: str
    target: Optional[str] = None
    required: bool = False


@dataclass(frozen=True)
class BuildPlan:
    """What to compile. arch: like "sm_90a"; empty means the device's own, or all we support."""

    arch: Tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckPlan:
    """Tolerances of |out - reference| <= atol + rtol * |reference|, reference in fp64."""

    rtol: float = 1e-3
    atol: float = 2e-3
    case_limit_s: float = 120.0


@dataclass(frozen=True)
class BenchPlan:
    """How timings are taken; zero means "let the payload choose for this device".

    methods: those that the device does not have (GRAPH on a CPU) are left out there.
    """

    methods: Tuple[Method, ...] = (Method.BACK_TO_BACK, Method.COLD, Method.GRAPH)
    warmup: int = 10
    calls: int = 100
    rounds: int = 20
    budget_s: float = 0.0


@dataclass(frozen=True)
class NcuPlan:
    """What to profile with Nsight Compute, and what to collect.

    sections: identifiers, of which the host's ncu has to know at least one. metrics: names that
    hold on compute capability `metrics_capability` and are asked for nowhere else.
    kernel_limit: kernels of one call that are profiled at most. providers, shapes: empty means
    all that passed the check. rivals: profile our kernel, the user's own and only so many others,
    the fastest of this run's bench; 0, or a run without one, means all. case_limit_s: for one
    profiled call. required: no counters, no success; otherwise the run goes on without.
    any_device: do not insist on a GPU; meaningful only where a program stands in for ncu.
    """

    depth: Depth = Depth.CHEAP
    sections: Tuple[str, ...] = ()
    metrics: Tuple[str, ...] = ()
    metrics_capability: str = ""
    kernel_limit: int = 32
    providers: Tuple[str, ...] = ()
    shapes: Tuple[Shape, ...] = ()
    rivals: int = 0
    case_limit_s: float = 300.0
    required: bool = False
    any_device: bool = False


@dataclass(frozen=True)
class CeilingsPlan:
    """Which ceilings to measure. budget_s: for all that torch can do by itself.

    cutlass: whether to run the CUTLASS profiler; cutlass_profiler: the program on the host, or
    empty to look for it; cutlass_source: a checkout on the host to build it from, or empty.
    cutlass_limit_s: for building and running it. gemm_size: M = N = K. required: a ceiling that
    fails, or no CUTLASS where it was asked for, is the run's failure; else the run goes on without.
    """

    budget_s: float = 20.0
    gemm_size: int = 4096
    cutlass: bool = False
    cutlass_profiler: str = ""
    cutlass_source: str = ""
    cutlass_limit_s: float = 900.0
    required: bool = False


@dataclass(frozen=True)
class TracePlan:
    """What to trace. shapes: empty means all that passed the check."""

    shapes: Tuple[Shape, ...] = ()


@dataclass(frozen=True)
class ProvePlan:
    """What to prove on the hardware. proofs: by name, empty means all; case_limit_s: for each."""

    proofs: Tuple[str, ...] = ()
    case_limit_s: float = 120.0


@dataclass(frozen=True)
class Request:
    """Everything a run needs, written by the orchestrator, read by the payload.

    cpu_shapes: what to run instead where device AUTO turns out to be the CPU, for the part of
    the shape that the user left open; empty means the same shapes. verb: the command that asked,
    for whoever fetches the run from elsewhere; empty in requests of before.
    """

    run_id: str
    snapshot: str
    stages: Tuple[Stage, ...]
    shapes: Tuple[Shape, ...]
    providers: Tuple[Provider, ...]
    cpu_shapes: Tuple[Shape, ...] = ()
    device: Device = Device.AUTO
    seed: int = 42
    time_limit_s: float = 1800.0
    build: BuildPlan = BuildPlan()
    check: CheckPlan = CheckPlan()
    bench: BenchPlan = BenchPlan()
    ncu: NcuPlan = NcuPlan()
    ceilings: CeilingsPlan = CeilingsPlan()
    prove: ProvePlan = ProvePlan()
    trace: TracePlan = TracePlan()
    verb: str = ""
    schema: int = SCHEMA


@dataclass(frozen=True)
class Progress:
    """One step forward, printed by the payload as a marked JSON line of its log."""

    stage: Stage
    done: int
    total: int
    label: str
