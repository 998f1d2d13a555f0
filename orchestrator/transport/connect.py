"""From a host of the inventory to the transport that reaches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from orchestrator.errors import HostUnreachable
from orchestrator.transport.base import Transport
from orchestrator.transport.login.trust import FirstContact, Trust
from orchestrator.values.host import Host, TransportKind

if TYPE_CHECKING:
    from orchestrator.transport.broker.transport import Keeping

__all__ = ["FirstContact", "Trust", "connect"]


def connect(
    host: Host,
    trust: Trust,
    locate: Callable[[Host], Host] | None = None,
    keeping: Keeping | None = None,
) -> Transport:
    """Return host's transport, not yet open; each room is imported only when it is needed.

    locate: fills in today's address of a host that moves; asked anew at every opening. keeping:
    how long its connection outlives us; None for not at all.
    """
    if host.kind is TransportKind.LOCAL:
        from orchestrator.transport.local import LocalTransport

        return LocalTransport(host)
    if host.address is None and locate is None:
        raise HostUnreachable(
            f"{host.where} has no address",
            hint=f"Set `address:` and `port:` of {host.name!r} in the inventory to the pod's "
            "direct TCP endpoint ('SSH over exposed TCP' in the dashboard).",
        )
    if keeping is not None:
        from orchestrator.transport.broker.transport import BrokerTransport

        return BrokerTransport(host, trust, keeping, locate)
    from orchestrator.transport.ssh import SshTransport

    return SshTransport(host, trust, locate=locate)
