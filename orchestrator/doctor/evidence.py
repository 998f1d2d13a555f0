"""What the agent `doctor` sends, and how facts are read from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from orchestrator.readers import nvidia_smi_log
from orchestrator.values.host_facts import (
    NO_PLACE,
    NO_TRANSFER,
    Driver,
    Facts,
    Gpu,
    Interpreter,
    Place,
    Profiler,
    System,
    Toolkit,
    Transfer,
)

_CONTAINER = re.compile(r"kubepods|docker|containerd|podman|lxc")
_CAPABILITY = re.compile(r"\d+\.\d+")
_OCTAL = re.compile(r"\\(\d{3})")
_DISKS = re.compile(r"ext[234]|xfs|btrfs|zfs|nfs4?|fuse\..+|ceph|lustre|9p|virtiofs|mfs")
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True)
class SystemEvidence:
    """marks: files whose presence tells a kind of machine."""

    os: str = ""
    machine: str = ""
    uid: int | None = None
    cpus: int | None = None
    physical_bytes: int | None = None
    container: str = ""
    marks: tuple[str, ...] = ()
    gpu_nodes: int = 0
    compat: str = ""
    sbatch: str = ""


@dataclass(frozen=True)
class SmiEvidence:
    """path: "" without nvidia-smi. log and capabilities: what it printed."""

    path: str = ""
    status: int = 0
    log: str = ""
    capabilities: str = ""


@dataclass(frozen=True)
class Evidence:
    """The agent's answer. files: (path, content) of those that are there."""

    silent: tuple[str, ...]
    faults: tuple[tuple[str, str], ...]
    took_s: float
    clock_s: float
    files: tuple[tuple[str, str], ...] = ()
    system: SystemEvidence = SystemEvidence()
    pythons: tuple[Interpreter, ...] = ()
    toolkits: tuple[Toolkit, ...] = ()
    profilers: tuple[Profiler, ...] = ()
    nvidia_smi: SmiEvidence = SmiEvidence()
    workspace: Place = NO_PLACE
    builds: Place = NO_PLACE
    locks: Place = NO_PLACE
    temporary: Place = NO_PLACE
    shared_memory: Place = NO_PLACE
    transfer: Transfer = NO_TRANSFER


@dataclass(frozen=True)
class _Mount:
    point: str
    kind: str
    options: frozenset[str]


def facts_of(evidence: Evidence) -> Facts:
    """Read the evidence; pure, and it never fails: what makes no sense stays unknown."""
    files = dict(evidence.files)
    mounts = _mounts(files.get("/proc/self/mountinfo", ""))
    driver, gpus = _driver(evidence, files)
    return Facts(
        system=_system(evidence.system, files, mounts),
        interpreters=evidence.pythons,
        toolkits=evidence.toolkits,
        profilers=evidence.profilers,
        driver=driver,
        gpus=gpus,
        workspace=_placed(evidence.workspace, mounts),
        builds=_placed(evidence.builds, mounts),
        locks=evidence.locks,
        temporary=_placed(evidence.temporary, mounts),
        shared_memory=_placed(evidence.shared_memory, mounts),
        transfer=evidence.transfer,
        silent=evidence.silent,
        faults=evidence.faults,
        took_s=evidence.took_s,
    )


def _system(seen: SystemEvidence, files: dict[str, str], mounts: tuple[_Mount, ...]) -> System:
    capabilities = _found(r"^CapEff:\s*([0-9a-f]{1,16})$", files.get("/proc/self/status", ""))
    available = _found(r"^MemAvailable:\s*(\d+) kB", files.get("/proc/meminfo", ""))
    durable = [one.point for one in mounts if _is_durable(one)]
    return System(
        os=seen.os,
        machine=seen.machine,
        uid=seen.uid,
        capabilities=int(capabilities, 16) if capabilities else None,
        cpus=_cpus(seen, files),
        memory_bytes=_memory(seen, files),
        memory_available_bytes=int(available) * 1024 if available else None,
        container=_container(seen, files),
        runpod="/etc/rp_environment" in seen.marks,
        sbatch=seen.sbatch,
        durable_mounts=tuple(dict.fromkeys(durable)),
    )


