"""A command that runs over a broker's connection; see base.Channel."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.errors import OrchestratorError
from orchestrator.transport.broker.frames import (
    HungUp,
    Incoming,
    is_ready,
    understood,
    value_of,
)
from orchestrator.transport.exchange import Tail
from orchestrator.transport.failures import lost
from orchestrator.values.host import Host

_SEND_LIMIT_S = 62.0  # the broker's own limit, and what it takes to tell us
_PIECE_BYTES = 1 << 18
# While somebody only sends or waits for the end, so much of stdout is taken in at most.
_KEPT_BYTES = 16 << 20
_NOW_S = 0.0


@dataclass(frozen=True)
class Line:
    """A connection to a broker, and what came over it.

    alive: asks the broker whether the far end is there. gone: hears that the broker is not.
    """

    connection: socket.socket
    incoming: Incoming
    alive: Callable[[], bool]
    gone: Callable[[], None]


class BrokerChannel:
    """What the broker forwards of a command, and to it. Two threads may send and receive at once.

    line: to the broker, for this command alone.
    """

    def __init__(self, host: Host, line: Line) -> None:
        self._host, self.line = host, line
        self._connection, self._incoming = line.connection, line.incoming
        self._connection.setblocking(False)
        self._receiving, self._sending = threading.RLock(), threading.Lock()
        self.tail = Tail()
        self._stdout = bytearray()
        self._has_ended = self._is_over = self._is_closed = False
        self._status: int | None = None
        self._why_lost: OrchestratorError | None = None
        self._why_unsent: OrchestratorError | None = None

    def send(self, data: bytes) -> None:
        """Write all of data to stdin; LinkLost: nobody reads it any more."""
        view = memoryview(data)
        with self._sending:
            for start in range(0, len(view), _PIECE_BYTES):
                self._take_what_is_there()
                if self._why_unsent or self._is_over:
                    raise self._unsent()
                piece = view[start : start + _PIECE_BYTES]
                self._write(b"D" + len(piece).to_bytes(4, "big"))
                self._write(piece)

    def close_send(self) -> None:
        """Tell the command that its stdin has ended."""
        with self._sending:
            self._write(b"E\0\0\0\0")

    def receive(self, limit: int, timeout_s: float) -> bytes:
        """Some stdout, or b"" at its end; LinkLost after timeout_s of silence."""
        deadline = time.monotonic() + timeout_s
        with self._receiving:
            while not self._stdout:
                if self._why_lost:
                    raise self._why_lost
                if self._has_ended:
                    return b""
                if not self._took(deadline - time.monotonic()):
                    raise lost(self._host, f"said nothing for {timeout_s:g} s")
            data = bytes(self._stdout[:limit])
            del self._stdout[:limit]
            return data

    def stderr_tail(self) -> str:
        """The last of stderr so far."""
        self._take_what_is_there()
        return str(self.tail)

    def exit_status(self, timeout_s: float) -> int | None:
        """Wait for the end; None after a signal, a dead link, or when time is up."""
        deadline = time.monotonic() + timeout_s
        with self._receiving:
            while not self._is_over and len(self._stdout) < _KEPT_BYTES:
                if not self._took(deadline - time.monotonic()):
                    break
            return self._status

    def is_alive(self) -> bool:
        """Ask the server itself, by way of the broker."""
        return self.line.alive()

    def close(self) -> None:
        """Hang up: the broker closes the command's streams."""
        self._is_closed = True
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        # That ends what others do with it; only then may its descriptor be another file's.
        with self._sending, self._receiving:
            self._connection.close()

    def _write(self, data: bytes | memoryview) -> None:
        view, deadline = memoryview(data), time.monotonic() + _SEND_LIMIT_S
        while view:
            try:
                taken = self._offer(view)
            except (OSError, HungUp) as error:
                self._take_what_is_there()
                raise self._unsent() from error
            view = view[taken:]
            is_useless = self._why_unsent or self._is_over or time.monotonic() > deadline
            if not taken and is_useless:
                raise self._unsent()

    def _offer(self, data: memoryview) -> int:
        """How many of the bytes were taken; 0 after a while in which none could be."""
        with contextlib.suppress(BlockingIOError):
            return self._connection.send(data)
        # What comes meanwhile may be what the far end waits to get rid of.
        self._take_what_is_there()
        is_ready(self._connection, select.POLLOUT | select.POLLIN, 1.0)
        return 0

    def _unsent(self) -> OrchestratorError:
        why = self._why_unsent or self._why_lost
        return why or lost(self._host, "is no longer connected: the command has ended")

    def _take_what_is_there(self) -> None:
        """Without waiting; where another thread receives, that one does it."""
        if self._receiving.acquire(blocking=False):
            try:
                while len(self._stdout) < _KEPT_BYTES and not self._is_over and self._took(_NOW_S):
                    pass
            finally:
                self._receiving.release()

    def _took(self, timeout_s: float) -> bool:
        """Take the next frame in; False: none came in time."""
        try:
            kind, body = self._incoming.next(timeout_s)
            self._take(kind, body)
        except TimeoutError:
            return False
        except HungUp:
            self._is_over = True
            if not self._is_closed:
                self.line.gone()
            if not self._has_ended:
                self._has_ended = True
                self._why_lost = self._why_lost or lost(self._host, "is no longer connected")
        return True

    def _take(self, kind: bytes, body: bytes) -> None:
        if kind == b"O":
            self._stdout += body
        elif kind == b"R":
            self.tail.add(body)
        elif kind == b"Z":
            self._has_ended = True
        elif kind == b"X":
            self._status, self._is_over = value_of(body), True
        elif kind == b"L":
            self._why_lost, self._is_over = understood(value_of(body)), True
        elif kind == b"S":
            self._why_unsent = understood(value_of(body))
        else:
            raise HungUp
