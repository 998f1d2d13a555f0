"""Which private keys to offer, in which order, and what to say when none is accepted.

sshd hangs up after a few refusals (MaxAuthTries, 6 by default), so the likeliest keys go first:
an `identity_file:` of the inventory is the only one offered; otherwise OpenSSH's identity files,
then the rest of the agent's keys, then files that need a passphrase.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from orchestrator.errors import AuthenticationError, HostUnreachable
from orchestrator.model.host import Host
from orchestrator.transport.failures import lost
from orchestrator.transport.route import Route
from orchestrator.transport.trust import Trust

Key = TypeVar("Key")


class LockedKeyError(Exception):
    """The file needs a passphrase."""


class UnusableKeyError(Exception):
    """The file is no private key that we can read, or the passphrase is wrong."""


def candidates(
    host: Host,
    route: Route,
    trust: Trust,
    held: Mapping[bytes, Key],
    load: Callable[[Path, str | None], Key],
) -> Iterator[tuple[str, Key]]:
    """Yield (label for people, key). held: the agent's keys by public blob."""
    chosen = host.identity_file.expanduser() if host.identity_file else None
    unused = dict(held)
    locked: list[Path] = []
    for path in (chosen,) if chosen else route.identities:
        if (key := unused.pop(_public_blob(path), None)) is not None:
            yield f"{path} (from the agent)", key
            continue
        try:
            yield str(path), load(path, None)
        except LockedKeyError:
            locked.append(path)
        except (OSError, UnusableKeyError) as error:
            if chosen:
                raise _unreadable(host, path, error) from error
    if not chosen and not route.only_identities:
        yield from ((f"a key of the agent ({_name(key)})", key) for key in unused.values())
    for path in locked:
        yield str(path), _unlock(host, path, trust, load)


def denied(host: Host, user: str, tried: list[str]) -> AuthenticationError:
    """What to say when every key was refused, or none was there."""
    if not tried:
        return AuthenticationError(
            f"no SSH key to offer to {host.where}: no agent, no ~/.ssh/id_*",
            hint=f"Set `identity_file:` of {host.name!r} in the inventory, or run `ssh-add`.",
        )
    return AuthenticationError(
        f"{host.where} refused user {user!r} with every key tried: {', '.join(tried)}",
        hint="Add the .pub half of one of them to the host's authorized_keys (for a pod: in the "
        "provider's settings, then restart it), or correct `user:` or `identity_file:`.",
    )


def too_many(host: Host, tried: list[str]) -> HostUnreachable:
    """What to say when the host hung up in the middle: no server is known to do so because of
    one key, so then it is a LinkLost."""
    if len(tried) == 1:
        return lost(host, f"hung up while we logged in with {tried[0]}")
    return AuthenticationError(
        f"{host.where} hung up after {len(tried)} keys: {', '.join(tried)}",
        hint="Servers allow few tries (MaxAuthTries). Name the right key: set `identity_file:` "
        f"of {host.name!r} in the inventory.",
    )


def not_by_key(host: Host, accepted: list[str]) -> AuthenticationError:
    """What to say when the host wants something else, or something more, than a key."""
    return AuthenticationError(
        f"{host.where} does not let us in by key alone; it accepts: {', '.join(accepted)}",
        hint="Allow PubkeyAuthentication in its sshd_config; passwords are not supported.",
    )


def _unlock(host: Host, path: Path, trust: Trust, load: Callable[[Path, str | None], Key]) -> Key:
    if trust.passphrase is None:
        raise AuthenticationError(
            f"the key {path} for {host.where} needs a passphrase, and nobody can be asked here",
            hint=f"Run `ssh-add {path}` once (keep {path.name}.pub beside it), then try again.",
        )
    try:
        return load(path, trust.passphrase(f"Passphrase for {path}: "))
    except UnusableKeyError as error:
        raise AuthenticationError(
            f"that passphrase does not open {path}", hint=f"Try again, or run `ssh-add {path}`."
        ) from error


def _unreadable(host: Host, path: Path, error: Exception) -> AuthenticationError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return AuthenticationError(
        f"the key {path} for {host.where} cannot be used: {reason}",
        hint=f"`identity_file:` of {host.name!r} in the inventory must name a readable private "
        "key (the file without .pub).",
    )


def _public_blob(path: Path) -> bytes:
    # A locked file cannot be compared with the agent's keys, but its .pub half can.
    with contextlib.suppress(OSError, IndexError, binascii.Error, UnicodeDecodeError):
        return base64.b64decode(Path(f"{path}.pub").read_text("utf-8").split()[1])
    return b""


def _name(key: object) -> str:
    return str(getattr(key, "comment", "") or getattr(key, "fingerprint", "unnamed"))
