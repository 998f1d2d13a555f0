"""What `doctor` saw on a host, as values; None and "" mean that it could not be seen."""

from __future__ import annotations

from dataclasses import dataclass

SYS_ADMIN_BIT = 21  # linux/capability.h: CAP_SYS_ADMIN


@dataclass(frozen=True)
class Interpreter:
    """A Python; torch: its version, "" without it. torch_cuda: "" for a build without CUDA.

    managed: the system's package manager keeps pip out (PEP 668). pip: it has one, and may write
    where that installs. venv: it can make virtual environments with a pip of their own.
    """

    path: str
    version: str
    torch: str = ""
    torch_cuda: str = ""
    managed: bool = False
    pip: bool = True
    venv: bool = False


@dataclass(frozen=True)
class Toolkit:
    """An nvcc. release: what it says of itself, e.g. "12.8", whatever its path says.

    release: "" for an nvcc that does not tell it. on_path: PATH of a non-interactive shell leads
    to it. found_by_builds: our builds look there. arches: what it compiles for, asked of the first
    toolkit only. why: what leads builds there, e.g. "CUDA_HOME" or "PATH"; "" for nothing. there:
    False for a place that a variable names, where no nvcc is.
    """

    path: str
    release: str
    on_path: bool
    found_by_builds: bool
    arches: tuple[str, ...] = ()
    why: str = ""
    there: bool = True

    @property
    def home(self) -> str:
        """The folder that CUDA_HOME would name."""
        return self.path.removesuffix("/nvcc").removesuffix("/bin") or "/"


@dataclass(frozen=True)
class Profiler:
    """An ncu."""

    path: str
    version: str


@dataclass(frozen=True)
class Transfer:
    """Paths of what others copy files with; "" where it is missing."""

    sftp_server: str = ""
    tar: str = ""
    rsync: str = ""


@dataclass(frozen=True)
class Place:
    """A folder. tried: it, or the nearest one above that exists; "" if nothing is known of it.

    path: as configured, so it may begin with ~; whole: written out. error: the errno's name if a
    file could not be written there, or in its folder `part`, as jobs do; of locks, `part` is the
    file, and "odd" says that it is no plain file of its own. own_disk: `part` lies on another disk
    than the folder, and the free space is there. mount, file_system: "" unknown.
    """

    path: str = ""
    tried: str = ""
    exists: bool = False
    free_bytes: int = 0
    total_bytes: int = 0
    free_inodes: int | None = None
    error: str = ""
    mount: str = ""
    file_system: str = ""
    noexec: bool = False
    whole: str = ""
    part: str = ""
    own_disk: bool = False


NO_TRANSFER, NO_PLACE = Transfer(), Place()


@dataclass(frozen=True)
class System:
    """The machine without its GPUs. uid and capabilities (CapEff): of the user we log in as.

    container: "docker", "podman", … or "". memory: the container's limit where it has one.
    durable_mounts: mounted disks that a container's restart does not empty.
    """

    os: str = ""
    machine: str = ""
    uid: int | None = None
    capabilities: int | None = None
    cpus: float | None = None
    memory_bytes: int | None = None
    memory_available_bytes: int | None = None
    container: str = ""
    runpod: bool = False
    sbatch: str = ""
    durable_mounts: tuple[str, ...] = ()

    @property
    def may_administer(self) -> bool:
        """Root with CAP_SYS_ADMIN: what the NVIDIA driver calls an administrator."""
        return self.uid == 0 and bool((self.capabilities or 0) >> SYS_ADMIN_BIT & 1)


