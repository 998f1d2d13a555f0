"""known_hosts files in OpenSSH's format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).

Paramiko's own reader knows neither markers nor patterns, and importing it costs what a whole
connection does; so the format is read here. A user's file is about addresses, which are the same
in capitals; ours is about names, and `Pod` is another name than `pod`.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import regular_file, shared_file
from orchestrator.values.command import Command
from remote_payload.contract.writing import write_whole

_REVOKED = "@revoked"
_AUTHORITY = "@cert-authority"


@dataclass(frozen=True)
class HostKey:
    """A public host key. kind: "ssh-ed25519" and so on; blob: its wire encoding."""

    kind: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """SHA256:..., exactly as `ssh-keygen -l` prints it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode()
        return "SHA256:" + digest.rstrip("=")

    def __str__(self) -> str:
        return f"{self.kind} {self.fingerprint}"


@dataclass(frozen=True)
class _Entry:
    marker: str
    names: str
    key: HostKey


def keys_of(path: Path, name: str, *, in_capitals_too: bool = True) -> tuple[HostKey, ...]:
    """Every key that `path` holds for name, each once; empty where the file does not exist.

    in_capitals_too: `Pod` means `pod`, as OpenSSH has it. UsageError: path cannot be read.
    """
    entries = _about(path, name, in_capitals_too)
    return tuple(dict.fromkeys(entry.key for entry in entries if not entry.marker))


def is_revoked(path: Path, name: str, key: HostKey) -> bool:
    """Whether `path` marks exactly this key as @revoked for name; UsageError as above."""
    return any(entry.marker == _REVOKED and entry.key == key for entry in _about(path, name))


def has_authority(path: Path, name: str) -> bool:
    """Whether `path` lets an authority vouch for name, by certificates; UsageError as above."""
    return any(entry.marker == _AUTHORITY for entry in _about(path, name))


def remember(path: Path, alias: str, key: HostKey) -> tuple[HostKey, ...]:
    """Add one line to `path`, and return nothing; or the keys that stand there for alias already,
    since another process was first: then nothing is added.

    Readers see the old file or the new one, never half of it. UsageError: path cannot be written.
    """
    line = f"{alias} {key.kind} {base64.b64encode(key.blob).decode()}"
    with _told(path, "w"), shared_file.alone(_place(path)):
        if known := keys_of(path, alias, in_capitals_too=False):
            return known
        _replace(path, [*_lines(path), os.fsencode(line)])
    return ()


def forget(path: Path, alias: str) -> bool:
    """Drop every line of `path` that names alias, which may hold * and ?; False if none did.

    Marked lines stay, as with `ssh-keygen -R`: a stolen key is not to be trusted again. UsageError:
    path cannot be read or written.
    """
    if not any(_is_about(line, alias) for line in _lines(path)):
        return False
    with _told(path, "w"), shared_file.alone(_place(path)):
        _replace(path, [line for line in _lines(path) if not _is_about(line, alias)])
    return True


def _about(path: Path, name: str, in_capitals_too: bool = True) -> Iterator[_Entry]:
    entries = (entry for entry in map(_parse, _lines(path)) if entry)
    return (entry for entry in entries if _matches(entry.names, name, in_capitals_too))


def _is_about(line: bytes, alias: str) -> bool:
    entry = _parse(line)
    if entry is None or entry.marker:
        return False
    named = any(_fits(alias, name, False) for name in entry.names.split(","))
    return named or _matches(entry.names, alias, False)


def _lines(path: Path) -> list[bytes]:
    """The file's lines as they are, byte by byte, so that a rewrite keeps what we cannot read."""
    with _told(path, "r"):
        try:
            lines = regular_file.read_bytes(path)
        except (FileNotFoundError, NotADirectoryError):
            return []
    return lines.removesuffix(b"\n").split(b"\n") if lines else []


@contextlib.contextmanager
def _told(path: Path, right: str) -> Iterator[None]:
    """UsageError for what the system refuses. right: "r" or "w", what the block needs."""
    try:
        yield
    except shared_file.BusyError as error:
        raise UsageError(
            f"{path} was not changed: {error.strerror}",
            hint=f"Run the command again; `{Command(('fuser', '-v', str(path.parent)))}` shows "
            "which process it is.",
        ) from error
    except OSError as error:
        hint = shared_file.mend(path, error, right)
        if not hint:
            raise _unusable(path, error.strerror or str(error)) from error
        what = "read" if right == "r" else "written"
        raise UsageError(
            f"the host keys in {path} cannot be {what}: {error.strerror}", hint=hint
        ) from error


def _unusable(path: Path, what: str) -> UsageError:
    return UsageError(
        f"the host keys in {path} cannot be used: {what}",
        hint=f"Move it away, or put a known_hosts file there: `{Command(('ls', '-ld', str(path)))}`"
        " shows what it is.",
    )


def _parse(line: bytes) -> _Entry | None:
    fields = os.fsdecode(line).split()
    marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
    if len(fields) < 3 or fields[0].startswith("#"):
        return None
    try:
        blob = base64.b64decode(fields[2], validate=True)
    except ValueError:
        return None
    return _Entry(marker, fields[0], HostKey(fields[1], blob))


def _matches(names: str, name: str, in_capitals_too: bool) -> bool:
    if names.startswith("|1|"):
        try:
            salt, digest = (base64.b64decode(part) for part in names.split("|")[2:])
        except ValueError:
            return False
        return hmac.compare_digest(_hashed(salt, name.lower() if in_capitals_too else name), digest)
    patterns = names.split(",")
    if any(_fits(p[1:], name, in_capitals_too) for p in patterns if p.startswith("!")):
        return False
    return any(_fits(pattern, name, in_capitals_too) for pattern in patterns)


def _hashed(salt: bytes, name: str) -> bytes:
    return hmac.new(salt, os.fsencode(name), "sha1").digest()


def _fits(pattern: str, name: str, in_capitals_too: bool) -> bool:
    if in_capitals_too:
        pattern, name = pattern.lower(), name.lower()
    # A bracket is literal here, [host]:port, while fnmatch would read a character class.
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _place(path: Path) -> Path:
    """Where the bytes lie: a link to the file stays one."""
    return Path(os.path.realpath(path))


def _replace(path: Path, lines: list[bytes]) -> None:
    place = _place(path)
    if place.exists() and (kind := shared_file.no_file(place)):
        raise _unusable(path, f"it is {kind}")
    write_whole(place, b"".join(line + b"\n" for line in lines), mode=0o600)
