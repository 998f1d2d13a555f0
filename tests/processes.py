"""Which processes are at work somewhere."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ssh.server import LOCKS, SshServer

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/cwd").exists(), reason="no /proc to look for processes in"
)


def at_work_in(folder: Path) -> list[str]:
    """The command lines of all processes whose folder this is, or that name it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in words or folder in [
                (place := (process / "cwd").resolve()),
                *place.parents,
            ]:
                found.append(words)
        except OSError:
            continue
    return found


def left_at_work_in(folder: Path, limit_s: float = 2.0) -> list[str]:
    """Those that are still there in a while: dying takes a moment."""
    until = time.monotonic() + limit_s
    while (left := at_work_in(folder)) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def kill_jobs(server: SshServer) -> None:
    """End all jobs that are left on `server`, those that wait for a device among them."""
    while jobs := [*_jobs(f"{LOCKS}={server.locks}".encode())]:
        for process in jobs:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)


def _jobs(mark: bytes) -> Iterator[int]:
    """Of the processes with this in their environment: supervisors, and what jobs have started."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environment = (process / "environ").read_bytes().split(b"\0")
            if mark in environment and (
                b"remote_payload/runner.py" in (process / "cmdline").read_bytes()
                or any(entry.startswith(b"BLACKWELL_SPARSEK_JOB=") for entry in environment)
            ):
                yield int(process.name)
