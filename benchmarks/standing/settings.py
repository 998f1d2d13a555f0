"""Where reports are made: on this machine, over a real sshd, or beside somebody who spins."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.line import loopback
from benchmarks.server import serve
from benchmarks.standing.kept import BASE, COPY, SLOWER

LOCAL, SSH, BUSY = "local", "ssh", "busy"
SETTINGS = (LOCAL, SSH, BUSY)
TRUTH = {COPY: 1.0, SLOWER: 1 / 1.05}
_PLAIN = """\
import torch.nn.functional as F


def attention(q, k, v, causal, scale):
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=scale)
"""
_PROVIDERS = {
    # Our own `sdpa` does a little more around the same call, which cold caches make 3 % of.
    BASE: _PLAIN,
    COPY: _PLAIN,
    # It spins for a twentieth of what its own call took, so that the truth needs no measuring.
    SLOWER: """\
import time

import torch.nn.functional as F


def attention(q, k, v, causal, scale):
    began = time.perf_counter()
    out = F.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=scale)
    until = began + 1.05 * (time.perf_counter() - began)
    while time.perf_counter() < until:
        pass
    return out
""",
}
# It ends by itself when whoever started it was killed.
_SPIN = """\
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1_000_000):
        pass
"""


@dataclass(frozen=True)
class Place:
    """A setting that stands. folder: where commands are given; environment: theirs."""

    setting: str
    folder: Path
    host: str
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def runs(self) -> Path:
        return self.folder / "runs"


@contextlib.contextmanager
def standing(setting: str, folder: Path) -> Iterator[Place]:
    """Make a setting in a new folder; whatever it started has ended afterwards."""
    project = folder / "project"
    project.mkdir(parents=True)
    for name, text in _PROVIDERS.items():
        (project / f"{name}.py").write_text(text, "utf-8")
    with _ssh(folder, project) if setting == SSH else _local(setting, folder, project) as place:
        yield place


@contextlib.contextmanager
def _local(setting: str, folder: Path, project: Path) -> Iterator[Place]:
    hosts = f"hosts:\n  local:\n    transport: local\n    workspace: {folder / 'workspace'}\n"
    (project / "inventory.yaml").write_text(hosts, "utf-8")
    with _spinning() if setting == BUSY else contextlib.nullcontext():
        yield Place(setting, project, "local")


@contextlib.contextmanager
def _ssh(folder: Path, project: Path) -> Iterator[Place]:
    home = folder / "home"
    home.mkdir()
    with loopback() as line, serve(line, folder / "server") as server:
        (project / "inventory.yaml").write_text(server.inventory(folder / "workspace"), "utf-8")
        # Nobody's own ssh configuration.
        yield Place(SSH, project, "bench", os.environ | {"HOME": str(home)})


@contextlib.contextmanager
def _spinning() -> Iterator[None]:
    """One process that takes all of a core, whichever the kernel gives it."""
    process = subprocess.Popen([sys.executable, "-c", _SPIN, str(os.getpid())])
    try:
        yield
    finally:
        process.kill()
        process.wait()
