"""Jobs that outlive the connection: supervised on the host by remote_payload/runner.py."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from orchestrator.errors import HostUnfit, LinkLost, RunError
from orchestrator.launch.base import BeatSink, LogSink
from orchestrator.model.command import Command
from orchestrator.model.host import Host
from orchestrator.model.job import Ending, Heartbeat, JobEnd, JobSpec, RemoteFile
from orchestrator.model.progress import Progress
from orchestrator.transport import agent
from orchestrator.transport.agent import AgentSession
from orchestrator.transport.base import Transport

AGENT = "job"
# Heartbeats come every two seconds; silence means that the link is dead, whatever TCP thinks.
FOLLOW_SILENCE_S = 8.0

_ADVICE = {
    "no-space": "Free some space under the workspace, or move it: `workspace:` in the inventory.",
    "denied": "Choose a workspace you may write to: `workspace:` in the inventory.",
    "read-only": "Choose a workspace you may write to: `workspace:` in the inventory.",
}


def job_agent(host: Host, nonce: str = "<nonce>") -> Command:
    """The command that starts the far end of this launcher on `host`."""
    return agent.command(host, AGENT, nonce, host.workspace)


class DetachedLauncher:
    """Launcher over any transport; one agent session serves all calls and reopens after a drop."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def host(self) -> Host:
        return self._transport.host

    def submit(self, spec: JobSpec, request: str) -> None:
        facts = asdict(spec) | {"env": dict(spec.env)}
        files = {"request.json": request, "spec.json": json.dumps(facts), "snapshot": spec.snapshot}
        with self._session() as session:
            session.send_json(
                {"do": "submit", "run": spec.run_id, "snapshot": spec.snapshot, "files": files}
            )
            self._answer(session)

    def follow(self, run_id: str, offset: int, on_log: LogSink, on_beat: BeatSink) -> JobEnd:
        with self._session() as session:
            session.send_json({"do": "follow", "run": run_id, "offset": offset})
            while True:
                kind, body = session.receive(FOLLOW_SILENCE_S)
                if kind == b"L":
                    on_log(body)
                elif kind == b"H":
                    beat = json.loads(body)
                    on_beat(Heartbeat(beat["state"] or "starting", beat["waiting_for"]))
                else:
                    return _job_end(self._check(json.loads(zlib.decompress(body)))["end"])

    def cancel(self, run_id: str) -> JobEnd:
        with self._session() as session:
            session.send_json({"do": "cancel", "run": run_id})
            return _job_end(self._answer(session)["end"])

    def list_jobs(self) -> tuple[tuple[str, JobEnd | None], ...]:
        """Every job the host still knows, oldest first, and how it ended (None: it goes on)."""
        with self._session() as session:
            session.send_json({"do": "list"})
            jobs = self._answer(session)["jobs"]
            return tuple((j["run"], _job_end(j["end"]) if j["end"] else None) for j in jobs)

    def pull(self, run_id: str, into: Path, progress: Progress) -> None:
        with self._session() as session:
            session.send_json({"do": "inventory", "run": run_id})
            files = [_remote_file(entry) for entry in self._answer(session)["files"]]
            wanted = [f for f in files if not _is_here(into / f.path, f)]
            total = sum(f.size_bytes for f in wanted)
            done = 0
            for file in wanted:
                self._fetch(session, run_id, file, into, progress, done, total)
                done += file.size_bytes

    @contextmanager
    def _session(self) -> Iterator[AgentSession]:
        with agent.open_agent(self._transport, AGENT, self.host.workspace) as session:
            yield session

    def _answer(self, session: AgentSession) -> Any:
        return self._check(session.receive_json())

    def _check(self, answer: Any) -> Any:
        error = answer.get("error")
        if error is None:
            return answer
        message = f"{self.host.where}: {answer['message']}"
        if error == "no-job":
            raise RunError(f"{self.host.where} knows no run {answer['message']!r}")
        if error == "start":
            raise HostUnfit(f"{self.host.where} could not start the job: {answer['message']}")
        raise HostUnfit(message, hint=_ADVICE.get(error, "Run again with --debug for details."))

    def _fetch(
        self,
        session: AgentSession,
        run_id: str,
        file: RemoteFile,
        into: Path,
        progress: Progress,
        done: int,
        total: int,
    ) -> None:
        target = into / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        offset = min(partial.stat().st_size, file.size_bytes) if partial.exists() else 0
        session.send_json({"do": "fetch", "run": run_id, "path": file.path, "offset": offset})
        with partial.open("ab") as sink:
            while True:
                kind, body = session.receive()
                if kind != b"B":
                    self._check(json.loads(zlib.decompress(body)))
                    break
                sink.write(zlib.decompress(body))
                progress.step("pull", done + sink.tell(), total, file.path)
        if partial.stat().st_size != file.size_bytes or _sha256(partial) != file.sha256:
            partial.unlink()
            raise LinkLost(
                f"{file.path} from {self.host.where} arrived damaged and was thrown away",
                hint="Run the same command again; the host still has the file.",
            )
        partial.replace(target)


def _job_end(facts: Any) -> JobEnd:
    return JobEnd(Ending(facts["why"]), facts["exit_status"], facts.get("message", ""))


def _remote_file(entry: Any) -> RemoteFile:
    path = PurePosixPath(entry["path"])
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise HostUnfit(f"the host offered a file outside the job: {entry['path']!r}")
    return RemoteFile(str(path), int(entry["size"]), str(entry["sha256"]))


def _is_here(path: Path, file: RemoteFile) -> bool:
    return (
        path.is_file() and path.stat().st_size == file.size_bytes and _sha256(path) == file.sha256
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        digest = hashlib.sha256()
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
