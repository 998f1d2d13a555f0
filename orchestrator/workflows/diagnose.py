"""doctor: one connection, a program or two there, and what their evidence means.

A verb that runs something looks first, beside its deploy and on the same connection (`Beside`),
and stops with doctor's words where the host cannot serve it (`require_fit`).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread
from types import TracebackType
from typing import Any

from orchestrator.doctor import diagnosis
from orchestrator.doctor.diagnosis import Diagnosis
from orchestrator.doctor.diagnosis_need import fitness
from orchestrator.doctor.evidence import Evidence, facts_of
from orchestrator.doctor.finding import Case
from orchestrator.errors import HostUnfit, LinkLost, OrchestratorError
from orchestrator.transport import agent
from orchestrator.transport.agent import AgentSession
from orchestrator.transport.base import Channel, Transport
from orchestrator.transport.way.route import resolve
from orchestrator.values.command import Command
from orchestrator.values.completed import Completed
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.host_facts import CounterProbe, Reach
from orchestrator.workflows.compile_probe import compile_ten_lines
from orchestrator.workflows.understood import understood
from remote_payload.contract import codec
from remote_payload.contract.request import Request

AGENT, COUNTERS_AGENT = "doctor", "counters"
# The agents bound themselves, to 2.4 s and to 40 s; beyond that the link is to blame.
EVIDENCE_LIMIT_S = 15.0
COUNTERS_LIMIT_S = 55.0
# Whoever has deployed meanwhile waits no longer for the evidence: it is welcome, not needed.
PATIENCE_S = 5.0


def diagnose(
    transport: Transport,
    *,
    probe_counters: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Diagnosis:
    """Look at the transport's host and judge what was seen.

    All that stays there, in the workspace, is that ten lines compiled well.

    probe_counters: also run one kernel under ncu, which takes seconds, if there is a GPU.
    tell: hears what takes longer than a look.
    HostUnreachable: no connection. HostUnfit: our program could not run there.
    """
    host = transport.host
    started = time.monotonic()
    transport.open()
    connected = time.monotonic()
    evidence, noise_bytes = _gather(transport)
    reach = Reach(
        clock_ahead_s=evidence.clock_s - time.time(),
        answer_s=time.monotonic() - connected,
        connect_s=connected - started,
        noise_bytes=noise_bytes,
        route=_route(host),
    )
    facts = facts_of(evidence)
    case = Case(host, reach, facts)
    facts = replace(facts, compiled=compile_ten_lines(transport, case, tell))
    if probe_counters and facts.gpus and facts.profilers:
        facts = replace(facts, counters=_probe_counters(transport))
    return diagnosis.diagnose(host, reach, facts)


def shown(found: Diagnosis) -> dict[str, Any]:
    """The diagnosis as one JSON document."""
    return {
        "host": found.host.name,
        "fit": found.first_failure is None,
        "reach": codec.encode(found.reach),
        "facts": codec.encode(found.facts),
        "findings": codec.encode(found.findings),
    }


def require_fit(found: Diagnosis, request: Request) -> tuple[str, ...]:
    """What is worth saying before `request` runs on that host, in the words of `doctor`.

    HostUnfit: it cannot run there at all, in the same words.
    """
    judged = fitness(found, request)
    if wrong := judged.stop:
        raise HostUnfit(f"{found.host.where}: {wrong.topic}: {wrong.found}", hint=wrong.mend)
    return tuple(f"{one.topic}: {one.found} → {one.mend}" for one in judged.notes)


def look_command(host: Host, nonce: str) -> Command:
    """The exact command that looks at `host`."""
    return agent.command(host, AGENT, nonce, host.workspace, *_environment(host))


class Beside:
    """A transport whose first command has company: a look at the host, on the same connection.

    The command gets its channel first, so a server that grants only one loses us the look alone.
    """

    def __init__(self, transport: Transport) -> None:
        self.host = transport.host
        self._transport = transport
        self._look: Future[Diagnosis] | None = None

    def fit_for(self, request: Request) -> tuple[str, ...]:
        """Wait for the look, then as `require_fit`; a look that failed is worth a line itself."""
        if self._look is None:
            return ()
        wait([self._look], PATIENCE_S)
        error = self._look.exception() if self._look.done() else None
        if self._look.done() and error is None:
            return require_fit(self._look.result(), request)
        # Nothing to judge by, which is no reason to refuse: the run will tell.
        why = error.message if isinstance(error, OrchestratorError) else "it took too long"
        return (f"going on without a look at {self.host.where}: {why}",)

    def open(self) -> None:
        """As the transport's own, like everything below."""
        self._transport.open()

    def run(self, command: Command, *, stdin: bytes = b"", timeout_s: float = 60.0) -> Completed:
        return self._transport.run(command, stdin=stdin, timeout_s=timeout_s)

    @contextmanager
    def stream(self, command: Command) -> Iterator[Channel]:
        with self._transport.stream(command) as channel:
            # After a lost link a deploy begins anew, and so does a look that was lost with it.
            if self._look is None or (self._look.done() and self._look.exception()):
                self._look = Future()
                # A daemon, so that a deploy that fails can be told without waiting for it.
                looking = (self._transport, self._look)
                Thread(target=_look, args=looking, name="look", daemon=True).start()
            yield channel

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Transport:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _look(transport: Transport, seen: Future[Diagnosis]) -> None:
    """Look over a connection that is open; how it was made is not judged."""
    try:
        evidence, noise_bytes = _gather(transport)
        ahead_s = evidence.clock_s - time.time()
        local = transport.host.kind is TransportKind.LOCAL
        reach = Reach("" if local else "an open connection", 0.0, 0.0, noise_bytes, ahead_s)
        seen.set_result(diagnosis.diagnose(transport.host, reach, facts_of(evidence)))
    except OrchestratorError as error:
        seen.set_exception(error)
    except Exception as error:
        seen.set_exception(LinkLost(f"it broke off: {error}"))


def _gather(transport: Transport) -> tuple[Evidence, int]:
    """The evidence, and how many bytes the login printed before it."""
    host, nonce = transport.host, secrets.token_hex(8)
    with transport.stream(look_command(host, nonce)) as channel:
        session = AgentSession(channel, host, nonce, starts=False)
        session.wait_for_hello()
        noise_bytes = session.noise_bytes
        if host.env:
            session.send_json(dict(host.env))
        answer = session.receive_json(EVIDENCE_LIMIT_S)
    return understood(Evidence, answer, host), noise_bytes


def _probe_counters(transport: Transport) -> CounterProbe:
    host = transport.host
    with agent.open_agent(transport, COUNTERS_AGENT, *_environment(host)) as session:
        if host.env:
            session.send_json(dict(host.env))
        return understood(CounterProbe, session.receive_json(COUNTERS_LIMIT_S), host)


def _environment(host: Host) -> tuple[str, ...]:
    """The word that makes an agent wait for the environment; it may hold secrets, so it is
    never part of a command line."""
    return ("env",) if host.env else ()


def _route(host: Host) -> str:
    if host.kind is TransportKind.LOCAL:
        return ""
    way = resolve(host)
    if way.jumps:
        return f"SSH through {len(way.jumps)} jump host{'s' if len(way.jumps) > 1 else ''}"
    return "SSH through a proxy command" if way.proxy_command else "direct SSH"
