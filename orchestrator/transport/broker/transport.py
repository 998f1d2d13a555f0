"""The way to a host over a connection that a broker keeps; without one, the way of every command.

Nothing here imports an SSH library, unless the command has to connect by itself.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import HostKeyError, HostUnreachable, LinkLost
from orchestrator.transport.base import Channel
from orchestrator.transport.broker.begin import begin, login
from orchestrator.transport.broker.channel import BrokerChannel, Line
from orchestrator.transport.broker.frames import HungUp, Incoming, send_json, understood
from orchestrator.transport.broker.hold import STARTED_LIMIT_S, Hold
from orchestrator.transport.broker.hops import Hops, hops_to
from orchestrator.transport.broker.place import NoBroker, alone, mark_of, reached, socket_of
from orchestrator.transport.exchange import run_to_end
from orchestrator.transport.failures import lost
from orchestrator.transport.login.known_hosts import HostKey
from orchestrator.transport.login.trust import FirstContact, Trust
from orchestrator.values.command import Command
from orchestrator.values.completed import Completed
from orchestrator.values.host import Host

if TYPE_CHECKING:
    from orchestrator.transport.ssh import SshTransport

_ANSWER_LIMIT_S = 10.0  # it may ask the server first, for 3 s
# Another command may be asking a person; after that we ask as well.
_TURN_LIMIT_S = 20.0
_RESTARTING_S = 1.0
_OPENING_S = 0.1  # whoever has the lock for longer is connecting
_TRIES = 3


@dataclass(frozen=True)
class Keeping:
    """That a connection is kept open: persist_s after its last use. tell: hears why it is not."""

    persist_s: float
    tell: Callable[[str], None]


class BrokerTransport:
    """See base.Transport. locate: as of SshTransport; asked at every opening, so that nobody is
    given a connection to where a pod was before."""

    def __init__(
        self,
        host: Host,
        trust: Trust,
        keeping: Keeping,
        locate: Callable[[Host], Host] | None = None,
    ) -> None:
        self.host = host
        self._trust, self._keeping, self._locate = trust, keeping, locate
        self._lock = threading.RLock()
        self._hold: Hold | None = None
        self._lines: set[socket.socket] = set()
        self._direct: SshTransport | None = None
        self._was_open = self._unwanted = False

    def open(self) -> None:
        """Find the broker, or begin one, which connects; any thread may call this early."""
        self._opened()

    def run(self, command: Command, *, stdin: bytes = b"", timeout_s: float = 60.0) -> Completed:
        """Run a short command to its end."""
        with self.stream(command) as channel:
            tail = channel.tail  # type: ignore[attr-defined]
            return run_to_end(self.host, channel, tail, stdin, timeout_s)

    @contextlib.contextmanager
    def stream(self, command: Command) -> Iterator[Channel]:
        """Start a command on a session channel of its own; no terminal."""
        channel = self._started(command)
        if channel is None:
            assert self._direct
            with self._direct.stream(command) as direct:
                yield direct
            return
        try:
            yield channel
        finally:
            self._lines.discard(channel.line.connection)
            channel.close()

    def close(self) -> None:
        """Let go of the connection, which stays with its broker; streams over it are lost. A thread
        that is opening it is not waited for."""
        self._unwanted = True
        for line in tuple(self._lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)  # whoever waits at it hears that
        if not self._lock.acquire(timeout=_OPENING_S):
            return
        try:
            self._let_go()
            if self._direct:
                self._direct.close()
        finally:
            self._lock.release()

    def __enter__(self) -> BrokerTransport:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _opened(self) -> Hold | None:
        """None: the command has a connection of its own."""
        with self._lock:
            if self._direct is None and not (self._hold and self._hold.is_there()):
                self._let_go()
                self._unwanted = False
                try:
                    self._hold = self._held()
                    self._was_open = True
                except NoBroker as why:
                    self._go_directly(str(why))
                self._require_wanted()
            if self._direct:
                self._direct.open()
            return self._hold

    def _require_wanted(self) -> None:
        if self._unwanted:
            self._let_go()
            raise lost(self.host, "was let go while we connected")

    def _let_go(self) -> None:
        if self._hold:
            self._hold.close()
        self._hold = None

    def _go_directly(self, why: str) -> None:
        from orchestrator.transport.ssh import SshTransport

        with self._lock:
            self._let_go()
            if self._direct is None:
                self._keeping.tell(f"no connection to {self.host.where} is kept: {why}")
                self._direct = SshTransport(self.host, self._trust, locate=self._locate)

    def _held(self) -> Hold:
        try:
            return self._held_where_it_is()
        except HostUnreachable as error:
            if not (self._locate and isinstance(error.__cause__, ConnectionRefusedError)):
                raise
        time.sleep(_RESTARTING_S)  # as of a direct one: it has just restarted, or is elsewhere
        return self._held_where_it_is()

    def _held_where_it_is(self) -> Hold:
        host = self._locate(self.host) if self._locate else self.host
        hops = hops_to(host, self._trust.names)
        place = socket_of(self._trust.known_hosts, self.host.name)
        asked = mark_of(place)
        if hold := self._found(place, hops):
            return hold
        with alone(place, _TURN_LIMIT_S):
            # Another command was first; one that did not answer us is not waited for again.
            if mark_of(place) != asked and (hold := self._found(place, hops)):
                return hold
            persist_s = self._keeping.persist_s
            begin(host, self._trust, place, hops.digest, persist_s, self._was_open)
            if hold := self._found(place, hops):
                return hold
        raise NoBroker("it does not answer")

    def _found(self, place: Path, hops: Hops) -> Hold | None:
        """A hold on the broker there, if its connection is one that we would make now."""
        connection = reached(place, _ANSWER_LIMIT_S)
        if connection is None:
            return None
        asked = {"op": "use", "digest": hops.digest, "pid": os.getpid(), "login": login()}
        self._lines.add(connection)  # one that is deaf keeps nobody who is told to leave it
        try:
            send_json(connection, {**asked, "persist_s": self._keeping.persist_s})
            said = Incoming(connection).json(_ANSWER_LIMIT_S)
            if "keys" in said and self._are_believed(said["keys"], hops):
                return Hold(connection, place)
        except (HungUp, TimeoutError, OSError):
            said = {}
        finally:
            self._lines.discard(connection)
        connection.close()
        self._require_wanted()
        if "keys" in said:
            told(place, {"op": "retire"}, _ANSWER_LIMIT_S)
        return None

    def _are_believed(self, keys: Any, hops: Hops) -> bool:
        """Whether the keys that the hosts showed then would let us connect now, without asking."""
        judge = replace(self._trust, first_contact=FirstContact.REFUSE)
        try:
            for host, route in hops.steps:
                kind, blob = keys[host.trusted_as or host.name]
                judge.verify(host, route, HostKey(kind, b64decode(blob)))
        except (HostKeyError, KeyError, ValueError, TypeError):
            return False
        return True

    def _started(self, command: Command) -> BrokerChannel | None:
        """The command's channel; None where only a connection of our own has room for one."""
        for _ in range(_TRIES):
            if (hold := self._opened()) is None:
                return None
            try:
                line = hold.line()
            except OSError:  # it has just ended
                self._let_go_of(hold)
                continue
            self._lines.add(line)
            incoming = Incoming(line)
            said = self._answered(line, incoming, command)
            if "ok" in said:
                gone = partial(self._let_go_of, hold)
                return BrokerChannel(self.host, Line(line, incoming, hold.is_alive, gone))
            self._hang_up(line)
            if "gone" in said:
                self._let_go_of(hold)
                continue
            problem = understood(said.get("error", {}))
            if isinstance(problem, LinkLost) or not isinstance(problem, HostUnreachable):
                raise problem
            self._go_directly("it has no room for one more command")
            return None
        raise lost(self.host, "is no longer connected: each new connection ended at once")

    def _answered(self, line: socket.socket, incoming: Incoming, command: Command) -> Any:
        """What the broker says to a command; LinkLost: nothing, so it may have been started."""
        try:
            send_json(line, {"op": "exec", "argv": command.argv})
            return incoming.json(STARTED_LIMIT_S)
        except (HungUp, TimeoutError, OSError) as error:
            self._hang_up(line)
            raise lost(self.host, "is no longer connected") from error

    def _hang_up(self, line: socket.socket) -> None:
        self._lines.discard(line)
        line.close()

    def _let_go_of(self, hold: Hold) -> None:
        """Its connection has died: the next use connects anew."""
        with self._lock:
            if self._hold is hold:
                self._let_go()


def told(place: Path, words: dict[str, Any], limit_s: float) -> Any:
    """What the broker at `place` answers; None where none does."""
    with contextlib.suppress(HungUp, TimeoutError, OSError, NoBroker):
        if connection := reached(place, limit_s):
            with connection:
                send_json(connection, words)
                return Incoming(connection).json(limit_s)
    return None
