"""The words both programs use, and the number of the schema."""

from __future__ import annotations

from enum import Enum
from typing import Tuple

# History: 1 (2026-11) first version; the stages ncu, trace, ceilings and prove, the method graph,
# a request's verb and the cuts of a result joined it, with defaults for older files.
# A reader refuses a newer schema and upgrades an older one.
SCHEMA = 2

# The verb of a request that is one turn of many.
WATCH = "watch"

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


class Binding(str, Enum):
    """How C++ or CUDA sources are bound to Python: as a torch extension, or by apache-tvm-ffi."""

    TORCH = "torch"
    TVM_FFI = "tvm-ffi"


class Fault(str, Enum):
    """In which way a check failed. VALUES: its outputs are wrong; INPUTS: it changed what it got;
    FORM: what came back is no output at all, in another way than by its shape or dtype; HARNESS: it
    changed what it is called or timed by."""

    COMPILE = "compile"
    RAISED = "raised"
    SHAPE = "shape"
    DTYPE = "dtype"
    FORM = "form"
    VALUES = "values"
    INPUTS = "inputs"
    HARNESS = "harness"


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


# What the stage prove can prove, in the order in which it tries: what a kernel may fail on comes
# before what watches it.
PROOFS: Tuple[str, ...] = ("conformance", "adversarial", "memcheck", "racecheck")

# What stands in a reason where a problem cannot be run for want of a GPU, of files that whoever
# published it kept, of a package, or of memory.
NEEDS_GPU = "needs a GPU"
NO_INPUTS = "its inputs are not here"
LACKS = "which the host's Python lacks"
NO_MEMORY = "finds no memory for that here"

# How a check's reason begins where a peer is not installed; what follows says how to get it.
NOT_PRESENT = "not present"
