"""What each stage brings back, record by record; read and re-exported by `contract`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.facts import Gate
from remote_payload.contract.machine import GpuState
from remote_payload.contract.words import Fault, Method, Stage, Status


@dataclass(frozen=True)
class Judged:
    """What one gate found. wrong: how many of `count` elements, rows, bands or outputs are beyond.

    used: the most of what it allows that any of them took, 1 at its limit; None if nothing finite
    was allowed there. output, place: of the one that took most, its first element.
    """

    gate: Gate
    used: Optional[float]
    wrong: int
    count: int
    output: int = 0
    place: Optional[Tuple[int, ...]] = None


@dataclass(frozen=True)
class ErrorMeasure:
    """How far an output lies from the fp64 reference.

    worst: place of the worst element (largest |error| relative to its tolerance), None if nothing
    is finite. first: that of the first one outside the tolerance, None if there is none. What was
    got or wanted there is None where it is not finite. worst_output, first_output: of which output,
    where an operator has several. judged: what each gate of the tolerance found, in its order; ()
    in results of schema 1.
    """

    max_abs: Optional[float]
    max_rel: Optional[float]
    mismatches: int
    elements: int
    nan: int
    inf: int
    worst: Optional[Tuple[int, ...]] = None
    worst_got: Optional[float] = None
    worst_want: Optional[float] = None
    worst_output: int = 0
    first: Optional[Tuple[int, ...]] = None
    first_got: Optional[float] = None
    first_want: Optional[float] = None
    first_output: int = 0
    judged: Tuple[Judged, ...] = ()


@dataclass(frozen=True)
class Ruling:
    """What the judge says that came with a problem, by whose rule a provider passes or does not.

    by: whose rule; words: its reason, or by how much it passed. max_abs, max_rel: the largest
    errors as that rule counts them; None where it does not tell, or nothing was finite.
    """

    by: str
    right: bool
    words: str = ""
    max_abs: Optional[float] = None
    max_rel: Optional[float] = None


@dataclass(frozen=True)
class CheckRecord:
    """One provider on one case against the reference.

    status: OK passed; FAILED wrong or raised; TIMEOUT; SKIPPED cannot run here (reason says why).
    implementation: the name the provider gives of itself, e.g. the kernel or torch backend.
    emulated: the kernel's source ran on the CPU; its result counts, its speed means nothing.
    compiled: SKIPPED because it was compiled and there is no GPU to run it on. ruling: of the
    problem's own judge, where it has one, which then decides; `error` is ours all the same.
    fault: in which way it FAILED; None in results of before. library_digest: the sha256 of our
    library as it was loaded, where the provider is of it; None where it is not, or nobody looked.
    """

    provider: str
    case: Case
    status: Status
    reason: str = ""
    implementation: str = ""
    error: Optional[ErrorMeasure] = None
    deterministic: Optional[bool] = None
    output_digest: Optional[str] = None
    emulated: bool = False
    compiled: bool = False
    ruling: Optional[Ruling] = None
    fault: Optional[Fault] = None
    library_digest: Optional[str] = None


@dataclass(frozen=True)
class BenchRecord:
    """Raw samples of one provider, case and method, in the order taken.

    samples_us: total microseconds per call; every provider has equally many per round, so equal
    indices were taken in the same round. calls: launches per sample. warmup: launches before
    each sample; for COLD, before the first. control: this row is the second half of an A/A pair,
    the same provider again, whose spread is the noise floor. host_us: microseconds of host time
    per call until the launches of a sample were enqueued, in the order of samples_us; empty where
    it was not measured (CPU, COLD, GRAPH, results of before). mean_us: of the calls of each sample,
    where samples_us are the medians of calls that were timed one by one (CPU, BACK_TO_BACK); else
    empty.

    starts: how many of the samples each start of the provider's process gave, in order; empty in
    results of before, where one process gave them all. Of each turn, which gives equally many
    samples: outside_us, microseconds from the word to begin until the answer, warm-ups and all, by
    the clock of the process that gave the word; fresh_us, of its first call, on inputs that its
    process had never seen; waited_us, how long the threads of both processes together stood in the
    queue for a CPU meanwhile, empty where the kernel does not tell. held_back: numbers of the
    samples that were taken while the GPU held its clocks back. library_digest: as in a CheckRecord.
    """

    provider: str
    case: Case
    method: Method
    status: Status
    reason: str = ""
    samples_us: Tuple[float, ...] = ()
    warmup: int = 0
    calls: int = 0
    control: bool = False
    before: Optional[GpuState] = None
    after: Optional[GpuState] = None
    host_us: Tuple[float, ...] = ()
    mean_us: Tuple[float, ...] = ()
    starts: Tuple[int, ...] = ()
    outside_us: Tuple[float, ...] = ()
    fresh_us: Tuple[float, ...] = ()
    waited_us: Tuple[float, ...] = ()
    held_back: Tuple[int, ...] = ()
    library_digest: Optional[str] = None


@dataclass(frozen=True)
class NcuRecord:
    """One profiled call. Whether its counters can be used is for the reader of its files to say.

    status: OK ncu ended well and its report lists kernels; SKIPPED not tried. reason: ncu's own
    words where it said something. command: argv. exit_code: None if it was killed or not run.
    said: ncu's own ==WARNING== and ==ERROR== lines; output_end: the end of what ncu and the
    program printed. artifacts: files of the run, the report, its raw page as CSV, and the whole
    output, as far as they came to be.
    """

    provider: str
    case: Case
    status: Status
    reason: str = ""
    command: Tuple[str, ...] = ()
    exit_code: Optional[int] = None
    said: Tuple[str, ...] = ()
    output_end: str = ""
    artifacts: Tuple[str, ...] = ()


@dataclass(frozen=True)
class NcuReport:
    """What the ncu stage brought. version: what the host's `ncu --version` printed."""

    version: str
    records: Tuple[NcuRecord, ...] = ()


