"""Jobs that outlive the connection: supervised on the host by remote_payload/runner.py."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.launch.answer import (
    checked,
    heartbeat,
    job_end,
    jobs,
    others,
    taken,
)
from orchestrator.launch.base import BeatSink, ListedJob, LogSink
from orchestrator.launch.offer import offered_files
from orchestrator.launch.pull import Pull
from orchestrator.transport import agent
from orchestrator.transport.agent import AgentSession, unpack_json
from orchestrator.transport.base import Transport
from orchestrator.values.claim import Claim, difference
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from orchestrator.values.job import JobEnd, JobSpec
from orchestrator.values.progress import Progress
from orchestrator.values.run import BoundFile
from remote_payload.contract import codec
from remote_payload.contract.layout import LOG, REQUEST, SPEC
from remote_payload.contract.request import Request

AGENT = "job"
# Heartbeats come every two seconds; silence means that the link is dead, whatever TCP thinks.
FOLLOW_SILENCE_S = 6.0


def job_agent(host: Host, nonce: str = "<nonce>") -> Command:
    """The command that starts the far end of this launcher on `host`."""
    return agent.command(host, AGENT, nonce, host.workspace)


class DetachedLauncher:
    """Launcher over any transport; one agent session serves all calls and reopens after a drop.

    claim: with one, a job of its name that is another's is RunTaken to every call, since two
    laptops may name a run alike. Without one, any job of a name will do: whoever reads a host's
    runs, or names one with its host, means the job that is there.
    """

    def __init__(self, transport: Transport, claim: Claim | None = None) -> None:
        self._transport = transport
        self._claim = claim
        self._owner = claim.owner if claim else ""
        # Who asks again for a job has to be told from who asks for another one.
        self._submits_as = self._owner or secrets.token_hex(16)

    @property
    def host(self) -> Host:
        return self._transport.host

    def submit(
        self, spec: JobSpec, request: str, asking: Callable[[], object] = lambda: None
    ) -> None:
        """asking: called before the job is asked for; until then the host has not heard of it."""
        facts = asdict(spec) | {"env": dict(spec.env)}
        files = {
            REQUEST: request,
            SPEC: json.dumps(facts),
            "snapshot": spec.snapshot,
            "owner": self._submits_as,
        }
        with self._session() as session:
            asking()
            session.send_json(
                {"do": "submit", "run": spec.run_id, "snapshot": spec.snapshot, "files": files}
            )
            self._answer(session)

    def follow(self, run_id: str, offset: int, on_log: LogSink, on_beat: BeatSink) -> JobEnd:
        with self._session_about(run_id) as session:
            session.send_json({"do": "follow", **self._whose(run_id), "offset": offset})
            while True:
                kind, body = session.receive(FOLLOW_SILENCE_S)
                if kind == b"L":
                    on_log(body)
                elif kind == b"H":
                    on_beat(heartbeat(self.host, body))
                else:
                    return job_end(self.host, checked(self.host, unpack_json(self.host, body)))

    def cancel(self, run_id: str) -> JobEnd:
        with self._session_about(run_id) as session:
            session.send_json({"do": "cancel", **self._whose(run_id)})
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

    def log_bytes(self, run_id: str) -> int:
        """How long the job's log is by now; 0 before it began."""
        with self._session_about(run_id) as session:
            session.send_json({"do": "inventory", **self._whose(run_id)})
            offered = offered_files(self.host.where, self._answer(session), ())
        return next((file.size_bytes for file in offered if file.path == LOG), 0)

    def pull(
        self, run_id: str, into: Path, progress: Progress, also: tuple[str, ...] = ()
    ) -> tuple[BoundFile, ...]:
        """also: see Pull."""
        with self._session_about(run_id) as session:
            return Pull(session, self.host, run_id, into, progress, also, self._owner).bring_all()

    def asked(self, run_id: str) -> str:
        """The request of a job as the host keeps it; empty if it keeps none."""
        with self._session() as session:
            return self._asked(session, run_id)

    def _whose(self, run_id: str) -> dict[str, str]:
        return {"run": run_id, "owner": self._owner}

    @contextmanager
    def _session_about(self, run_id: str) -> Iterator[AgentSession]:
        """A session in which the job is ours. One of before there were marks is known by what was
        asked for: it is another's where the host tells of another request."""
        with self._session() as session:
            ours = self._claim.request if self._claim and not self._owner else None
            told = _request(self._asked(session, run_id)) if ours else None
            if ours and told and (why := difference(ours, told)):
                raise taken(self.host, run_id, why)
            yield session

    def _asked(self, session: AgentSession, run_id: str) -> str:
        session.send_json({"do": "asked", **self._whose(run_id)})
        return str(self._answer(session).get("request", ""))

    @contextmanager
    def _session(self) -> Iterator[AgentSession]:
        with agent.open_agent(self._transport, AGENT, self.host.workspace) as session:
            yield session

    def _answer(self, session: AgentSession) -> Any:
        return checked(self.host, session.receive_json())


def _request(text: str) -> Request | None:
    with suppress(ValueError, ArithmeticError, RecursionError):
        return codec.loads(Request, text)
    return None
