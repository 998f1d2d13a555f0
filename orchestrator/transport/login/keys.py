"""Which private keys to offer, in which order, and what became of each.

sshd hangs up after a few refusals (MaxAuthTries, 6 by default), so the likeliest keys go first:
an `identity_file:` of the inventory is the only one offered; otherwise OpenSSH's identity files,
then the rest of the agent's keys, then files that need a passphrase. A certificate goes before
the key that it is about.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.errors import AuthenticationError
from orchestrator.here import regular_file
from orchestrator.transport.login import certificate, key_file
from orchestrator.transport.login.key_file import (
    ForAgentError,
    LockedKeyError,
    UnusableKeyError,
    WrongPassphraseError,
)
from orchestrator.transport.login.known_hosts import HostKey
from orchestrator.transport.login.ssh_auth import Signer
from orchestrator.transport.login.trust import Trust
from orchestrator.transport.way.route import Route
from orchestrator.values.command import Command
from orchestrator.values.host import Host

REFUSED = "the host does not accept it"
LOCKED = "it needs a passphrase"
NOBODY = "nobody can be asked here"
ONLY_PUBLIC = "only its public half is here, and nothing holds the private one"
UNUSABLE = "it cannot be used"
FOR_AGENT = "only an agent can use it"
WRONG_PASSPHRASE = "that passphrase does not open it"
_AGENT_KEY = "agent key"
_PASSPHRASE_TRIES = 3


@dataclass(frozen=True)
class Held:
    """A key of the agent, which may ask a person or a device before it signs."""

    signer: Signer
    comment: str

    @property
    def label(self) -> str:
        """SHA256:... and the comment, as `ssh-add -l` prints them."""
        fingerprint = HostKey(self.signer.kind, self.signer.blob).fingerprint
        return f"{_AGENT_KEY} {fingerprint} {self.comment}".rstrip()


@dataclass(frozen=True)
class Offer:
    """A key to try. label: for people. held: a signature may cost somebody a confirmation."""

    label: str
    signer: Signer
    held: bool = False


@dataclass
class Tried:
    """What became of each key, in order.

    accepted: those that count as one proof of several. at_hand: the one being tried. done: public
    halves that the host has judged.
    """

    outcomes: list[tuple[str, str]] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    at_hand: str = ""
    done: set[bytes] = field(default_factory=set)

    def add(self, label: str, what: str) -> None:
        """what: why this key did not let us in."""
        self.outcomes.append((label, what))

    def refused(self, offer: Offer) -> None:
        """The host does not accept it."""
        self.done.add(offer.signer.blob)
        self.add(offer.label, REFUSED)

    def counted(self, offer: Offer) -> None:
        """The host accepts it, and wants more."""
        self.done.add(offer.signer.blob)
        kind = "the" if offer.label.startswith(_AGENT_KEY) else "the key"
        self.accepted.append(f"{kind} {offer.label}")

    @property
    def labels(self) -> tuple[str, ...]:
        """The keys, for people."""
        return tuple(label for label, _ in self.outcomes)

    @property
    def refusals(self) -> int:
        """How many keys the host has refused; servers count them."""
        return sum(what == REFUSED for _, what in self.outcomes)


@dataclass(frozen=True)
class KeyRing:
    """The keys at hand. held: the agent's.

    load: reads a private key file, with the errors of key_file.unlocked. agent_problem: why held
    may be too few. used: the certificates that were offered.
    """

    host: Host
    route: Route
    trust: Trust
    held: Sequence[Held]
    load: Callable[[Path, str | None], Signer]
    agent_problem: str = ""
    used: set[Path] = field(default_factory=set)

    def offers(self, tried: Tried) -> Iterator[Offer]:
        """Yield what to try next, nothing twice; keys that cannot be used are told to `tried`."""
        return (offer for offer in self._all(tried) if offer.signer.blob not in tried.done)

    def _all(self, tried: Tried) -> Iterator[Offer]:
        chosen = self.host.identity_file.expanduser() if self.host.identity_file else None
        unused = {held.signer.blob: held for held in self.held}
        locked: list[Path] = []
        if self.agent_problem:
            tried.add("the SSH agent", self.agent_problem)
        for path in (chosen,) if chosen else self.route.identities:
            yield from self._held(path, unused)
            if _public_half(path)[1] in tried.done or _is_half(path, tried):
                continue
            try:
                yield from self._certified(path, self.load(path, None))
            except LockedKeyError:
                locked.append(path)
            except (OSError, UnusableKeyError) as error:
                if chosen and not tried.outcomes:
                    raise _unreadable(self.host, self.route, path, error) from error
                tried.add(str(path), _why_not(path, error))
        if not chosen and not self.route.only_identities:
            for held in unused.values():
                yield from self._rest_of_agent(held)
        for path in locked:
            yield from self._unlocked(path, tried)
        self._tell_unused(tried)

    def _rest_of_agent(self, held: Held) -> Iterator[Offer]:
        for file, signer in self._certificates(self.route.certificates, held.signer):
            yield Offer(f"{file} (from the agent)", signer, held=True)
        yield Offer(held.label, held.signer, held=True)

    def _unlocked(self, path: Path, tried: Tried) -> Iterator[Offer]:
        if self.trust.passphrase is None:
            tried.add(str(path), f"{LOCKED}, and {NOBODY}")
            return
        for _ in range(_PASSPHRASE_TRIES):
            passphrase = self.trust.passphrase(f"Passphrase for {path}: ")
            if not passphrase:
                tried.add(str(path), f"{LOCKED}, and none was given")
                return
            try:
                signer = self.load(path, passphrase)
            except WrongPassphraseError:
                continue
            except (OSError, UnusableKeyError) as error:
                tried.add(str(path), _why_not(path, error))
                return
            yield from self._certified(path, signer)
            return
        tried.add(str(path), WRONG_PASSPHRASE)

    def _held(self, path: Path, unused: dict[bytes, Held]) -> Iterator[Offer]:
        """What the agent holds of the key in path, taken out of unused."""
        beside = unused.pop(_public_half(path, "-cert.pub")[1], None)
        if beside:
            yield Offer(f"{path}-cert.pub (from the agent)", beside.signer, held=True)
        if own := unused.pop(_public_half(path)[1], None):
            for offer in self._certified(path, own.signer):
                if not beside or offer.signer.blob != beside.signer.blob:
                    yield Offer(f"{offer.label} (from the agent)", offer.signer, held=True)

    def _certified(self, path: Path, signer: Signer) -> Iterator[Offer]:
        """The certificates about the key: that beside it, those of ssh_config; then the key."""
        files = (Path(f"{path}-cert.pub"), *self.route.certificates)
        for file, certified in self._certificates(files, signer):
            yield Offer(str(file), certified)
        yield Offer(str(path), signer)

    def _certificates(self, files: Sequence[Path], signer: Signer) -> Iterator[tuple[Path, Signer]]:
        for file in files:
            with contextlib.suppress(OSError, ValueError):
                kind, blob = found = certificate.read(file)
                if certificate.certifies(found, signer.kind, signer.blob):
                    self.used.add(file)
                    yield file, replace(signer, kind=kind, blob=blob)

    def _tell_unused(self, tried: Tried) -> None:
        """Why a certificate that ssh_config names was not offered."""
        for file in self.route.certificates:
            why = "it is about none of the keys that we have"
            try:
                if not certificate.is_one(certificate.read(file)[0]):
                    why = "it is no certificate"
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or "it is no certificate"
            if file not in self.used:
                tried.add(str(file), f"{UNUSABLE}: {why}")


def key_setting(host: Host) -> str:
    """What names the key of a host, for people: a jump host has no entry in the inventory."""
    if host.is_jump:
        return f"IdentityFile of {host.name!r} in ~/.ssh/config"
    return f"`identity_file:` of {host.name!r} in the inventory"


def into_agent(route: Route, path: Path | None = None) -> str:
    """What puts the key in path, or the usual ones, into the agent that is asked, for people.

    Of a locked file in PEM nobody knows which of the agent's keys it is without a .pub beside it.
    """
    words = ("ssh-add", str(path)) if path else ("ssh-add",)
    if route.agent:
        words = ("env", f"SSH_AUTH_SOCK={route.agent}", *words)
    first = ""
    if route.agent == "":
        first = "take IdentityAgent out of ~/.ssh/config and "
    elif route.agent is None and not os.environ.get("SSH_AUTH_SOCK"):
        first = "start an agent, `eval $(ssh-agent)`, and "
    said = f"{first}run `{Command(words)}`"
    if path is None:
        return said
    public = f"{path}.pub"
    if os.access(public, os.R_OK):
        return f"{said} once (keep its .pub beside it)"
    if _public_half(path)[1]:
        return f"{said} once"
    tell = f"{Command(('ssh-keygen', '-y', '-f', str(path)))} > {Command((public,))}"
    return f"{said} once, and `{tell}` to tell which of the agent's keys it is"


def _unreadable(host: Host, route: Route, path: Path, error: Exception) -> AuthenticationError:
    way_out = into_agent(route, path) if _is_for_agent(path, error) else ""
    return AuthenticationError(
        f"the key {path} for {host.where} cannot be used: {_reason(path, error)}",
        hint=f"{key_setting(host)} must name a readable private key (the file without .pub)."
        + (f" {way_out[0].upper()}{way_out[1:]}." if way_out else ""),
    )


def _why_not(path: Path, error: Exception) -> str:
    what = FOR_AGENT if _is_for_agent(path, error) else UNUSABLE
    return f"{what}: {_reason(path, error)}"


def _is_for_agent(path: Path, error: Exception) -> bool:
    return isinstance(error, ForAgentError) or _is_of_a_device(path)


def _reason(path: Path, error: Exception) -> str:
    if _is_of_a_device(path):
        return "it is a security key's, which only an agent can use"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _is_half(path: Path, tried: Tried) -> bool:
    """Whether only the public half is here, which no agent knows; that is told to `tried`."""
    with contextlib.suppress(OSError):  # in a folder that is closed to us: told when it is read
        if not path.exists() and _public_half(path)[1]:
            tried.add(str(path), ONLY_PUBLIC)
            return True
    return False


def _is_of_a_device(path: Path) -> bool:
    return _public_half(path)[0].startswith("sk-")


def _public_half(path: Path, suffix: str = ".pub") -> tuple[str, bytes]:
    """Kind and blob of what lies beside the key in path, or of its own, as OpenSSH looks for it;
    empty where there is none."""
    # A locked file cannot be compared with the agent's keys, but its .pub half can. That may be
    # all there is: ssh_config(5) allows it as an IdentityFile, to choose among the agent's keys.
    beside = path if suffix == path.suffix else Path(f"{path}{suffix}")
    with contextlib.suppress(OSError, ValueError):
        kind, blob = regular_file.read_text(beside).split()[:2]
        return kind, base64.b64decode(blob)
    if suffix == ".pub":
        with contextlib.suppress(OSError, ValueError):
            return key_file.public_half(path)
    return "", b""
