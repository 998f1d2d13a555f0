"""The process of a broker: detached from whatever began it, logged in with that one's help."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from orchestrator.errors import LinkLost, OrchestratorError
from orchestrator.here import children
from orchestrator.transport.broker.frames import HungUp, Incoming, send_json, spelled
from orchestrator.transport.broker.place import listening
from orchestrator.transport.failures import lost
from orchestrator.transport.login.known_hosts import HostKey
from orchestrator.transport.login.trust import FirstContact, Question, Trust
from orchestrator.transport.way.route import Route
from orchestrator.values.host import Host, LauncherKind, TransportKind

_ORDER_LIMIT_S = 20.0
_ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


class _Ended(BaseException):
    """Somebody told us to end."""


def main(handle: int) -> None:
    """Be a broker. handle: the socket over which the command that begins it speaks."""
    if os.fork():
        os._exit(0)
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # keys in memory stay there
    for number in _ENDS:
        signal.signal(number, _end)
    with contextlib.suppress(_Ended, HungUp, OSError, TimeoutError):
        _run(socket.socket(fileno=handle))
    children.end_all()
    os._exit(0)


def _end(number: int, frame: FrameType | None) -> None:
    for one in _ENDS:
        signal.signal(one, signal.SIG_IGN)
    raise _Ended


@dataclass(frozen=True)
class _Noting(Trust):
    """Trust that notes the keys it has believed, by the names they are kept under."""

    seen: dict[str, HostKey] = field(default_factory=dict)

    def verify(self, host: Host, route: Route, offered: HostKey) -> None:
        super().verify(host, route, offered)
        self.seen[host.trusted_as or host.name] = offered


def _run(starter: socket.socket) -> None:
    incoming = Incoming(starter)
    wanted = incoming.json(_ORDER_LIMIT_S)
    connecting = threading.Event()
    threading.Thread(target=_end_with, args=(starter, connecting), daemon=True).start()
    try:
        broker = _begun(wanted, _Asking(starter, incoming))
    except OrchestratorError as error:
        send_json(starter, {"error": spelled(error)})
        return
    except OSError as error:
        send_json(starter, {"broken": f"{wanted['place']}: {error.strerror or error}"})
        return
    connecting.set()
    with contextlib.suppress(OSError):
        send_json(starter, {"ready": True})
    starter.close()
    os.chdir("/")
    broker.serve()


def _end_with(starter: socket.socket, connecting: threading.Event) -> None:
    """Whoever began us has gone before we were through: so do we."""
    poll = select.poll()
    poll.register(starter, 0)  # it tells of a hang-up alone
    while not connecting.is_set():
        if poll.poll(200) and not connecting.is_set():
            children.end_all()
            os._exit(1)


def _begun(wanted: Any, asking: _Asking) -> Any:
    """A broker that is connected and listens."""
    from orchestrator.transport.broker.hops import hops_to
    from orchestrator.transport.broker.serving import Broker, Kept, Uses
    from orchestrator.transport.ssh import SshTransport

    host, place = _host(wanted["host"]), Path(wanted["place"])
    can = wanted["can"]
    trust = _Noting(
        Path(wanted["known_hosts"]),
        FirstContact(wanted["first_contact"]),
        asking.ask if "ask" in can else None,
        asking.passphrase if "passphrase" in can else None,
        asking.answers if "answers" in can else None,
        frozenset(wanted["names"]),
    )
    connected = threading.Event()

    def once(_: Host) -> Host:
        """There is one connection: who wants another begins another broker."""
        if connected.is_set():
            raise lost(host, "is no longer connected")
        return host

    transport = SshTransport(host, trust, locate=once, again=wanted["again"])
    transport.open()
    connected.set()
    hops = hops_to(host, trust.names)
    if hops.digest != wanted["digest"]:
        raise LinkLost(f"the way to {host.where} changed while we connected", hint="Try again.")
    user = hops.steps[0][1].user
    kept = Kept(place, hops.digest, trust.seen, user)
    uses = Uses(wanted["persist_s"], logins={wanted["login"]} - {None})
    return Broker(transport, listening(place), kept, uses)


def _host(said: Any) -> Host:
    file = said["identity_file"]
    values = {
        "kind": TransportKind(said["kind"]),
        "launcher": LauncherKind(said["launcher"]),
        "identity_file": Path(file) if file else None,
        "env": (),
    }
    return Host(**{**said, **values})


class _Asking:
    """Puts the questions of a login to the command that began us; one at a time."""

    def __init__(self, starter: socket.socket, incoming: Incoming) -> None:
        self._starter, self._incoming = starter, incoming
        self._turn = threading.Lock()

    def ask(self, question: str, fingerprint: str) -> bool:
        return self._said({"ask": [question, fingerprint]}) is True

    def passphrase(self, question: str) -> str:
        return str(self._said({"passphrase": question}))

    def answers(self, who: str, questions: tuple[Question, ...]) -> list[str]:
        asked = [[one.text, one.seen] for one in questions]
        return [str(answer) for answer in self._said({"answers": [who, asked]})]

    def _said(self, question: dict[str, object]) -> Any:
        with self._turn:
            send_json(self._starter, question)
            return self._incoming.json()["said"]
