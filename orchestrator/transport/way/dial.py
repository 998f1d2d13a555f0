"""TCP sockets fit for SSH over a long distance, and how long we wait for what."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.here.aside import within

# Idle seconds, then probe every 5 s, 3 times; unacknowledged data may wait 30 s (tcp(7)).
# macOS calls the first TCP_KEEPALIVE and has no TCP_USER_TIMEOUT; each is set where it exists.
_TCP_OPTIONS = {
    "TCP_KEEPIDLE": 15,
    "TCP_KEEPALIVE": 15,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 30_000,
}
# A name with many addresses, all of them dead, is given up after so many times the limit.
_ROUNDS = 3


@dataclass(frozen=True)
class Timeouts:
    """connect: TCP. banner: until the key exchange is done. auth: each key offered.

    channel: opening a channel and starting its command. send: each megabyte handed to send().
    keepalive: how often an idle connection is used so that no router forgets it.
    """

    connect_s: float = 10.0
    banner_s: float = 15.0
    auth_s: float = 15.0
    channel_s: float = 15.0
    send_s: float = 60.0
    keepalive_s: int = 15


class NoHostName(OSError):
    """The address cannot be a name at all."""


def dial(
    address: str,
    port: int,
    timeout_s: float,
    family: int = socket.AF_UNSPEC,
    source: str | None = None,
) -> socket.socket:
    """Connect, to one address after another that the name has; OSError as the system gives it.

    timeout_s: for the name, and for each of its addresses; for all of them together, _ROUNDS times
    that. family: only addresses of this kind. source: the address of ours to connect from.
    """
    failure: OSError | None = None
    deadline = time.monotonic() + _ROUNDS * timeout_s
    for kind, *_, place in _looked_up(address, port, family, timeout_s):
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            break
        sock = socket.socket(kind, socket.SOCK_STREAM)
        try:
            sock.settimeout(min(timeout_s, left_s))
            if source:
                _bind(sock, source)
            sock.connect(place)
        except OSError as error:
            sock.close()
            failure = failure or error
        else:
            return _tuned(sock)
    raise failure or OSError(f"{address} has no address")


def _bind(sock: socket.socket, source: str) -> None:
    """Without this, a source that has no address would be told as the host's name."""
    try:
        sock.bind((source, 0))
    except (socket.gaierror, UnicodeError) as error:
        why = getattr(error, "strerror", error)
        raise OSError(f"BindAddress {source} of ~/.ssh/config: {why}") from error


def _looked_up(address: str, port: int, family: int, timeout_s: float) -> Sequence[Any]:
    """What the name stands for; gaierror also where nobody tells in time, NoHostName."""
    try:
        # The system's own limit is half a minute and more, and nothing breaks it off.
        return within(
            timeout_s,
            lambda: socket.getaddrinfo(address, port, family, socket.SOCK_STREAM),
            "name lookup",
        )
    except UnicodeError as error:  # IDNA has none for it, or it is no text at all
        raise NoHostName(str(error)) from error
    except TimeoutError as error:
        raise socket.gaierror(socket.EAI_AGAIN, str(error)) from None


def _tuned(sock: socket.socket) -> socket.socket:
    # Without NODELAY every exec waits for Nagle: 353 instead of 212 ms at 100 ms RTT, and
    # downloads run at half speed. It must be set before the handshake. Paramiko never does.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _TCP_OPTIONS.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
    return sock
