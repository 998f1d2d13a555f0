"""A host as the inventory describes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from orchestrator.values.address import with_port

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)


def looks_secret(name: str) -> bool:
    """Whether a variable of this name probably holds something that must not be printed."""
    return _SECRET_NAME.search(name) is not None


class TransportKind(str, Enum):
    """How a host is reached."""

    LOCAL = "local"
    SSH = "ssh"


class LauncherKind(str, Enum):
    """How jobs are started there; `launch.choose` has what does it.

    DETACHED: by a supervisor of ours, so that they outlive the connection.
    """

    DETACHED = "detached"


@dataclass(frozen=True)
class Host:
    """One machine that can run jobs.

    address: DNS name, IP or an alias of ~/.ssh/config; None for local and for pods, whose
    address is looked up by pod id at connect time. host_key: a pinned SHA256:... fingerprint.
    workspace: absolute or ~-relative directory on the host; everything we write lies under it.
    python: the interpreter that has torch. env: extra environment of every job.
    gpu: index of the GPU to use; None on a host without one. cuda_home: the toolkit to build with,
    as the inventory names it; it stands in env, as CUDA_HOME. nvcc_flags, host_compiler: likewise,
    as NVCC_PREPEND_FLAGS and CXX.
    trusted_as: the name its host key is kept under; None for the inventory's name.
    persist_s: how long a connection stays open for later commands; None for not at all.
    is_jump: it is not the inventory's, but a host of ssh_config that is only passed through.
    """

    name: str
    kind: TransportKind
    workspace: str
    python: str
    address: str | None = None
    port: int | None = None
    user: str | None = None
    identity_file: Path | None = None
    host_key: str | None = None
    pod: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    gpu: int | None = None
    trusted_as: str | None = None
    cuda_home: str | None = None
    nvcc_flags: str | None = None
    host_compiler: str | None = None
    persist_s: float | None = None
    is_jump: bool = False
    launcher: LauncherKind = LauncherKind.DETACHED

    @property
    def environment(self) -> Mapping[str, str]:
        return dict(self.env)

    @property
    def job_environment(self) -> tuple[tuple[str, str], ...]:
        """What every job finds in its environment, the GPU that it is to use included."""
        env = dict(self.env)
        if self.gpu is not None:
            env.setdefault("CUDA_VISIBLE_DEVICES", str(self.gpu))
        return tuple(sorted(env.items()))

    @property
    def shown_environment(self) -> Mapping[str, str]:
        """The environment for people: values whose name looks secret are masked."""
        return {name: "***" if looks_secret(name) else value for name, value in self.env}

    @property
    def target(self) -> str:
        """What is connected to: this machine, address:port or a pod."""
        if self.kind is TransportKind.LOCAL:
            return "this machine"
        if self.pod:
            return f"pod {self.pod}" + (f":{self.port}" if self.port else "")
        return with_port(self.address or "?", self.port)

    @property
    def where(self) -> str:
        """For messages: the name and how it is reached; never a secret."""
        return f"{self.name} ({self.target})"
