"""Turn after turn in one process of a host that stays warm, over one open channel.

The far end is remote_payload/agent/warm.py, and behind it remote_payload/warm of the snapshot that
the process was opened with. It lives as long as the channel does: a job that is to outlive us is
`launch.detached`'s.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Protocol

from orchestrator.errors import HostUnfit, LinkLost
from orchestrator.launch.answer import checked, heartbeat, job_end
from orchestrator.store.runs import bounds
from orchestrator.transport import agent
from orchestrator.transport.agent import AgentSession, unpack_json
from orchestrator.transport.base import Transport
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from orchestrator.values.job import OUTPUT_LIMIT_BYTES, Ending, Heartbeat, JobEnd
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status

AGENT = "warm"
IDLE_S = 900.0
# Signs of life come every two seconds; silence means that the link is dead, whatever TCP thinks.
SILENCE_S = 8.0
# The payload keeps the request's limit itself; its supervisor's comes a little later.
_MARGIN_S = 10.0
_END_S = 2.0
_IDLE = "nobody asked for anything"  # in serving's words
_HINT = "Something else answers in its place; see what `python:` of this host starts."


class Hear(Protocol):
    """Who hears of a turn while it goes on; a run's JobLog is one."""

    def take(self, data: bytes) -> None:
        """The next bytes of its log, in order."""

    def beat(self, beat: Heartbeat) -> None:
        """A sign of life: it goes on, or it is queued behind another run."""


class Deaf:
    """Nobody hears."""

    def take(self, data: bytes) -> None:
        return

    def beat(self, beat: Heartbeat) -> None:
        return


@dataclass(frozen=True)
class Turn:
    """What came of one turn. result: as of any job, CANCELLED or FAILED where the host has none.

    end: how it ended, as of a job. log: all it printed. restarted: a new process was started for
    it, as it was the first, or the code had changed that was loaded. Seconds as the host's clock
    has them: waited_s for the device, those of the stages, and other_s for all else there.
    """

    result: Result
    end: JobEnd
    log: bytes
    restarted: bool
    waited_s: float
    build_s: float
    check_s: float
    bench_s: float
    other_s: float