@dataclass(frozen=True)
class Gpu:
    """One GPU in nvidia-smi's words; None and "" where it does not tell, which is neither 0 nor no.

    ecc_errors: uncorrectable ones since the driver was loaded. ecc_errors_ever: in the GPU's life.
    ecc_untold: counters of the first kind that it shows and does not tell. memory_wounds: what else
    it says of memory damaged for good. memory_repairs: of a repair that waits for a reset.
    throttle: the active reasons for clocks below the maximum; throttle_untold: those not told.
    slowdown_c: where the hardware slows down. processes: (name, MiB of GPU memory or None).
    """

    name: str
    capability: str = ""
    persistence: bool | None = None
    ecc: bool | None = None
    ecc_errors: int | None = None
    ecc_errors_ever: int | None = None
    ecc_untold: tuple[str, ...] = ()
    row_remap_failure: bool | None = None
    memory_wounds: tuple[str, ...] = ()
    memory_repairs: tuple[str, ...] = ()
    mig: bool | None = None
    throttle: tuple[str, ...] | None = None
    throttle_untold: tuple[str, ...] = ()
    temperature_c: float | None = None
    slowdown_c: float | None = None
    sm_mhz: float | None = None
    max_sm_mhz: float | None = None
    application_mhz: float | None = None
    memory_used_mib: float | None = None
    utilization_percent: float | None = None
    processes: tuple[tuple[str, float | None], ...] | None = None


@dataclass(frozen=True)
class Driver:
    """smi: path of nvidia-smi; complaint: what it said instead of an answer, "" if it answered.

    warning: what it said beside its answer, e.g. of a corrupted infoROM.
    version, cuda: driver and the newest CUDA it serves. module: version in the kernel.
    nodes: GPUs below /dev. compat: a libcuda of NVIDIA's forward-compatibility package.
    profiling_admin_only: RmProfilingAdminOnly, whether counters need an administrator.
    """

    smi: str = ""
    complaint: str = ""
    version: str = ""
    cuda: str = ""
    module: str = ""
    nodes: int = 0
    compat: str = ""
    profiling_admin_only: bool | None = None
    warning: str = ""


@dataclass(frozen=True)
class CounterProbe:
    """One kernel run under ncu. status: None if it had to be ended.

    said: its words; where they are many, their beginning and their end.
    """

    status: int | None
    said: str


@dataclass(frozen=True)
class CompileProbe:
    """Ten lines compiled, linked and loaded with the toolkit of builds.

    state: "ok"; the step that failed, "compile", "link" or "load"; "mixed": programs of another
    toolkit stood in; "time": a step (said) was not done in time; "place": nowhere to write;
    "fault": our program broke. said: the words of whatever failed. compiler: what the host
    compiler calls itself. remembered: found out earlier, and nothing has changed since.
    instead: settings of the inventory, (key or variable, value), with which it went well.
    """

    state: str
    said: str = ""
    nvcc: str = ""
    compiler: str = ""
    took_s: float = 0.0
    remembered: bool = False
    instead: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Facts:
    """All of it. silent: probes that did not answer in time. faults: (probe, why it broke).

    builds: the folder of that name in the workspace, which may lie on another disk. locks: the
    folder that a variable names for the locks of devices, if one does.
    """

    system: System = System()
    interpreters: tuple[Interpreter, ...] = ()
    toolkits: tuple[Toolkit, ...] = ()
    profilers: tuple[Profiler, ...] = ()
    driver: Driver = Driver()
    gpus: tuple[Gpu, ...] = ()
    workspace: Place = NO_PLACE
    builds: Place = NO_PLACE
    locks: Place = NO_PLACE
    temporary: Place = NO_PLACE
    shared_memory: Place = NO_PLACE
    transfer: Transfer = NO_TRANSFER
    silent: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()
    took_s: float = 0.0
    counters: CounterProbe | None = None
    compiled: CompileProbe | None = None

    @property
    def of_builds(self) -> Place:
        """Where the libraries lie that are loaded: `builds`, or what would hold it."""
        return self.builds if self.builds.tried else self.workspace


@dataclass(frozen=True)
class Reach:
    """How the host was reached. route: e.g. "direct"; "" without SSH. clock_ahead_s: its clock
    against ours. noise_bytes: what the login printed before our program could speak."""

    route: str
    connect_s: float
    answer_s: float
    noise_bytes: int
    clock_ahead_s: float
