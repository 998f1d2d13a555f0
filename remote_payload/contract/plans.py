"""What each stage is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.words import Depth, Method


@dataclass(frozen=True)
class BuildPlan:
    """What to compile. arch: like "sm_90a"; empty means the device's own, or all we support.

    toolchain: how csrc/ is compiled beside our own flags.
    """

    arch: Tuple[str, ...] = ()
    toolchain: Toolchain = Toolchain()


@dataclass(frozen=True)
class CheckPlan:
    """case_limit_s: for one provider on one case. compile_limit_s: for what it compiles, apart."""

    case_limit_s: float = 120.0
    compile_limit_s: float = 600.0


# A turn has up to one in so many warm-ups more than planned, so that nobody can count them.
MORE_WARMUPS = 4


@dataclass(frozen=True)
class BenchPlan:
    """How timings are taken; zero means "let the payload choose for this device".

    methods: those that the device does not have (GRAPH on a CPU) are left out there. rounds: of
    each start of the providers' processes. starts: after how many of them it is looked whether all
    is decided; the last is the most there are. critical: for each of those looks, and for each of
    the `middles` of so many starts, by how many standard errors it is off at most, where up to 1,
    2, 4, 8, ... rows are judged together; empty: nothing is decided before the last. precision:
    half of the interval's width that is enough, relative.
    """

    methods: Tuple[Method, ...] = (Method.BACK_TO_BACK, Method.COLD, Method.GRAPH)
    warmup: int = 10
    calls: int = 100
    rounds: int = 3
    budget_s: float = 0.0
    starts: Tuple[int, ...] = (8, 16, 32, 64)
    critical: Tuple[Tuple[Tuple[float, ...], ...], ...] = ()
    precision: float = 0.01


@dataclass(frozen=True)
class NcuPlan:
    """What to profile with Nsight Compute, and what to collect.

    sections: identifiers, of which the host's ncu has to know at least one. metrics: names that
    hold on compute capability `metrics_capability` and are asked for nowhere else.
    kernel_limit: kernels of one call that are profiled at most. providers, cases: empty means
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
    cases: Tuple[Case, ...] = ()
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
    """What to trace. cases: empty means all that passed the check."""

    cases: Tuple[Case, ...] = ()


@dataclass(frozen=True)
class ProvePlan:
    """What to prove on the hardware. proofs: by name, empty means all; case_limit_s: for each."""

    proofs: Tuple[str, ...] = ()
    case_limit_s: float = 120.0
