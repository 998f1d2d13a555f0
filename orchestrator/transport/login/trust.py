"""Whom we believe: the rules for a host key, and who may be asked.

In order: a key pinned in the inventory is the only one believed; then the project's known_hosts,
keyed by the inventory NAME because pods change address and port at every restart, by the pod and
its start where the pod is known by its id, or by what ssh_config writes of a jump host; then, but
not for such a pod, the user's own known_hosts files, read-only, keyed by address. A key that
contradicts one of them never connects. A key that none of them knows is a first contact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from orchestrator.errors import HostKeyError
from orchestrator.transport.login import known_hosts
from orchestrator.transport.login.known_hosts import HostKey
from orchestrator.transport.way.route import Route
from orchestrator.values.command import Command
from orchestrator.values.host import Host


class FirstContact(Enum):
    """What to do with the key of a host never seen before."""

    REFUSE = "refuse"
    ASK = "ask"
    ACCEPT = "accept"


@dataclass(frozen=True)
class Question:
    """One thing a host wants typed. seen: whether the answer may be read while it is typed."""

    text: str
    seen: bool


@dataclass(frozen=True)
class Trust:
    """known_hosts: the project's own file, OpenSSH format, keyed as the module says.

    ask: (question, fingerprint) -> yes or no; needed for FirstContact.ASK.
    passphrase: question -> passphrase of a key file; None where nobody can be asked.
    answers: (who asks and why, its questions) -> what the person types, in their order; for a
    second factor. None where nobody can be asked.
    names: the inventory's; a jump host that is called like one of them is another machine.
    """

    known_hosts: Path
    first_contact: FirstContact = FirstContact.REFUSE
    ask: Callable[[str, str], bool] | None = None
    passphrase: Callable[[str], str] | None = None
    answers: Callable[[str, tuple[Question, ...]], list[str]] | None = None
    names: frozenset[str] = frozenset()

    def known_keys(self, host: Host, route: Route) -> tuple[HostKey, ...]:
        """The keys that host may show; empty at a first contact or for a pinned key.

        UsageError, here and below: a file of host keys cannot be read.
        """
        if host.host_key:
            return ()
        return self._believed(host, route) or _without_port(host, route)

    def _believed(self, host: Host, route: Route) -> tuple[HostKey, ...]:
        """Those of which one has to be shown."""
        own = self._own_keys(host)
        # The address of a pod was another customer's yesterday.
        return own if own or host.pod else _users_keys(route, route.known_as)

    def _own_keys(self, host: Host) -> tuple[HostKey, ...]:
        return known_hosts.keys_of(self.known_hosts, _alias(host), in_capitals_too=False)

    def _revoked_by(self, host: Host, route: Route, offered: HostKey) -> Path | None:
        places = self._marks(host, route)
        return next((f for f, name in places if known_hosts.is_revoked(f, name, offered)), None)

    def _vouched_by(self, host: Host, route: Route) -> Path | None:
        """The file that lets an authority vouch for host, by certificates, which we do not read."""
        places = self._marks(host, route)[: 1 if host.pod or self._own_keys(host) else None]
        return next((f for f, name in places if known_hosts.has_authority(f, name)), None)

    def _marks(self, host: Host, route: Route) -> list[tuple[Path, str]]:
        """Where marked lines may stand, and for what name; the first is our own file."""
        names = [name for name in (route.known_as, route.known_without_port) if name]
        theirs = [(file, name) for file in route.known_hosts for name in names]
        return [(self.known_hosts, _alias(host)), *theirs]

    def verify(self, host: Host, route: Route, offered: HostKey) -> None:
        """Return if the offered key is believed; HostKeyError if not."""
        if host.host_key:
            if offered.fingerprint != host.host_key:
                raise _not_the_pinned_key(host, offered)
        elif file := self._revoked_by(host, route, offered):
            raise HostKeyError(
                f"{host.where} shows a host key marked @revoked: {offered}",
                hint=f"Do not connect; {file} says this key was stolen or retired.",
            )
        elif known := self._believed(host, route):
            if offered not in known:
                raise self._changed_key(host, route, known, offered)
        elif offered not in _without_port(host, route):
            self._meet(host, route, offered)

    def _meet(self, host: Host, route: Route, offered: HostKey) -> None:
        file = self._vouched_by(host, route)
        by = f", as {file} knows it by a certificate authority only, which we do not do"
        how = by if file else ""
        question = f"{host.where} is new here{how}; its host key is {offered}. Trust it?"
        if self.first_contact is FirstContact.ASK and self.ask is not None:
            accepted = self.ask(question, offered.fingerprint)
        else:
            accepted = self.first_contact is FirstContact.ACCEPT
        if not accepted:
            raise HostKeyError(
                f"{host.where} is not known yet{how}; its host key is {offered}",
                hint="Compare it with what the provider shows, then run again with "
                f"--accept-new-host-key{_or_pinned(host, offered)}.",
            )
        known = known_hosts.remember(self.known_hosts, _alias(host), offered)
        if known and offered not in known:  # somebody met it in the same moment
            raise _changed(host, known, offered, self._forgotten(host))

    def _changed_key(
        self, host: Host, route: Route, known: tuple[HostKey, ...], offered: HostKey
    ) -> HostKeyError:
        way_out = self._way_out(host, route, offered)
        if file := self._vouched_by(host, route):
            return _perhaps_certified(host, known, offered, way_out, file)
        return _changed(host, known, offered, way_out)

    def _way_out(self, host: Host, route: Route, offered: HostKey) -> str:
        if self._own_keys(host):
            return self._forgotten(host)
        files = [f for f in route.known_hosts if known_hosts.keys_of(f, route.known_as)]
        words = (Command(("ssh-keygen", "-R", route.known_as, "-f", str(f))) for f in files)
        forget = " and ".join(f"`{each}`" for each in words)
        return f"{forget} forgets the old key{_or_pinned(host, offered)}"

    def _forgotten(self, host: Host) -> str:
        # A pod's key is kept under its start, and asked for by the name of the host.
        name = host.name if host.pod else _alias(host)
        return f"`{Command(('orchestrator', 'hosts', 'trust', name))}` forgets the old key"


def _changed(
    host: Host, known: tuple[HostKey, ...], offered: HostKey, way_out: str
) -> HostKeyError:
    return HostKeyError(
        f"the host key of {host.where} has CHANGED: trusted "
        f"{' or '.join(map(str, known))}, offered {offered}",
        hint=f"Someone may be listening. If the machine was rebuilt, {way_out}.",
    )


def _perhaps_certified(
    host: Host, known: tuple[HostKey, ...], offered: HostKey, way_out: str, file: Path
) -> HostKeyError:
    return HostKeyError(
        f"{host.where} offers the host key {offered}, trusted is {' or '.join(map(str, known))}; "
        f"{file} also has a certificate authority for it, which we do not do",
        hint="Compare it with what the provider shows: a certificate may vouch for it, or someone "
        f"may be listening. If it is right, {way_out}.",
    )


def _or_pinned(host: Host, offered: HostKey) -> str:
    """A jump host has no entry in the inventory."""
    if host.is_jump:
        return ""
    return f", or set `host_key: {offered.fingerprint}` for {host.name!r} in the inventory"


class HostKeyRule:
    """Paramiko asks its missing-key policy about every host, as we load no keys into it."""

    def __init__(self, host: Host, route: Route, trust: Trust) -> None:
        self._host, self._route, self._trust = host, route, trust

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
        """HostKeyError: do not go on."""
        self._trust.verify(self._host, self._route, HostKey(key.get_name(), key.asbytes()))


def _not_the_pinned_key(host: Host, offered: HostKey) -> HostKeyError:
    return HostKeyError(
        f"the host key of {host.where} is not the pinned one: `host_key:` in the inventory says "
        f"{host.host_key}, offered {offered}",
        hint="Someone may be listening. If the machine was rebuilt, put its new fingerprint into "
        f"`host_key:` of {host.name!r}, or remove the line to be asked. Hosts have several keys: "
        f"pin the fingerprint of the {offered.kind} one.",
    )


def _alias(host: Host) -> str:
    return host.trusted_as or host.name


def _users_keys(route: Route, name: str) -> tuple[HostKey, ...]:
    """What the user's files know by that name: one key of any of them is enough."""
    keys = (key for file in route.known_hosts for key in known_hosts.keys_of(file, name))
    return tuple(dict.fromkeys(keys))


def _without_port(host: Host, route: Route) -> tuple[HostKey, ...]:
    """Keys of the address at no port in particular, where they count as well. As for OpenSSH, they
    may be believed at another port, but another one there contradicts none of them."""
    name = None if host.pod else route.known_without_port
    return _users_keys(route, name) if name else ()
