"""A second launcher, to see that nothing goes past `launch.choose`: a job runs while it is asked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import RunError
from orchestrator.launch.base import BeatSink, Launcher, ListedJob, LogSink
from orchestrator.launch.choose import Way
from orchestrator.store.runs.binding import lies_there
from orchestrator.transport.base import Transport
from orchestrator.values.claim import Claim
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from orchestrator.values.job import Ending, Heartbeat, JobEnd, JobSpec
from orchestrator.values.progress import Progress
from orchestrator.values.run import BoundFile

FOLDER = "at-once"


@dataclass(frozen=True)
class AtOnce:
    """Launcher of this machine alone: no supervisor, no agent, no queue."""

    transport: Transport
    claim: Claim | None = None

    def submit(
        self, spec: JobSpec, request: str, asking: Callable[[], object] = lambda: None
    ) -> None:
        job = self._place(spec.run_id)
        if job.exists():
            return
        asking()
        job.mkdir(parents=True)
        (job / "request.json").write_text(request)
        files = [str(job / "request.json"), str(job / "result.json")]
        with (job / "log.txt").open("wb") as log:
            done = subprocess.run(
                [
                    spec.python,
                    "-m",
                    "remote_payload",
                    *files,
                    "--builds",
                    str(self._root / "builds"),
                ],
                cwd=self._root / "snapshots" / spec.snapshot,
                env={**os.environ, **dict(spec.env)},
                stdout=log,
                stderr=log,
                timeout=spec.time_limit_s,
            )
        (job / "end.json").write_text(json.dumps(done.returncode))

    def follow(self, run_id: str, offset: int, on_log: LogSink, on_beat: BeatSink) -> JobEnd:
        on_log((self._known(run_id) / "log.txt").read_bytes()[offset:])
        return self.cancel(run_id)

    def cancel(self, run_id: str) -> JobEnd:
        return JobEnd(Ending.EXIT, json.loads((self._known(run_id) / "end.json").read_text()))

    def list_jobs(self) -> tuple[ListedJob, ...]:
        names = sorted(path.name for path in (self._root / FOLDER).glob("*"))
        return tuple(
            ListedJob(name, self.cancel(name), Heartbeat("ended", None), self._owner)
            for name in names
        )

    def look_at_jobs(self) -> tuple[tuple[ListedJob, ...], tuple[str, ...]]:
        return self.list_jobs(), ()

    def log_bytes(self, run_id: str) -> int:
        return (self._known(run_id) / "log.txt").stat().st_size

    def asked(self, run_id: str) -> str:
        return (self._known(run_id) / "request.json").read_text()

    def pull(
        self, run_id: str, into: Path, progress: Progress, also: tuple[str, ...] = ()
    ) -> tuple[BoundFile, ...]:
        names = ("result.json", "log.txt", *also)
        for name in names:
            shutil.copy(self._known(run_id) / name, into / name)
        return tuple(lies_there(into, name) for name in names)

    @property
    def _root(self) -> Path:
        return Path(self.transport.host.workspace)

    @property
    def _owner(self) -> str:
        return self.claim.owner if self.claim else ""

    def _place(self, run_id: str) -> Path:
        return self._root / FOLDER / run_id

    def _known(self, run_id: str) -> Path:
        if not self._place(run_id).is_dir():
            raise RunError(f"{self.transport.host.where} knows no run {run_id!r}")
        return self._place(run_id)


def make(transport: Transport, claim: Claim | None) -> Launcher:
    return AtOnce(transport, claim)


def command(host: Host) -> Command:
    return Command(("run-at-once", host.workspace))


WAY = Way(make, command)
