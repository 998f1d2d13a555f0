"""What a command and a broker say to each other on a local socket: frames, as agents do.

A frame is one kind byte, a 4-byte big-endian size, and that many bytes. J: JSON. To the broker:
D stdin, E its end. From it: O stdout, Z its end, R stderr, X the exit status as JSON, L why nothing
more comes, S why stdin took nothing more; the last two are errors as JSON.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from typing import Any

from orchestrator import errors
from orchestrator.errors import HostUnreachable, OrchestratorError

_HEAD = struct.Struct(">cI")
_MOST_BYTES = 64 << 20
_PIECE_BYTES = 1 << 18


class HungUp(Exception):
    """The other end has gone, or says what makes no sense."""


def send(connection: socket.socket, kind: bytes, body: bytes | memoryview = b"") -> None:
    """One frame, all of it; OSError where the other end has gone."""
    connection.sendall(_HEAD.pack(kind, len(body)))
    if body:
        connection.sendall(body)


def send_json(connection: socket.socket, value: Any, kind: bytes = b"J") -> None:
    """One frame of JSON."""
    body = json.dumps(value).encode()
    connection.sendall(_HEAD.pack(kind, len(body)) + body)


class Incoming:
    """The frames that come in over a connection, one after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()

    def next(self, timeout_s: float | None = None) -> tuple[bytes, bytes]:
        """The next frame; TimeoutError, or HungUp."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while (frame := self._whole()) is None:
            left_s = None if deadline is None else deadline - time.monotonic()
            if not is_ready(self._connection, select.POLLIN, left_s):
                raise TimeoutError
            try:
                data = self._connection.recv(_PIECE_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                raise HungUp from error
            if not data:
                raise HungUp
            self._buffer += data
        return frame

    def json(self, timeout_s: float | None = None) -> Any:
        """The value of the next frame, which is JSON; errors as above."""
        kind, body = self.next(timeout_s)
        if kind != b"J":
            raise HungUp
        return value_of(body)

    def _whole(self) -> tuple[bytes, bytes] | None:
        if len(self._buffer) < _HEAD.size:
            return None
        kind, size = _HEAD.unpack_from(self._buffer)
        if size > _MOST_BYTES:
            raise HungUp
        end = _HEAD.size + size
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_HEAD.size : end])
        del self._buffer[:end]
        return kind, body


def value_of(body: bytes) -> Any:
    """The value of a JSON body; HungUp if it has none."""
    try:
        return json.loads(body)
    except ValueError as error:
        raise HungUp from error


def is_ready(connection: socket.socket, event: int, timeout_s: float | None) -> bool:
    """Whether it can be read or written in time; None: wait for ever. HungUp: we have closed it,
    which another thread may do at any time."""
    poll = select.poll()
    try:
        poll.register(connection, event)
    except ValueError as error:
        raise HungUp from error
    return bool(poll.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000))


def spelled(error: OrchestratorError) -> dict[str, str]:
    """An error as it travels."""
    cause = type(error.__cause__).__name__
    kind = type(error).__name__
    return {"kind": kind, "message": error.message, "hint": error.hint, "cause": cause}


def understood(said: Any) -> OrchestratorError:
    """The error that travelled, of the same kind and in the same words."""
    kind = getattr(errors, str(said.get("kind")), None)
    if not (isinstance(kind, type) and issubclass(kind, OrchestratorError)):
        kind = HostUnreachable
    return kind(str(said.get("message")), hint=str(said.get("hint")))
