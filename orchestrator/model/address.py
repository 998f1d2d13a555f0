"""Addresses in brackets, as IPv6 needs them beside a port: [::1]:2222, user@[fe80::1%eth0]."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address

RUNPOD_PROXY = "ssh.runpod.io"
PROXY_REFUSED = f"RunPod's proxy {RUNPOD_PROXY} has no SFTP and no exec without a terminal"
_BRACKETED = re.compile(
    r"(?:(?P<user>[^\[\]]+)@)?\[(?P<address>[^\[\]]+)\](?::(?P<port>\d{1,5}))?\Z"
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
