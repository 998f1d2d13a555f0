"""The machine that a run met, and what was built there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from remote_payload.contract.words import Status


@dataclass(frozen=True)
class GpuState:
    """What nvidia-smi said at one moment; None where the driver would not tell.

    throttle_reasons and other_processes were () and 0 there in results of 2026-11 and before.
    """

    sm_clock_mhz: Optional[float] = None
    memory_clock_mhz: Optional[float] = None
    power_w: Optional[float] = None
    power_limit_w: Optional[float] = None
    temperature_c: Optional[float] = None
    throttle_reasons: Optional[Tuple[str, ...]] = None
    other_processes: Optional[int] = None


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
    """One library for one architecture.

    command: makes it at once, in the snapshot's root, with all of the environment that was in
    force. log: the compiler's whole output, ptxas -v report included, that of files whose objects
    were kept as well. seconds: wall time of what was compiled now, and of linking.
    """

    arch: str
    command: str
    status: Status
    seconds: float
    log: str


@dataclass(frozen=True)
class ProviderBuild:
    """What our compiler made of CUDA sources of a user's own provider."""

    provider: str
    compilation: Compilation


@dataclass(frozen=True)
class BuildReport:
    """What building csrc/ gave. library_digest is the sha256 of the shared library's bytes.

    toolkit: the path of nvcc and what led there. host_compiler: its path and version. flags: what
    was asked for beside our own.
    """

    status: Status
    reason: str
    key: str = ""
    cached: bool = False
    nvcc: Optional[str] = None
    library: Optional[str] = None
    library_digest: Optional[str] = None
    compilations: Tuple[Compilation, ...] = ()
    toolkit: Optional[str] = None
    host_compiler: Optional[str] = None
    environment: Tuple[str, ...] = ()
    flags: Tuple[str, ...] = ()
