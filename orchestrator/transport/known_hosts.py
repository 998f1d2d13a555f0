"""known_hosts files in OpenSSH's format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).

Paramiko's own reader knows neither markers nor patterns, and importing it costs what a whole
connection does; so the format is read here, from text.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from orchestrator.model import regular_file
from remote_payload.writing import write_whole

_REVOKED = "@revoked"
_write_lock = threading.Lock()


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


def keys_of(path: Path, name: str) -> tuple[HostKey, ...]:
    """Every key that `path` holds for name; empty where the file does not exist."""
    return tuple(
        entry.key
        for entry in map(_parse, _lines(path))
        if entry and not entry.marker and _matches(entry.names, name)
    )


def is_revoked(path: Path, name: str, key: HostKey) -> bool:
    """Whether `path` marks exactly this key as @revoked for name."""
    return any(
        entry.marker == _REVOKED and entry.key == key and _matches(entry.names, name)
        for entry in map(_parse, _lines(path))
        if entry
    )


def remember(path: Path, alias: str, key: HostKey) -> None:
    """Add one line to `path`; readers see the old file or the new one, never half of it."""
    line = f"{alias} {key.kind} {base64.b64encode(key.blob).decode()}"
    with _write_lock:
        _replace(path, [*_lines(path), line])


def forget(path: Path, alias: str) -> bool:
    """Drop every line of `path` that names alias, which may hold * and ?; False if none did."""
    with _write_lock:
        before = list(_lines(path))
        after = [line for line in before if not _is_about(line, alias)]
        if len(after) == len(before):
            return False
        _replace(path, after)
        return True


def _is_about(line: str, alias: str) -> bool:
    entry = _parse(line)
    if entry is None:
        return False
    named = any(_fits(alias, name) for name in entry.names.split(","))
    return named or _matches(entry.names, alias)


def _lines(path: Path) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError):
        yield from regular_file.read_text(path, "replace").splitlines()


def _parse(line: str) -> _Entry | None:
    fields = line.split()
    marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
    if len(fields) < 3 or fields[0].startswith("#"):
        return None
    try:
        blob = base64.b64decode(fields[2], validate=True)
    except ValueError:
        return None
    return _Entry(marker, fields[0], HostKey(fields[1], blob))


def _matches(names: str, name: str) -> bool:
    if names.startswith("|1|"):
        try:
            salt, digest = (base64.b64decode(part) for part in names.split("|")[2:])
        except ValueError:
            return False
        return hmac.compare_digest(hmac.new(salt, name.encode(), "sha1").digest(), digest)
    patterns = names.split(",")
    if any(_fits(pattern[1:], name) for pattern in patterns if pattern.startswith("!")):
        return False
    return any(_fits(pattern, name) for pattern in patterns)


def _fits(pattern: str, name: str) -> bool:
    # A bracket is literal here, [host]:port, while fnmatch would read a character class.
    return fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))


def _replace(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, "".join(f"{line}\n" for line in lines).encode(), mode=0o600)
