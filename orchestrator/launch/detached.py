"""Jobs that outlive the connection: supervised on the host by remote_payload/runner.py."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.launch.answer import (
    ListedJob,
    checked,
    heartbeat,
    job_end,
    jobs,
    others,
)
from orchestrator.launch.base import BeatSink, LogSink
from orchestrator.launch.pull import Pull
from orchestrator.model.command import Command
from orchestrator.model.host import Host
from orchestrator.model.job import JobEnd, JobSpec
from orchestrator.model.progress import Progress
from orchestrator.transport import agent
from orchestrator.transport.agent import AgentSession, unpack_json
from orchestrator.transport.base import Transport

AGENT = "job"
# Heartbeats come every two seconds; silence means that the link is dead, whatever TCP thinks.
FOLLOW_SILENCE_S = 6.0


def job_agent(host: Host, nonce: str = "<nonce>") -> Command:
    """The command that starts the far end of this launcher on `host`."""
    return agent.command(host, AGENT, nonce, host.workspace)


class DetachedLauncher:
    """Launcher over any transport; one agent session serves all calls and reopens after a drop."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        # Two laptops may name a run alike; who asks again for a job has to be told from who
        # asks for another one.
        self._owner = secrets.token_hex(16)

    @property
    def host(self) -> Host:
        return self._transport.host

    def submit(self, spec: JobSpec, request: str) -> None:
        facts = asdict(spec) | {"env": dict(spec.env)}
        files = {
            "request.json": request,
            "spec.json": json.dumps(facts),
            "snapshot": spec.snapshot,
            "owner": self._owner,
        }
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
                    on_beat(heartbeat(self.host, body))
                else:
                    return job_end(self.host, checked(self.host, unpack_json(self.host, body)))

    def cancel(self, run_id: str) -> JobEnd:
        with self._session() as session:
            session.send_json({"do": "cancel", "run": run_id})
            return job_end(self.host, self._answer(session))

    def list_jobs(self) -> tuple[ListedJob, ...]:
        """Every job the host still knows, oldest first."""
        return self.look_at_jobs()[0]

    def look_at_jobs(self) -> tuple[tuple[ListedJob, ...], tuple[str, ...]]:
        """list_jobs(), and the names of what else lies among them and is no job."""
        with self._session() as session:
            session.send_json({"do": "list"})
            answer = self._answer(session)
            return jobs(self.host, answer), others(answer)

    def pull(self, run_id: str, into: Path, progress: Progress, also: tuple[str, ...] = ()) -> None:
        """also: see Pull."""
        with self._session() as session:
            Pull(session, self.host, run_id, into, progress, also).bring_all()

    @contextmanager
    def _session(self) -> Iterator[AgentSession]:
        with agent.open_agent(self._transport, AGENT, self.host.workspace) as session:
            yield session

    def _answer(self, session: AgentSession) -> Any:
        return checked(self.host, session.receive_json())
