"""What a broker does once it is logged in: give channels of its one connection to commands."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import time
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.errors import OrchestratorError
from orchestrator.transport.broker.forwarding import forward
from orchestrator.transport.broker.frames import HungUp, Incoming, is_ready, send_json, spelled
from orchestrator.transport.broker.place import is_ours, mark_of
from orchestrator.transport.login.known_hosts import HostKey
from orchestrator.transport.ssh import SshTransport
from orchestrator.values.command import Command

_LOOK_EACH_S = 1.0
_ASK_LIMIT_S = 10.0
# A line without a stream is asked so often whether it is there; a longer silence means that this
# machine slept, so that it is asked again before somebody is given it.
_ASKED_EACH_S, _ANSWER_HOLDS_S = 15.0, 30.0
_JUST_HEARD_S = 3.0  # for a command that asks
_LAST_WORDS_S, _LAST_ANSWERS_S = 3.0, 0.2


@dataclass(frozen=True)
class Kept:
    """One connection: where its socket lies, by what digest it was reached, the keys that hosts
    showed (by the names they are kept under), and as whom we are logged in."""

    place: Path
    digest: str
    keys: dict[str, HostKey]
    who: str


@dataclass
class Uses:
    """Who uses it: the process of each hold. logins: the sessions of all who ever did.

    since_s: of the last end of one, monotonic.
    """

    persist_s: float
    holds: dict[int, int] = field(default_factory=dict)
    logins: set[int] = field(default_factory=set)
    since_s: float = field(default_factory=time.monotonic)
    streams: int = 0

    @property
    def left_s(self) -> float:
        """Until it ends for want of use."""
        return self.since_s + self.persist_s - time.monotonic()


class Broker:
    """Answers at `ear` until there is no more reason to; then nothing of it is left."""

    def __init__(self, transport: SshTransport, ear: socket.socket, kept: Kept, uses: Uses):
        self._transport, self._ear, self._kept = transport, ear, kept
        self._mark = mark_of(kept.place)
        self._uses, self._lock = uses, threading.Lock()
        self._began_s = time.time()
        self._is_retired = False
        self._acts = {
            "use": self._use,
            "exec": self._exec,
            "alive": self._alive,
            "status": self._status,
            "retire": self._retire,
            "end": self._end,
        }

    def serve(self) -> None:
        """Until the connection has died, was not used for long, or its login is over."""
        try:
            while not self._is_due():
                if is_ready(self._ear, select.POLLIN, _LOOK_EACH_S):
                    near, _ = self._ear.accept()
                    threading.Thread(target=self._answer, args=(near,), daemon=True).start()
        finally:
            self._vanish()

    def _is_due(self) -> bool:
        if not self._uses.streams:  # else an answer may be late for what is being sent
            self._transport.answers(_ASKED_EACH_S)
        if not self._transport.is_open:
            self._vanish()
            self._let_all_hear()
            return True
        if mark_of(self._kept.place) != self._mark:  # removed, or another has taken its place
            self._is_retired = True
        with self._lock:
            if self._uses.holds or self._uses.streams:
                return False
            over = self._uses.logins and not any(map(_is_there, self._uses.logins))
            return bool(self._is_retired or over or self._uses.left_s <= 0)

    def _let_all_hear(self) -> None:
        """Give commands the time to be told that the connection has died."""
        until = time.monotonic() + _LAST_WORDS_S
        while self._uses.streams and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(_LAST_ANSWERS_S)

    def _vanish(self) -> None:
        if mark_of(self._kept.place) == self._mark:
            with contextlib.suppress(OSError):
                self._kept.place.unlink()

    def _answer(self, near: socket.socket, is_known: bool = False) -> None:
        with near, contextlib.suppress(HungUp, TimeoutError, OSError, KeyError, TypeError):
            if is_known or is_ours(near):
                incoming = Incoming(near)
                asked = incoming.json(_ASK_LIMIT_S)
                self._acts[asked["op"]](near, incoming, asked)

    def _use(self, near: socket.socket, incoming: Incoming, asked: Any) -> None:
        if asked["digest"] != self._kept.digest:
            self._is_retired = True
        with self._lock:  # from here on it is used, so that it does not end
            self._uses.holds[id(near)] = int(asked["pid"])
        try:
            if self._is_retired or not self._transport.answers(_ANSWER_HOLDS_S):
                return send_json(near, {"no": True})
            with self._lock:
                self._uses.persist_s = float(asked["persist_s"])
                self._uses.logins |= {asked["login"]} - {None}
            keys = self._kept.keys.items()
            said = {name: [key.kind, b64encode(key.blob).decode()] for name, key in keys}
            send_json(near, {"keys": said})
            self._hold(near)
        finally:
            with self._lock:
                del self._uses.holds[id(near)]
                self._uses.since_s = time.monotonic()

    def _hold(self, near: socket.socket) -> None:
        """Until the command lets go; it may pass us more connections of its own meanwhile."""
        near.settimeout(None)
        while True:
            said, handles, _, _ = socket.recv_fds(near, 1, 1)
            if not said:
                return
            for handle in handles:
                line = socket.socket(fileno=handle)
                threading.Thread(target=self._answer, args=(line, True), daemon=True).start()

    def _exec(self, near: socket.socket, incoming: Incoming, asked: Any) -> None:
        if not self._transport.is_open:
            return send_json(near, {"gone": True})
        with self._lock:
            self._uses.streams += 1
        try:
            with self._transport.stream(Command(tuple(asked["argv"]))) as channel:
                send_json(near, {"ok": True})
                forward(channel, near, incoming)
        except OrchestratorError as error:
            send_json(near, {"error": spelled(error)})
        finally:
            with self._lock:
                self._uses.streams -= 1
                self._uses.since_s = time.monotonic()

    def _alive(self, near: socket.socket, incoming: Incoming, asked: Any) -> None:
        send_json(near, {"alive": self._transport.answers(_JUST_HEARD_S)})

    def _status(self, near: socket.socket, incoming: Incoming, asked: Any) -> None:
        with self._lock:
            used_by = sorted(set(self._uses.holds.values()))
            left_s = None if used_by else max(0.0, self._uses.left_s)
            persist_s = self._uses.persist_s
        facts = {"who": self._kept.who, "since_s": self._began_s, "pid": os.getpid()}
        send_json(near, {**facts, "used_by": used_by, "left_s": left_s, "persist_s": persist_s})

    def _retire(self, near: socket.socket, incoming: Incoming, asked: Any) -> None:
        """No new command gets it; it ends with the last that has it."""
        self._is_retired = True
        self._vanish()
        send_json(near, {"ok": True})

    def _end(self, near: socket.socket, incoming: Incoming, asked: Any) -> None:
        self._vanish()
        send_json(near, {"ok": True})
        os.kill(os.getpid(), signal.SIGTERM)


def _is_there(leader: int) -> bool:
    """Whether that session still has its leader."""
    try:
        return os.getsid(leader) == leader
    except ProcessLookupError:
        return False
    except OSError:  # a system that does not tell
        return True
