"""A command's hold on a broker: while it lasts, the broker does."""

from __future__ import annotations

import contextlib
import select
import socket
from dataclasses import dataclass
from pathlib import Path

from orchestrator.transport.broker.frames import HungUp, Incoming, is_ready, send_json

STARTED_LIMIT_S = 30.0  # a channel has 15 s, and so has its command
_ALIVE_LIMIT_S = 4.0


@dataclass(frozen=True)
class Hold:
    """A command's hold on a broker, which ends with the connection."""

    connection: socket.socket
    place: Path

    def line(self) -> socket.socket:
        """One more connection to this very broker, which need not listen any more; OSError: it has
        gone."""
        near, far = socket.socketpair()
        try:
            with far:
                socket.send_fds(self.connection, [b"+"], [far.fileno()])
        except OSError:
            near.close()
            raise
        near.settimeout(STARTED_LIMIT_S)
        return near

    def is_there(self) -> bool:
        """Whether the broker is: it says nothing more here but its end."""
        with contextlib.suppress(HungUp):
            return not is_ready(self.connection, select.POLLIN, 0)
        return False

    def is_alive(self) -> bool:
        """Ask the broker whether the server is there."""
        with contextlib.suppress(HungUp, TimeoutError, OSError), self.line() as line:
            send_json(line, {"op": "alive"})
            return bool(Incoming(line).json(_ALIVE_LIMIT_S).get("alive"))
        return False

    def close(self) -> None:
        self.connection.close()
