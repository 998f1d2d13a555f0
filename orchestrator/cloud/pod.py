"""A RunPod pod as its provider describes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum


class PodStatus(str, Enum):
    """Life of a pod, in the API's own words (PodStatus of its description)."""

    PROVISIONING = "PROVISIONING"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    EXITED = "EXITED"
    ERROR = "ERROR"
    TERMINATED = "TERMINATED"

    @property
    def passes(self) -> bool:
        """Whether it becomes RUNNING by waiting."""
        return self in (PodStatus.PROVISIONING, PodStatus.STARTING)

    @property
    def bills_for_gpu(self) -> bool:
        """Whether the GPU is held. Stopped pods still pay for their disk."""
        return self not in (PodStatus.EXITED, PodStatus.TERMINATED)


@dataclass(frozen=True)
class Endpoint:
    """Where a pod's own sshd is reached today; both change at every start."""

    address: str
    port: int
    user: str

    def __str__(self) -> str:
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.user}@{shown}:{self.port}"


@dataclass(frozen=True)
class Pod:
    """One pod.

    gpu: "NVIDIA H100 80GB HBM3", None for a CPU pod. cost_usd_per_hour: now, 0 while stopped.
    started_at: start of the container, with time zone; None before the first.
    ssh: the direct endpoint, None while there is none. exposes_ssh: 22/tcp is among its ports.
    locked: protected against being stopped.
    """

    id: str
    name: str
    status: PodStatus
    gpu: str | None
    gpu_count: int
    cost_usd_per_hour: float
    started_at: datetime | None
    ssh: Endpoint | None
    exposes_ssh: bool
    locked: bool


def alias_prefix(pod_id: str) -> str:
    """What the aliases of every start of a pod begin with."""
    return f"runpod-{pod_id}-"


def trust_alias(pod: Pod) -> str:
    """The name to keep a pod's host key under: `runpod-<id>-<start, UTC>`.

    The image makes its host keys at each container start, and addresses are recycled: neither
    the pod alone nor its address says whose key is expected.
    """
    if pod.started_at is None:
        return alias_prefix(pod.id) + "never"
    return alias_prefix(pod.id) + f"{pod.started_at.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}"
