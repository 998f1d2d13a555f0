"""doctor: one connection, one program there, and what its evidence means."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import Any, TypeVar

from orchestrator.errors import HostUnfit
from orchestrator.model import diagnosis
from orchestrator.model.diagnosis import Diagnosis
from orchestrator.model.evidence import Evidence, facts_of
from orchestrator.model.host import Host, TransportKind
from orchestrator.model.host_facts import CounterProbe, Reach
from orchestrator.model.text import printable
from orchestrator.transport import agent
from orchestrator.transport.agent import AgentSession
from orchestrator.transport.base import Transport
from orchestrator.transport.route import resolve
from remote_payload import codec

T = TypeVar("T")

AGENT, COUNTERS_AGENT = "doctor", "counters"
# The agents bound themselves, to 2.4 s and to 40 s; beyond that the link is to blame.
EVIDENCE_LIMIT_S = 15.0
COUNTERS_LIMIT_S = 55.0


def diagnose(transport: Transport, *, probe_counters: bool = False) -> Diagnosis:
    """Look at the transport's host and judge what was seen; changes nothing there.

    probe_counters: also run one kernel under ncu, which takes seconds, if there is a GPU.
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


def require_fit(found: Diagnosis) -> None:
    """Raise HostUnfit with the words that `doctor` would have used; for verbs that look first."""
    wrong = found.first_failure
    if wrong:
        raise HostUnfit(f"{found.host.where}: {wrong.topic}: {wrong.found}", hint=wrong.mend)


def _gather(transport: Transport) -> tuple[Evidence, int]:
    """The evidence, and how many bytes the login printed before it."""
    host, nonce = transport.host, secrets.token_hex(8)
    line = agent.command(host, AGENT, nonce, host.workspace, *_environment(host))
    with transport.stream(line) as channel:
        session = AgentSession(channel, host, nonce)
        session.wait_for_hello()
        noise_bytes = session.noise_bytes
        if host.env:
            session.send_json(dict(host.env))
        answer = session.receive_json(EVIDENCE_LIMIT_S)
    return _understood(Evidence, answer, host), noise_bytes


def _probe_counters(transport: Transport) -> CounterProbe:
    host = transport.host
    with agent.open_agent(transport, COUNTERS_AGENT, *_environment(host)) as session:
        if host.env:
            session.send_json(dict(host.env))
        return _understood(CounterProbe, session.receive_json(COUNTERS_LIMIT_S), host)


def _environment(host: Host) -> tuple[str, ...]:
    """The word that makes an agent wait for the environment; it may hold secrets, so it is
    never part of a command line."""
    return ("env",) if host.env else ()


def _understood(kind: type[T], answer: Any, host: Host) -> T:
    try:
        return codec.decode(kind, _harmless(answer))
    except codec.CodecError as error:
        raise HostUnfit(
            f"{host.where} sent an answer that makes no sense: {error}",
            hint="Run the same command again; if it stays so, do not trust this host.",
        ) from error


def _harmless(value: Any) -> Any:
    """Remote text that may meet a terminal; only line breaks of the files we read stay."""
    if isinstance(value, str):
        return "\n".join(printable(line) for line in value.split("\n"))
    if isinstance(value, list):
        return [_harmless(item) for item in value]
    if isinstance(value, dict):
        return {name: _harmless(item) for name, item in value.items()}
    return value


def _route(host: Host) -> str:
    if host.kind is TransportKind.LOCAL:
        return ""
    way = resolve(host)
    if way.jumps:
        return f"SSH through {len(way.jumps)} jump host{'s' if len(way.jumps) > 1 else ''}"
    return "SSH through a proxy command" if way.proxy_command else "direct SSH"
