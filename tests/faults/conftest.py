"""A laptop and a host that faults happen to: real processes, the real command line, real sshd.

What runs on the host is the real supervisor with a tiny payload that each test writes; nothing has
to be computed to lose a connection. One test runs the payload as it is shipped.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.disks import mounted
from tests.processes import with_in_environment
from tests.ssh.server import SshServer

REPOSITORY = Path(__file__).parents[2]
# Of the payload: what supervises a job, and the contract that the jobs here speak.
ROOMS = ("contract", "machine", "processes")
BEFORE = """\
import os, signal, subprocess, sys, time
from pathlib import Path
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
job = Path(sys.argv[2]).parent
request = codec.loads(Request, Path(sys.argv[1]).read_text())
def finish():
    result = Result(request, Status.OK, "", "2026-11-22T10:15:30Z", "2026-11-22T10:16:30Z")
    codec.write_atomic(Path(sys.argv[2]), codec.dumps(result))
def artifact(name, data):
    (job / "artifacts").mkdir(exist_ok=True)
    (job / "artifacts" / name).write_bytes(data)
"""
# A job of two seconds whose log tells when bytes are missing or come twice.
COUNTS = "for n in range(100): print('line', n, flush=True); time.sleep(0.02)\n"
FINISH = "finish()\n"


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


@dataclass
class Laptop:
    """A project folder and its command line. workspace: the far end's, on this same disk."""

    root: Path
    workspace: Path
    facts: dict[str, object]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def payload(self, text: str) -> None:
        """Make `text` what the host runs."""
        code = self.root / "remote_payload"
        ours = REPOSITORY / "remote_payload"
        for module in (
            *ours.glob("*.py"),
            *(each for room in ROOMS for each in (ours / room).rglob("*.py")),
        ):
            there = code / module.relative_to(ours)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(module, there)
        (code / "__main__.py").write_text(BEFORE + text)
        (self.root / "csrc").mkdir(exist_ok=True)
        (self.root / "csrc" / "kernel.cu").write_text("// nothing to compile\n")

    def payload_as_shipped(self) -> None:
        """Let the host run the real payload; csrc/ stays small."""
        code = self.root / "remote_payload"
        shutil.rmtree(code)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "remote_payload", code, ignore=ignored)

    def describe(self, **changes: object) -> None:
        """Write the inventory, with what changed about the host."""
        self.facts.update(changes)
        lines = [f"      {k}: {json.dumps(v)}" for k, v in self.facts.items() if v is not None]
        text = "default: pod\nhosts:\n  pod:\n" + "\n".join(lines) + "\n"
        (self.root / "inventory.yaml").write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command line as a process of its own, so that it can be killed."""
        inventory = self.root / "inventory.yaml"
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator", "--inventory", str(inventory), *arguments],
            cwd=self.root.parent,  # in the project itself Python would take its payload for ours
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str) -> Outcome:
        return ended(self.start(*arguments))

    def folder(self) -> Path:
        """The only run here."""
        (found,) = (self.root / "runs").glob("[!.]*")
        return found

    def job(self) -> Path:
        """The only job there."""
        (found,) = (self.workspace / "jobs").iterdir()
        return found

    def status(self) -> Any:
        return json.loads((self.job() / "status.json").read_text())

    def wait_for_log(self, text: str = "line", limit_s: float = 20.0) -> None:
        """Until the job on the host has written text, and the laptop has it too."""
        for place in ("jobs", "runs"):
            wait_until(partial(self._has_logged, text, place), limit_s)

    def assert_whole(self) -> None:
        """All that the job left is here, byte for byte, and nothing half-done beside it."""
        here, there = self.folder(), self.job()
        for name in held(there):
            if name in ("result.json", "log.txt") or name.startswith("artifacts/"):
                assert digest(here / name) == digest(there / name), name
        assert (here / "result.json").exists()
        assert not list(here.rglob("*.partial"))

    def _has_logged(self, text: str, place: str) -> bool:
        root = self.workspace if place == "jobs" else self.root
        return any(text in read(log) for log in (root / place).glob("*/log.txt"))


def ended(process: subprocess.Popen[str], limit_s: float = 60) -> Outcome:
    out, err = process.communicate(timeout=limit_s)
    return Outcome(process.returncode, out, err)


def held(folder: Path) -> list[str]:
    return [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()]


def read(log: Path) -> str:
    return log.read_bytes().decode("utf-8", "replace")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wait_until(true: Callable[[], object], limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def processes_of(job: Path) -> list[int]:
    """Live processes that a job started."""
    return with_in_environment(f"BLACKWELL_SPARSEK_JOB={job.resolve()}")


def kill_sessions(server: SshServer) -> int:
    """SIGKILL the processes in which `server` serves its connections; how many there were."""
    parents: dict[int, int] = {}
    listeners: set[int] = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text()
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if "(sshd" in stat:
            parents[int(entry.name)] = int(stat.rpartition(") ")[2].split()[1])
        if str(server.directory).encode() in words and b"sshd_config" in words:
            listeners.add(int(entry.name))
    doomed = [pid for pid, parent in parents.items() if parent in listeners]
    doomed += [pid for pid, parent in parents.items() if parent in doomed]
    for pid in doomed:
        os.kill(pid, signal.SIGKILL)
    return len(doomed)


class WhenSeen:
    """Does something once, from a thread, as soon as a condition holds."""

    def __init__(self, condition: Callable[[], object], act: Callable[[], object]) -> None:
        self._thread = threading.Thread(target=self._watch, args=(condition, act), daemon=True)
        self.done = False
        self._thread.start()

    def _watch(self, condition: Callable[[], object], act: Callable[[], object]) -> None:
        wait_until(condition, 60)
        act()
        self.done = True


@pytest.fixture
def laptop(tmp_path: Path, sshd: SshServer) -> Iterator[Laptop]:
    """A project whose host is the ordinary sshd."""
    yield from a_laptop(tmp_path, sshd, "project")


def a_laptop(tmp_path: Path, server: SshServer, name: str) -> Iterator[Laptop]:
    workspace = tmp_path / "workspace"
    facts: dict[str, object] = {
        "transport": "ssh",
        "address": "127.0.0.1",
        "port": server.port,
        "user": server.host().user,
        "identity_file": str(server.keys.client),
        "host_key": server.fingerprint,
        "workspace": str(workspace),
        "python": sys.executable,
    }
    found = Laptop(tmp_path / name, workspace, facts)
    found.payload(COUNTS + FINISH)
    found.describe()
    yield found
    for process in found.started:
        process.kill()
        process.communicate()
    jobs = workspace / "jobs"
    for job in jobs.iterdir() if jobs.is_dir() else ():
        for pid in processes_of(job):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def second_laptop(tmp_path: Path, sshd: SshServer) -> Iterator[Laptop]:
    """Another project for the same workspace on the same host."""
    yield from a_laptop(tmp_path, sshd, "other/project")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    with mounted(tmp_path / "small-disk", "size=4m") as place:
        yield place
