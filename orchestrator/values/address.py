"""Addresses as ssh writes them; in brackets, as IPv6 needs them beside a port: user@[::1]:2222."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import unquote

RUNPOD_PROXY = "ssh.runpod.io"
PROXY_REFUSED = f"RunPod's proxy {RUNPOD_PROXY} has no SFTP and no exec without a terminal"
_BRACKETED = re.compile(
    r"(?:(?P<user>[^\[\]]+)@)?\[(?P<address>[^\[\]]+)\](?::(?P<port>\d{1,5}))?\Z"
)

_DESTINATION = re.compile(
    r"(?:(?P<user>.+)@)?(?:\[(?P<inside>[^\[\]]+)\]|(?P<plain>[^\[\]@:/]+))(?::(?P<port>\d{0,5}))?\Z"
)


@dataclass(frozen=True)
class Destination:
    """Where to, and what else was written beside the address."""

    address: str
    user: str | None = None
    port: str | None = None

    @property
    def beside(self) -> dict[str, str]:
        """User and port, where they are written."""
        parts = {"user": self.user, "port": self.port}
        return {name: value for name, value in parts.items() if value is not None}


def destination(text: str) -> Destination | None:
    """`[user@]host[:port]` as ssh_config(5) writes it, or a URI (ssh://…); None: neither.

    The host may stand in brackets; an IPv6 address with a port has to.
    """
    is_uri = text.startswith("ssh://")
    if is_uri:
        text, _, rest = text.removeprefix("ssh://").partition("/")
        if rest:
            return None
    match = _DESTINATION.match(text)
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        return None
    user = match["user"]
    if is_uri and user:  # ;… are parameters that ssh itself passes over
        user = unquote(user.partition(";")[0])
    return Destination(match["inside"] or match["plain"], user, match["port"] or None)


def bracketed(text: str) -> Destination | None:
    """What `text` says, if it is an IPv6 address in brackets, with or without user and port."""
    match = _BRACKETED.match(text)
    if match is None:
        return None
    try:
        IPv6Address(match["address"])
    except ValueError:
        return None
    return Destination(match["address"], match["user"], match["port"])


def with_port(address: str, port: int | None) -> str:
    """address:port, readable also for IPv6."""
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
