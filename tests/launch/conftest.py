"""A workspace on this machine with a snapshot whose payload is whatever a test needs it to be."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orchestrator.launch.detached import DetachedLauncher
from orchestrator.transport import agent
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.job import Heartbeat, JobEnd, JobSpec

PAYLOAD = Path(__file__).parents[2] / "remote_payload"
# The supervisor and what it may import, and the contract for jobs that speak it.
RUNNER = [
    *PAYLOAD.glob("*.py"),
    *(
        path
        for room in ("contract", "machine", "processes")
        for path in (PAYLOAD / room).rglob("*.py")
    ),
]


@dataclass(frozen=True)
class Bench:
    """A launcher and the directory it works in. published: the digests of its snapshots."""

    root: Path
    launcher: DetachedLauncher
    published: list[str] = field(default_factory=list)

    def payload(self, text: str, **files: str) -> None:
        """Make `text` the program that jobs run. files: of the payload, by name, in place of ours.

        As a sync leaves it: a folder that is called by its digest, and its record beside it.
        """
        snapshots = self.root / "snapshots"
        code = snapshots / ".new" / "remote_payload"
        code.mkdir(parents=True, exist_ok=True)
        for path in RUNNER:
            there = code / path.relative_to(PAYLOAD)
            there.parent.mkdir(exist_ok=True)
            shutil.copy(path, there)
        (code / "__main__.py").write_text("import sys, os, time\n" + text)
        for name, content in files.items():
            (code / f"{name}.py").write_text(content)
        rows = []
        for path in sorted(path for path in code.rglob("*") if path.is_file()):
            data = hashlib.sha256(path.read_bytes()).hexdigest()
            name = path.relative_to(code.parent).as_posix()
            rows.append([name, "f", path.stat().st_size, data, None])
        manifest = json.dumps([row[:4] for row in rows], separators=(",", ":"))
        digest = hashlib.sha256(manifest.encode()).hexdigest()
        if not (snapshots / digest).exists():
            (snapshots / f"{digest}.json").write_text(json.dumps(rows))
            code.parent.rename(snapshots / digest)
        self.published.append(digest)

    @property
    def snapshot(self) -> Path:
        """Where the present program of jobs lies."""
        return self.root / "snapshots" / self.published[-1]

    def spec(self, run_id: str, **changes: object) -> JobSpec:
        facts: dict[str, object] = {
            "run_id": run_id,
            "snapshot": self.published[-1],
            "python": sys.executable,
            "env": (),
            "time_limit_s": 60.0,
        }
        return JobSpec(**{**facts, **changes})  # type: ignore[arg-type]

    def follow(self, run_id: str, offset: int = 0) -> tuple[bytes, JobEnd, list[Heartbeat]]:
        """The log from `offset` on, how the job ended, and the heartbeats in between."""
        log, beats = bytearray(), list[Heartbeat]()
        end = self.launcher.follow(run_id, offset, log.extend, beats.append)
        return bytes(log), end, beats

    def run(self, run_id: str, text: str, **changes: object) -> tuple[bytes, JobEnd]:
        self.payload(text)
        self.launcher.submit(self.spec(run_id, **changes), "{}")
        log, end, _ = self.follow(run_id)
        return log, end

    def job(self, run_id: str) -> Path:
        return self.root / "jobs" / run_id


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    root = tmp_path / "work space"
    host = Host("here", TransportKind.LOCAL, str(root), sys.executable)
    with LocalTransport(host) as transport:
        yield Bench(root, DetachedLauncher(transport))


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> float:
    """The agent gives a runner 3 s to come up, not 20; returns that, in seconds."""
    shipped, limit = agent.program, "START_LIMIT_S = 8, 2.0, {}"
    job = shipped("job")
    assert job.source.count(limit.format("20.0")) == 1
    hurried = replace(job, source=job.source.replace(limit.format("20.0"), limit.format("3.0")))
    monkeypatch.setattr(agent, "program", lambda name: hurried if name == "job" else shipped(name))
    return 3.0
