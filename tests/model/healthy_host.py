"""A host that lacks nothing, and the ways in which its facts can change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from orchestrator.doctor.diagnosis import Diagnosis, diagnose
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.host_facts import (
    CompileProbe,
    Driver,
    Facts,
    Gpu,
    Interpreter,
    Place,
    Profiler,
    Reach,
    System,
    Toolkit,
    Transfer,
)

HOST = Host("h100", TransportKind.SSH, "/workspace/bsk", "python", address="pod", gpu=0)
REACH = Reach("direct SSH", connect_s=0.9, answer_s=0.5, noise_bytes=0, clock_ahead_s=0.2)
GPU = Gpu(
    name="NVIDIA H100 80GB HBM3",
    capability="9.0",
    persistence=True,
    ecc=True,
    ecc_errors=0,
    throttle=("gpu_idle",),
    temperature_c=41.0,
    sm_mhz=345.0,
    max_sm_mhz=1980.0,
    memory_used_mib=0.0,
    utilization_percent=0.0,
)
WORKSPACE = Place(
    path="/workspace/bsk",
    whole="/workspace/bsk",
    tried="/workspace",
    free_bytes=80_000_000_000,
    total_bytes=90_000_000_000,
    free_inodes=1_000_000,
    mount="/workspace",
    file_system="ext4",
)
TORCH = Interpreter("/usr/bin/python", "3.12.3", "2.8.0+cu128", "12.8")
KIT = Toolkit("/usr/local/cuda/bin/nvcc", "12.8", False, True, ("sm_80", "sm_90", "sm_100"))
FACTS = Facts(
    system=System(
        os="Linux-6.8",
        machine="x86_64",
        uid=0,
        capabilities=(1 << 41) - 1,
        cpus=16,
        memory_bytes=128 << 30,
        memory_available_bytes=100 << 30,
        container="docker",
        runpod=True,
        durable_mounts=("/workspace",),
    ),
    interpreters=(TORCH,),
    toolkits=(KIT,),
    profilers=(Profiler("/usr/local/cuda/bin/ncu", "2025.1.1.0"),),
    driver=Driver("/usr/bin/nvidia-smi", "", "570.133.20", "12.8", "570.133.20", 1, "", False),
    gpus=(GPU,),
    workspace=WORKSPACE,
    builds=replace(
        WORKSPACE, path="/workspace/bsk/builds", whole="/workspace/bsk/builds", exists=True
    ),
    temporary=Place("/tmp", "/tmp", True, 9_000_000_000, 10_000_000_000),
    shared_memory=Place("/dev/shm", "/dev/shm", True, 1 << 30, 1 << 30),
    transfer=Transfer("/usr/lib/openssh/sftp-server", "/usr/bin/tar", "/usr/bin/rsync"),
)

Change = Callable[[], Diagnosis]


def seen(facts: Facts = FACTS, *, host: Host = HOST, reach: Reach = REACH) -> Diagnosis:
    return diagnose(host, reach, facts)


def facts(**changes: Any) -> Change:
    return lambda: seen(replace(FACTS, **changes))


def reach(**changes: Any) -> Change:
    return lambda: seen(reach=replace(REACH, **changes))


def system(**changes: Any) -> Change:
    return facts(system=replace(FACTS.system, **changes))


def gpu(**changes: Any) -> Change:
    return facts(gpus=(replace(GPU, **changes),))


def driver(**changes: Any) -> Change:
    return facts(driver=replace(FACTS.driver, **changes))


def space(**changes: Any) -> Change:
    return facts(workspace=replace(WORKSPACE, **changes))


def no_gpu(host: Host = HOST, **changes: Any) -> Change:
    bare = replace(FACTS, gpus=(), driver=Driver())
    return lambda: seen(replace(bare, **changes), host=host)


def named(home: str, **changes: Any) -> Change:
    """builds with the toolkit that the inventory's cuda_home names."""
    host = replace(HOST, cuda_home=home, env=(("CUDA_HOME", home),))
    kit = replace(KIT, path=f"{home}/bin/nvcc", why="CUDA_HOME", **changes)
    return lambda: seen(replace(FACTS, toolkits=(kit,)), host=host)


def compiled(state: str, said: str = "", **changes: Any) -> Change:
    return facts(compiled=CompileProbe(state, said, KIT.path, **changes))


def refused(**changes: Any) -> Facts:
    return replace(
        FACTS,
        driver=replace(FACTS.driver, profiling_admin_only=True),
        system=replace(FACTS.system, capabilities=0, **changes),
    )


ANY_GPU = replace(HOST, gpu=None)
SECOND_GPU = replace(HOST, gpu=1)
BARE = Interpreter("/usr/bin/python3", "3.10.12")
CONDA = Interpreter("/opt/conda/bin/python", "3.11.9", "2.6.0", "12.4")
OLD = Interpreter("/usr/bin/python3.8", "3.8.20", "2.9.0", "12.8")
CPU_BUILD = Interpreter("/home/me/.venv/bin/python", "3.12.1", "2.9.0+cpu")

# As ncu printed them where these faults were met.
MISMATCH = """==PROF== Connected to process 9012 (/usr/bin/python3.11)
==ERROR== Cuda driver is not compatible with Nsight Compute.
==WARNING== Failed to load Nsight Compute CUDA modules.
==ERROR== The application returned an error code (9).
"""
UNKNOWN = """==PROF== Connected to process 9012 (/usr/bin/python3.11)
==ERROR== Unknown Error on device 0.
==PROF== Disconnected from process 9012
"""
PREPARE = """==PROF== Connected to process 9012 (/usr/bin/python3.11)
==ERROR== Failed to prepare kernel for profiling
==ERROR== Unknown Error on device 0.
==ERROR== Failed to profile "probe" in process 9012
==PROF== Disconnected from process 9012
==ERROR== An error occurred while trying to profile.
"""
TRACED = """==PROF== Connected to process 9012 (/usr/bin/python3.11)
Traceback (most recent call last):
  File "<string>", line 3, in <module>
    raise SystemExit(name + " failed with " + str(status))
OSError: libcuda.so.1: cannot open shared object file
==PROF== Disconnected from process 9012
==WARNING== No kernels were profiled.
"""
