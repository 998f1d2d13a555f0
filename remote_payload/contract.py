"""The one schema both programs share: requests travel in, results travel out, as JSON files.

The payload reports raw samples and facts; every median, TFLOPS and verdict is derived from
them by the orchestrator. All values here are frozen dataclasses; `remote_payload.codec` turns
them into strict JSON and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional, Tuple

# History: 1 (2026-11) first version. A reader refuses a newer schema and upgrades an older one.
SCHEMA = 1

# A line of the job's log that starts with this is a `Progress` record, not text for people.
PROGRESS_MARK = "@@progress "


class Status(str, Enum):
    """How a run, a stage or a single case ended."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Stage(str, Enum):
    """A step of a run, in the order in which steps run; each gates the ones after it."""

    BUILD = "build"
    CHECK = "check"
    BENCH = "bench"


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
    """

    BACK_TO_BACK = "back_to_back"
    COLD = "cold"


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
    required: asked for by name; if it cannot run, the run fails rather than leaving it out.
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
    """How timings are taken; zero means "let the payload choose for this device"."""

    methods: Tuple[Method, ...] = (Method.BACK_TO_BACK, Method.COLD)
    warmup: int = 10
    calls: int = 100
    rounds: int = 20
    budget_s: float = 0.0


@dataclass(frozen=True)
class Request:
    """Everything a run needs, written by the orchestrator, read by the payload.

    cpu_shapes: what to run instead where device AUTO turns out to be the CPU, for the part of
    the shape that the user left open; empty means the same shapes.
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
    schema: int = SCHEMA


@dataclass(frozen=True)
class Progress:
    """One step forward, printed by the payload as a marked JSON line of its log."""

    stage: Stage
    done: int
    total: int
    label: str


@dataclass(frozen=True)
class GpuState:
    """What nvidia-smi said at one moment; None where the driver would not tell."""

    sm_clock_mhz: Optional[float] = None
    memory_clock_mhz: Optional[float] = None
    power_w: Optional[float] = None
    power_limit_w: Optional[float] = None
    temperature_c: Optional[float] = None
    throttle_reasons: Tuple[str, ...] = ()
    other_processes: int = 0


@dataclass(frozen=True)
class Machine:
    """The machine a run ran on. uuid_digest is a digest, so that a report may be shared."""

    hostname_digest: str
    os: str
    cpu: str
    cpu_count: int
    memory_bytes: Optional[int]
    python: str
    torch: Optional[str] = None
    torch_cuda: Optional[str] = None
    torch_threads: Optional[int] = None
    gpu: Optional[str] = None
    gpu_uuid_digest: Optional[str] = None
    gpu_count: int = 0
    compute_capability: Optional[str] = None
    sm_count: Optional[int] = None
    driver: Optional[str] = None
    nvcc: Optional[str] = None
    before: Optional[GpuState] = None
    after: Optional[GpuState] = None


@dataclass(frozen=True)
class Compilation:
    """One nvcc call. log is the compiler's whole output, ptxas -v report included."""

    arch: str
    command: str
    status: Status
    seconds: float
    log: str


@dataclass(frozen=True)
class BuildReport:
    """What building csrc/ gave. library_digest is the sha256 of the shared library's bytes."""

    status: Status
    reason: str
    key: str = ""
    cached: bool = False
    nvcc: Optional[str] = None
    library: Optional[str] = None
    library_digest: Optional[str] = None
    compilations: Tuple[Compilation, ...] = ()


@dataclass(frozen=True)
class ErrorMeasure:
    """How far an output lies from the fp64 reference; worst is [b, h, s, d] of the worst
    element (largest |error| relative to its tolerance), None if nothing is finite."""

    max_abs: Optional[float]
    max_rel: Optional[float]
    mismatches: int
    elements: int
    nan: int
    inf: int
    worst: Optional[Tuple[int, int, int, int]] = None
    worst_got: Optional[float] = None
    worst_want: Optional[float] = None


@dataclass(frozen=True)
class CheckRecord:
    """One provider on one shape against the reference.

    status: OK passed; FAILED wrong or raised; TIMEOUT; SKIPPED cannot run here (reason says why).
    implementation: the name the provider gives of itself, e.g. the kernel or torch backend.
    """

    provider: str
    shape: Shape
    status: Status
    reason: str = ""
    implementation: str = ""
    error: Optional[ErrorMeasure] = None
    deterministic: Optional[bool] = None
    output_digest: Optional[str] = None


@dataclass(frozen=True)
class BenchRecord:
    """Raw samples of one provider, shape and method, in the order taken.

    samples_us: total microseconds per call; every provider has equally many per round, so equal
    indices were taken in the same round. calls: launches per sample. warmup: launches before
    each sample; for COLD, before the first. control: this row is the second half of an A/A pair,
    the same provider again, whose spread is the noise floor.
    """

    provider: str
    shape: Shape
    method: Method
    status: Status
    reason: str = ""
    samples_us: Tuple[float, ...] = ()
    warmup: int = 0
    calls: int = 0
    control: bool = False
    before: Optional[GpuState] = None
    after: Optional[GpuState] = None


@dataclass(frozen=True)
class StageReport:
    """How one stage ended; seconds is its wall time."""

    stage: Stage
    status: Status
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Result:
    """Everything a run brought back; written always, also on failure, atomically.

    status FAILED with a reason means a gate failed or the host was unfit; unfit tells the two
    apart: it is true when the host lacks something (torch, a GPU that was asked for).
    """

    request: Request
    status: Status
    reason: str
    started_at: str
    finished_at: str
    machine: Optional[Machine] = None
    stages: Tuple[StageReport, ...] = ()
    build: Optional[BuildReport] = None
    checks: Tuple[CheckRecord, ...] = ()
    bench: Tuple[BenchRecord, ...] = ()
    unfit: bool = False
    schema: int = SCHEMA
