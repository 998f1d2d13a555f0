"""Facts about the machine; one that cannot be had is None, never a guess and never a crash."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import socket
import subprocess
from dataclasses import replace
from typing import List, Optional, Sequence

from remote_payload.contract.machine import GpuState, Machine
from remote_payload.machine import nvidia_smi, toolkit, visible_gpu
from remote_payload.machine.torch_facts import TorchFacts

DIGEST_DIGITS = 16
_ASK_LIMIT_S = 20.0


def look() -> Machine:
    """The machine as far as it can be seen without torch, the GPU of this job included."""
    every = nvidia_smi.cards()
    cards = visible_gpu.cards(every)
    card = cards[0] if cards else None
    return Machine(
        hostname_digest=digest(socket.gethostname()),
        os=platform.platform(),
        cpu=_cpu_model(),
        cpu_count=_cpu_count(),
        memory_bytes=_memory_bytes(),
        python=platform.python_version(),
        gpu=card.name if card else None,
        gpu_uuid_digest=digest(card.uuid) if card and card.uuid else None,
        gpu_count=len(cards),
        compute_capability=card.compute_capability if card else None,
        driver=every[0].driver if every else None,
        nvcc=_nvcc_release(),
    )


def with_torch(machine: Machine, facts: TorchFacts) -> Machine:
    """The same machine with what torch says; of several GPUs, the one torch uses."""
    machine = replace(
        machine, torch=facts.version, torch_cuda=facts.cuda, torch_threads=facts.threads
    )
    if facts.gpu is None or facts.capability is None:
        return machine
    return replace(
        machine,
        gpu=facts.gpu,
        gpu_uuid_digest=digest(facts.gpu_uuid) if facts.gpu_uuid else machine.gpu_uuid_digest,
        gpu_count=facts.gpu_count,
        compute_capability="{}.{}".format(*facts.capability),
        sm_count=facts.sm_count,
    )


def gpu_state(facts: TorchFacts, ours: Sequence[int] = ()) -> Optional[GpuState]:
    """The state of the GPU that torch uses; ours: pids of our processes that may hold it."""
    gpu = gpu_name(facts)
    return None if gpu is None else nvidia_smi.state(gpu, ours)


def gpu_name(facts: TorchFacts) -> Optional[str]:
    """UUID or index, as nvidia-smi knows them, of the GPU that torch uses; None without one."""
    if facts.gpu is None:
        return None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip()
    return facts.gpu_uuid or visible or "0"


def digest(text: str) -> str:
    """A name that can be compared and shared, but not read back."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_DIGITS]


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as handle:
            names = re.search(r"^model name\s*:\s*(.+)$", handle.read(), re.MULTILINE)
        if names:
            return names.group(1).strip()
    except OSError:
        pass
    return _said(["sysctl", "-n", "machdep.cpu.brand_string"]) or platform.machine()


def _cpu_count() -> int:
    """CPUs this process may use: a container often has fewer than the machine."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _memory_bytes() -> Optional[int]:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None


def _nvcc_release() -> Optional[str]:
    nvcc = toolkit.nvcc_program()
    said = _said([nvcc, "--version"]) if nvcc else None
    return toolkit.release(said) if said else None


def _said(argv: List[str]) -> Optional[str]:
    try:
        answer = subprocess.run(
            argv, capture_output=True, text=True, timeout=_ASK_LIMIT_S, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return answer.stdout.strip() or None
