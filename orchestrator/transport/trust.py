"""Whom we believe: the rules for a host key, and who may be asked.

In order: a key pinned in the inventory is the only one believed; then the project's known_hosts,
keyed by the inventory NAME because pods change address and port at every restart, or by the pod
and its start where the pod is known by its id; then, but not for such a pod, the user's own
~/.ssh/known_hosts, read-only, keyed by address. A key that contradicts one of them never
connects. A key that none of them knows is a first contact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from orchestrator.errors import HostKeyError
from orchestrator.model.host import Host
from orchestrator.transport import known_hosts
from orchestrator.transport.known_hosts import HostKey


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
    """

    known_hosts: Path
    first_contact: FirstContact = FirstContact.REFUSE
    ask: Callable[[str, str], bool] | None = None
    passphrase: Callable[[str], str] | None = None
    answers: Callable[[str, tuple[Question, ...]], list[str]] | None = None

    def known_keys(self, host: Host, address: str) -> tuple[HostKey, ...]:
        """The keys already believed for host; empty at a first contact or for a pinned key."""
        if host.host_key:
            return ()
        own = known_hosts.keys_of(self.known_hosts, _alias(host))
        # The address of a pod was another customer's yesterday.
        return own if host.pod else own or known_hosts.keys_of(_users_file(), address)

    def verify(self, host: Host, address: str, offered: HostKey) -> None:
        """Return if the offered key is believed; HostKeyError if not.

        address: as OpenSSH writes it, `name` or `[name]:port`.
        """
        if host.host_key:
            if offered.fingerprint != host.host_key:
                raise _not_the_pinned_key(host, offered)
        elif known_hosts.is_revoked(_users_file(), address, offered):
            raise HostKeyError(
                f"{host.where} shows a host key marked @revoked: {offered}",
                hint=f"Do not connect; {_users_file()} says this key was stolen or retired.",
            )
        elif known := self.known_keys(host, address):
            if offered not in known:
                raise self._changed_key(host, address, known, offered)
        else:
            self._meet(host, offered)

    def _meet(self, host: Host, offered: HostKey) -> None:
        question = f"{host.where} is new here; its host key is {offered}. Trust it?"
        if self.first_contact is FirstContact.ASK and self.ask is not None:
            accepted = self.ask(question, offered.fingerprint)
        else:
            accepted = self.first_contact is FirstContact.ACCEPT
        if not accepted:
            raise HostKeyError(
                f"{host.where} is not known yet; its host key is {offered}",
                hint="Compare it with what the provider shows, then run again with "
                f"--accept-new-host-key, or set `host_key: {offered.fingerprint}` for "
                f"{host.name!r} in the inventory.",
            )
        known_hosts.remember(self.known_hosts, _alias(host), offered)

    def _changed_key(
        self, host: Host, address: str, known: tuple[HostKey, ...], offered: HostKey
    ) -> HostKeyError:
        if known_hosts.keys_of(self.known_hosts, _alias(host)):
            way_out = f"`orchestrator hosts trust {host.name}` forgets the old key"
        else:
            way_out = (
                f"`ssh-keygen -R '{address}'` forgets the old key in {_users_file()}, or set "
                f"`host_key: {offered.fingerprint}` for {host.name!r} in the inventory"
            )
        return HostKeyError(
            f"the host key of {host.where} has CHANGED: trusted "
            f"{' or '.join(map(str, known))}, offered {offered}",
            hint=f"Someone may be listening. If the machine was rebuilt, {way_out}.",
        )


class HostKeyRule:
    """Paramiko asks its missing-key policy about every host, as we load no keys into it."""

    def __init__(self, host: Host, known_as: str, trust: Trust) -> None:
        self._host, self._known_as, self._trust = host, known_as, trust

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
        """HostKeyError: do not go on."""
        self._trust.verify(self._host, self._known_as, HostKey(key.get_name(), key.asbytes()))


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


def _users_file() -> Path:
    return Path.home() / ".ssh" / "known_hosts"
