"""Jump hosts of ssh_config: each one a host of ours, verified and met like any other."""

from __future__ import annotations

import re
from collections.abc import Container

from orchestrator.errors import UsageError
from orchestrator.values.address import destination
from orchestrator.values.host import Host, TransportKind

# As in the inventory: an address may come to stand where a shell reads it.
_NAME = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]*\Z")
_LONGEST_WAY = 16
Way = tuple[tuple[Host, tuple[str, ...]], ...]


def hop(jump: str, taken: Container[str] = ()) -> Host:
    """The jump host that ssh_config writes as `[user@]host[:port]` or ssh://….

    Its key is kept under what is written there, `gate` or `[gate]:2222`, since two ports of one
    name may be two machines. taken: the inventory's names, under which other keys are kept.
    UsageError: it is written in another way.
    """
    said = destination(jump)
    if said is None or not _NAME.match(said.address):
        raise UsageError(
            f"ProxyJump {jump!r} of ~/.ssh/config is not understood",
            hint="Expected [user@]host[:port], with an IPv6 address in brackets.",
        )
    kept_as = f"[{said.address}]:{said.port}" if said.port else said.address
    return Host(
        said.address,
        TransportKind.SSH,
        workspace="",
        python="",
        address=said.address,
        port=int(said.port) if said.port else None,
        user=said.user,
        trusted_as=f"jump:{kept_as}" if kept_as in taken else kept_as,
        is_jump=True,
    )


def farther(way: Way, host: Host, jumps: tuple[str, ...]) -> Way:
    """The way so far and host, which is reached through jumps; UsageError: it has no end."""
    names = " → ".join([*(step.target for step, _ in way), host.target])
    hint = "Correct ProxyJump in ~/.ssh/config: `Host * !gate` leaves a jump host itself out."
    if (host, jumps) in way:
        raise UsageError(f"the jump hosts of ~/.ssh/config lead in a circle: {names}", hint=hint)
    if len(way) > _LONGEST_WAY:
        raise UsageError(
            f"~/.ssh/config leads through more than {_LONGEST_WAY} jump hosts: {names[:60]}…",
            hint=hint,
        )
    return (*way, (host, jumps))
