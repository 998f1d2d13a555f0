"""A pod to spend money on: how it is described, what runs on it, what it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ssh.server import SshServer

if TYPE_CHECKING:
    from tests.cloud.conftest import Project

REPOSITORY = Path(__file__).parents[2]
POD = "7h9k2m4n6p"
STOP = f"POST /v2/pods/{POD}/action"
BARE_PATH = "/usr/bin:/bin"
STAYS = "print('began', flush=True)\ntime.sleep(60)\n"


def stand_in(folder: Path, exit_status: int = 0) -> Path:
    """A `runpodctl` that writes down its arguments; returns the file it writes to."""
    notes = folder / "calls.txt"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "runpodctl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {notes}\nexit {exit_status}\n')
    program.chmod(0o755)
    return notes


def until(true: Callable[[], object], limit_s: float = 10.0) -> None:
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def add_pod(project: Project, sshd: SshServer, name: str, **facts: object) -> None:
    usual: dict[str, object] = {
        "transport": "ssh",
        "runpod": {"pod": POD},
        "user": sshd.host().user,
        "identity_file": str(sshd.keys.client),
        "host_key": sshd.fingerprint,
        "workspace": str(project.root.parent / "workspace"),
        "python": sys.executable,
    }
    project.add(name, **{**usual, **facts})


def watchdogs(project: Project) -> list[Path]:
    return list((project.root.parent / "workspace" / "watchdogs").glob("*.json"))


def the_run(project: Project) -> Path:
    return next((project.root / "runs").glob("[!.]*"))


def laptop(project: Project, *words: str) -> subprocess.Popen[str]:
    """The command in a process of its own, once its run has begun."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", *words],
        cwd=project.root,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    folder = project.root / "runs"
    until(lambda: any("began" in p.read_text() for p in folder.glob("*/log.txt")), 30)
    return process