@dataclass(frozen=True)
class KernelTrace:
    """One kernel launch of a call, as CUPTI saw it; None where this torch does not tell.

    duration_us holds the kernel alone, without launch gaps; it explains a bench, never replaces it.
    """

    name: str
    duration_us: float
    grid: Optional[Tuple[int, int, int]] = None
    block: Optional[Tuple[int, int, int]] = None
    registers: Optional[int] = None
    shared_bytes: Optional[int] = None


@dataclass(frozen=True)
class TraceRecord:
    """The kernels of `calls` calls of one provider on one case, in launch order."""

    provider: str
    case: Case
    status: Status
    reason: str = ""
    calls: int = 0
    kernels: Tuple[KernelTrace, ...] = ()


@dataclass(frozen=True)
class CeilingRecord:
    """One practical ceiling of the machine: the best a well-known program gets out of it.

    name: e.g. "copy", "gemm-fp16". what: how it was taken, in words. work_per_call in `unit`:
    "byte", "flop" or "exp". samples_us: microseconds per call, in the order taken. case, provider:
    who computed what; None and empty where that was not noted.
    """

    name: str
    status: Status
    reason: str = ""
    what: str = ""
    unit: str = ""
    work_per_call: float = 0.0
    samples_us: Tuple[float, ...] = ()
    calls: int = 0
    before: Optional[GpuState] = None
    after: Optional[GpuState] = None
    case: Optional[Case] = None
    provider: str = ""


@dataclass(frozen=True)
class CutlassReport:
    """What the CUTLASS profiler did. artifacts: its CSV files and its output, as they came.

    program: where it was found, or where it was built; version: what it said of itself.
    """

    status: Status
    reason: str = ""
    program: str = ""
    version: str = ""
    commands: Tuple[Tuple[str, ...], ...] = ()
    artifacts: Tuple[str, ...] = ()


@dataclass(frozen=True)
class ProofRecord:
    """One proof on the hardware, such as the emulator's conformance or a sanitizer's verdict.

    for_people: it was not given, but what stood in its way is for people to judge and fails no
    run, such as a hazard of a tool that is known to see some where there are none.
    """

    name: str
    status: Status
    reason: str = ""
    seconds: float = 0.0
    artifacts: Tuple[str, ...] = ()
    for_people: bool = False


@dataclass(frozen=True)
class Cut:
    """Less was done than was asked for or planned. case: of what, empty for the whole stage.

    what: how much of how much; why: the limit that cut it; option: what lifts that limit, empty
    where nothing does.
    """

    stage: Stage
    case: str
    what: str
    why: str
    option: str = ""

    @property
    def words(self) -> str:
        """All of it in a sentence."""
        lifted = f"lifted by {self.option}" if self.option else "no option lifts that"
        where = f"{self.stage.value}, {self.case}" if self.case else self.stage.value
        return f"{where}: {self.what}, as {self.why}; {lifted}"
