"""By what a host would be reached now: so that no connection outlives a change of any of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orchestrator
from orchestrator.transport.way.jump import Way, farther, hop
from orchestrator.transport.way.route import Route, resolve, through
from orchestrator.values.host import Host

# Raised when a broker of before would not understand us, or we it.
PROTOCOL = 1
_REACHED_BY = ("name", "kind", "address", "port", "user", "identity_file", "host_key", "pod")


@dataclass(frozen=True)
class Hops:
    """The host and the jump hosts before it, farthest first, each with its way.

    digest: of all by which they are reached, but for what is believed of their keys: inventory,
    ssh_config, key files, the agent's keys, and the program itself.
    """

    steps: tuple[tuple[Host, Route], ...]
    digest: str


def hops_to(host: Host, names: Container[str]) -> Hops:
    """How `host`, whose address is known, would be reached; UsageError as of `resolve`.

    names: the inventory's, of which no jump host is one.
    """
    steps: list[tuple[Host, Route]] = []
    jumps: tuple[str, ...] = ()
    way: Way = ()
    while True:
        way = farther(way, host, jumps)
        route = through(resolve(host), host, jumps)
        steps.append((host, route))
        if route.proxy_command or not route.jumps:
            break
        *before, last = route.jumps
        host, jumps = hop(last, names), tuple(before)
    return Hops(tuple(steps), _digest(steps))


def _digest(steps: list[tuple[Host, Route]]) -> str:
    said = hashlib.sha256()
    ours = (PROTOCOL, orchestrator.__version__, orchestrator.__file__, os.geteuid(), Path.home())
    said.update(repr(ours).encode("utf-8", "surrogateescape"))
    for host, route in steps:
        known = [getattr(host, field) for field in (*_REACHED_BY, "trusted_as")]
        facts = (known, sorted(asdict(route).items()), *_keys(host, route))
        said.update(repr(facts).encode("utf-8", "surrogateescape"))
    return said.hexdigest()


def _keys(host: Host, route: Route) -> Iterator[object]:
    """What tells key files from those of before, and the agent's keys themselves."""
    own = [host.identity_file] if host.identity_file else []
    for file in (*own, *route.identities, *route.certificates):
        for path in (file, Path(f"{file}.pub"), Path(f"{file}-cert.pub")):
            with contextlib.suppress(OSError):
                facts = path.stat()
                yield str(path), facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns
    if route.agent or (route.agent is None and os.environ.get("SSH_AUTH_SOCK")):
        from orchestrator.transport.login.ssh_agent import agent_of

        with contextlib.closing(agent_of(route)) as agent:
            held_keys = agent.keys()
        yield sorted(held.signer.blob for held in held_keys)