def _container(seen: SystemEvidence, files: dict[str, str]) -> str:
    if "/.dockerenv" in seen.marks:
        return "docker"
    if "/run/.containerenv" in seen.marks:
        return "podman"
    named = _CONTAINER.search(files.get("/proc/1/cgroup", ""))
    return seen.container or (named.group() if named else "")


def _cpus(seen: SystemEvidence, files: dict[str, str]) -> float | None:
    words = files.get("/sys/fs/cgroup/cpu.max", "").split()
    if len(words) != 2:
        folder = "/sys/fs/cgroup/cpu/cpu.cfs_"
        words = [files.get(f"{folder}{name}_us", "").strip() for name in ("quota", "period")]
    quota, period = (int(word) if word.isdigit() else 0 for word in words)
    if seen.cpus is None or not (quota and period):
        return seen.cpus
    return min(seen.cpus, quota / period)


def _memory(seen: SystemEvidence, files: dict[str, str]) -> int | None:
    names = ("memory.max", "memory/memory.limit_in_bytes")
    limits = [files.get(f"/sys/fs/cgroup/{name}", "").strip() for name in names]
    sizes = [int(limit) for limit in limits if limit.isdigit()]
    return min([seen.physical_bytes, *sizes]) if seen.physical_bytes else None


def _driver(evidence: Evidence, files: dict[str, str]) -> tuple[Driver, tuple[Gpu, ...]]:
    smi = evidence.nvidia_smi
    admin_only = _found(
        r"^RmProfilingAdminOnly:\s*(\d+)", files.get("/proc/driver/nvidia/params", "")
    )
    driver = Driver(
        smi=smi.path,
        module=_found(r"Module.*?\s(\d+\.\d[\d.]*)", files.get("/proc/driver/nvidia/version", "")),
        nodes=evidence.system.gpu_nodes,
        compat=evidence.system.compat,
        profiling_admin_only=admin_only != "0" if admin_only else None,
    )
    if not smi.path:
        return driver, ()
    try:
        log = nvidia_smi_log.read(smi.log, _capabilities(smi.capabilities))
    except nvidia_smi_log.UnreadableLogError:
        said = " ".join(smi.log.split())[:_SHOWN_CHARACTERS]
        return replace(driver, complaint=said or f"nothing, with status {smi.status}"), ()
    warning = log.beside[:_SHOWN_CHARACTERS]
    return replace(driver, version=log.driver, cuda=log.cuda, warning=warning), log.gpus


def _capabilities(text: str) -> tuple[str, ...]:
    """One for each GPU, "" for one that is not told."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return tuple(line if _CAPABILITY.fullmatch(line) else "" for line in lines)


def _mounts(text: str) -> tuple[_Mount, ...]:
    """The lines of proc_pid_mountinfo(5); blanks in names are written as \\040."""
    mounts = []
    for line in text.splitlines():
        left, _, right = (part.split() for part in line.partition(" - "))
        if len(left) >= 6 and right:
            point = _OCTAL.sub(lambda code: chr(int(code[1], 8)), left[4])
            options = {*left[5].split(","), *right[-1].split(",")}
            mounts.append(_Mount(point, right[0], frozenset(options)))
    return tuple(mounts)


def _is_durable(mount: _Mount) -> bool:
    inside = mount.point.startswith(("/etc/", "/proc", "/sys", "/dev", "/usr/", "/run", "/var/run"))
    writable = "ro" not in mount.options
    return mount.point != "/" and writable and not inside and bool(_DISKS.fullmatch(mount.kind))


def _placed(place: Place, mounts: tuple[_Mount, ...]) -> Place:
    """The place with the mount it lies on: the longest, and of those the last."""
    on = [m for m in mounts if f"{place.tried}/".startswith(m.point.rstrip("/") + "/")]
    if not place.tried or not on:
        return place
    longest = max(len(mount.point) for mount in on)
    mount = [mount for mount in on if len(mount.point) == longest][-1]
    return replace(
        place, mount=mount.point, file_system=mount.kind, noexec="noexec" in mount.options
    )


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else ""
