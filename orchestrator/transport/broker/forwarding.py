"""A command's streams, between its channel and whoever asked the broker for it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

from orchestrator.errors import LinkLost, OrchestratorError
from orchestrator.transport.broker.frames import HungUp, Incoming, send, spelled
from orchestrator.transport.exchange import Tail
from orchestrator.transport.ssh_channel import SshChannel

_CHUNK_BYTES = 1 << 18
_FOR_EVER_S = 366 * 86400.0  # whoever asked has limits of its own
_STATUS_LIMIT_S = 60.0


class Outgoing:
    """Frames to a command, of several threads; what nobody takes any more is nobody's loss."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._turn = connection, threading.Lock()

    def send(self, kind: bytes, body: bytes = b"") -> None:
        """OSError: the command has gone."""
        with self._turn:
            send(self._connection, kind, body)

    def tell(self, kind: bytes, error: OrchestratorError) -> None:
        """An error, as frames have it."""
        with contextlib.suppress(OSError):
            self.send(kind, json.dumps(spelled(error)).encode())


class _Forwarded(Tail):
    """In the place of a channel's own tail of stderr: it goes to the command."""

    def __init__(self, outgoing: Outgoing) -> None:
        super().__init__()
        self._outgoing = outgoing

    def add(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self._outgoing.send(b"R", data)


def forward(channel: SshChannel, connection: socket.socket, incoming: Incoming) -> None:
    """Until the command hangs up: its frames go to the channel, and what that says to it."""
    outgoing = Outgoing(connection)
    channel.tail = _Forwarded(outgoing)
    threading.Thread(target=_speak, args=(channel, outgoing), daemon=True).start()
    takes_more = True
    with contextlib.suppress(HungUp):
        while True:
            kind, body = incoming.next()
            if takes_more:
                takes_more = _passed_on(channel, outgoing, kind, body)


def _passed_on(channel: SshChannel, outgoing: Outgoing, kind: bytes, body: bytes) -> bool:
    """Whether the command's stdin takes what came; why not is told."""
    try:
        if kind == b"D":
            channel.send(body)
        elif kind == b"E":
            channel.close_send()
    except OrchestratorError as error:
        outgoing.tell(b"S", error)
        return False
    return True


def _speak(channel: SshChannel, outgoing: Outgoing) -> None:
    try:
        while data := channel.receive(_CHUNK_BYTES, _FOR_EVER_S):
            outgoing.send(b"O", data)
        outgoing.send(b"Z")
        outgoing.send(b"X", json.dumps(channel.exit_status(_STATUS_LIMIT_S)).encode())
    except LinkLost as error:
        outgoing.tell(b"L", error)
    except OSError:
        channel.close()  # nobody listens any more