class Warm:
    """The warm process of a transport's host, started when it is first needed. Turns come one at a
    time; `cancel` may be called from any thread meanwhile. Use as a context manager."""

    def __init__(self, transport: Transport, idle_s: float = IDLE_S) -> None:
        self._transport, self._idle_s = transport, idle_s
        self._session: AgentSession | None = None
        self._ending = ExitStack()
        self._sending, self._turning = threading.Lock(), threading.Lock()
        self._snapshot = ""

    @property
    def host(self) -> Host:
        return self._transport.host

    @property
    def is_open(self) -> bool:
        """Whether there is a process, as far as is known here."""
        return self._session is not None

    def open(self, snapshot: str) -> None:
        """Start it from a deployed snapshot, by its digest; nothing where there is one.

        HostUnfit: it cannot be started there, and why. HostUnreachable, LinkLost: as any agent.
        """
        if self._session is not None:
            return
        host = self.host
        with ExitStack() as ending:
            session = ending.enter_context(agent.open_agent(self._transport, AGENT, host.workspace))
            session.send_json(
                {
                    "snapshot": snapshot,
                    "python": host.python,
                    "env": dict(host.job_environment),
                    "idle_s": self._idle_s,
                }
            )
            answer = checked(host, session.receive_json())
            if answer.get("ready") is not True:
                raise HostUnfit(f"{host.where} started no process that stays warm", hint=_HINT)
            self._ending = ending.pop_all()
        self._session, self._snapshot = session, snapshot

    def turn(self, snapshot: str, request: Request, hear: Hear | None = None) -> Turn:
        """Carry out `request` in a deployed snapshot, in a new process where there is none or the
        code that it was loaded from has changed.

        LinkLost: the link died, and with it the turn there. HostUnfit: as of `open`, or the
        snapshot is not there, or damaged. Whatever is raised ends the process, and the next turn
        starts another.
        """
        with self._turning:
            try:
                return self._turn(snapshot, request, hear or Deaf())
            except BaseException:
                self._drop()
                raise

    def cancel(self) -> None:
        """Have the turn end at once; it is told as cancelled. One that the host has not heard of
        yet goes on: ask again for as long as `turn` has not returned."""
        session = self._session
        if session is not None:
            with suppress(LinkLost):
                self._send(session, {"do": "cancel"})

    def close(self) -> None:
        """End the process and all that it started, from any thread; a turn that is on is a LinkLost
        to whoever waits for it. Safe to call twice."""
        self._say_end()
        waited = self._turning.acquire(timeout=_END_S)
        try:
            self._drop()
        finally:
            if waited:
                self._turning.release()

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _say_end(self) -> None:
        session = self._session
        if session is not None:
            with suppress(LinkLost):
                self._send(session, {"do": "end"})

    def _drop(self) -> None:
        self._session = None
        ending, self._ending = self._ending, ExitStack()
        ending.close()

    def _send(self, session: AgentSession, value: Any) -> None:
        with self._sending:
            session.send_json(value)

    def _turn(self, snapshot: str, request: Request, hear: Hear) -> Turn:
        restarted = False
        for _ in range(2):
            if self._session is None:
                self.open(snapshot)
                restarted = True
            assert self._session is not None
            told = self._asked(self._session, snapshot, request, hear)
            if told is not None:
                return _turn_of(self.host, request, *told, restarted)
            self._say_end()
            self._drop()
        raise HostUnfit(
            f"{self.host.where} calls a process stale that it has just started", hint=_HINT
        )

    def _asked(
        self, session: AgentSession, snapshot: str, request: Request, hear: Hear
    ) -> tuple[Any, bytes] | None:
        """What the host tells of the turn, and its log; None where a new process is needed."""
        asked = {
            "do": "turn",
            "run": request.run_id,
            "snapshot": snapshot,
            "request": codec.dumps(request),
            "time_limit_s": request.time_limit_s + _MARGIN_S,
            "output_limit_bytes": OUTPUT_LIMIT_BYTES,
        }
        try:
            self._send(session, asked)
        except LinkLost:
            if _has_left(self.host, session):
                return None
            raise
        log = bytearray()
        while True:
            kind, body = session.receive(SILENCE_S)
            if kind == b"L":
                log += body
                hear.take(body)
            elif kind == b"H":
                hear.beat(heartbeat(self.host, body))
                with self._sending:  # it waits for that as we do
                    session.send(b"H")
            else:
                answer = checked(self.host, unpack_json(self.host, body))
                if (over := answer.get("over")) and over != _IDLE:
                    raise LinkLost(f"{self.host.where} ended its warm process: {over}")
                return None if over or answer.get("stale") is True else (answer, bytes(log))


def _has_left(host: Host, session: AgentSession) -> bool:
    """Whether its last word was that nobody had asked for anything."""
    with suppress(LinkLost, HostUnfit):
        return bool(checked(host, session.receive_json(_END_S)).get("over") == _IDLE)
    return False


def _turn_of(host: Host, request: Request, answer: Any, log: bytes, restarted: bool) -> Turn:
    end = job_end(host, answer)
    try:
        seconds = {key: float(answer[key]) for key in ("seconds", "waited_s")}
        text = answer["result"]
        result = _none(request, end) if text is None else bounds.checked(codec.loads(Result, text))
    except (codec.CodecError, KeyError, TypeError, ValueError) as error:
        raise HostUnfit(
            f"{host.where} sent a result that makes no sense: {error}", hint=_HINT
        ) from error
    of = {one.stage: one.seconds for one in result.stages}
    other_s = seconds["seconds"] - seconds["waited_s"] - sum(of.values())
    return Turn(
        result,
        end,
        log,
        restarted,
        waited_s=seconds["waited_s"],
        build_s=of.get(Stage.BUILD, 0.0),
        check_s=of.get(Stage.CHECK, 0.0),
        bench_s=of.get(Stage.BENCH, 0.0),
        other_s=max(0.0, other_s),
    )


def _none(request: Request, end: JobEnd) -> Result:
    """Of a turn of which the host has no result."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    status = {Ending.CANCELLED: Status.CANCELLED, Ending.TIMEOUT: Status.TIMEOUT}
    return Result(request, status.get(end.why, Status.FAILED), f"it {end.words}", now, now)


def command(host: Host, nonce: str = "<nonce>") -> Command:
    """What `Warm.open` starts on `host`."""
    return agent.command(host, AGENT, nonce, host.workspace)
