"""A workspace on this machine with a snapshot whose payload is whatever a test needs it to be."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.launch.detached import DetachedLauncher
from orchestrator.model.host import Host, TransportKind
from orchestrator.model.job import Heartbeat, JobEnd, JobSpec
from orchestrator.transport.local import LocalTransport

PAYLOAD = Path(__file__).parents[2] / "remote_payload"
# The supervisor and what it may import.
RUNNER = [path.name for path in PAYLOAD.glob("*.py")]
SNAPSHOT = "feed"


@dataclass(frozen=True)
class Bench:
    """A launcher and the directory it works in."""

    root: Path
    launcher: DetachedLauncher

    def payload(self, text: str) -> None:
        """Make `text` the program that jobs run."""
        code = self.root / "snapshots" / SNAPSHOT / "remote_payload"
        code.mkdir(parents=True, exist_ok=True)
        for name in RUNNER:
            shutil.copy(PAYLOAD / name, code)
        (code / "__init__.py").touch()
        (code / "__main__.py").write_text("import sys, os, time\n" + text)

    def spec(self, run_id: str, **changes: object) -> JobSpec:
        facts: dict[str, object] = {
            "run_id": run_id,
            "snapshot": SNAPSHOT,
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
