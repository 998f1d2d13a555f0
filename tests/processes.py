"""Which processes are at work somewhere."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ssh.server import LOCKS, SshServer

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/cwd").exists(), reason="no /proc to look for processes in"
)


def at_work_in(folder: Path) -> list[str]:
    """The command lines of all processes whose folder this is, or that name it."""
    return [*commands_in(folder).values()]


def pids_in(folder: Path) -> set[int]:
    """Their numbers."""
    return {*commands_in(folder)}


def commands_in(folder: Path) -> dict[int, str]:
    """Both."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in words or folder in [
                (place := (process / "cwd").resolve()),
                *place.parents,
            ]:
                found[int(process.name)] = words
        except OSError:
            continue
    return found


def left_at_work_in(folder: Path, limit_s: float = 2.0) -> list[str]:
    """Those that are still there in a while: dying takes a moment."""
    until = time.monotonic() + limit_s
    while (left := at_work_in(folder)) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def with_in_environment(entry: str) -> list[int]:
    """The processes that were started with this NAME=VALUE, but for those that have ended."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if entry.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def kill_jobs(server: SshServer) -> None:
    """End all jobs that are left on `server`, those that wait for a device among them."""
    while jobs := [
        one for one in with_in_environment(f"{LOCKS}={server.locks}") if _is_of_a_job(one)
    ]:
        for process in jobs:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)


def _is_of_a_job(process: int) -> bool:
    """Whether it is a supervisor, or was started by one."""
    with suppress(OSError):
        place = Path(f"/proc/{process}")
        if b"remote_payload/runner.py" in (place / "cmdline").read_bytes():
            return True
        return b"\0BLACKWELL_SPARSEK_JOB=" in b"\0" + (place / "environ").read_bytes()
    return False
