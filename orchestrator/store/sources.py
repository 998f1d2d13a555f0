"""From the disk to a snapshot: what travels to a host, what stays at home, and why."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Sequence
from fnmatch import translate
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.model.snapshot import Entry, Kind, Scan, Skipped, Snapshot
from orchestrator.store.listing import list_files

PARTS = ("csrc", "remote_payload")
_CHUNK_BYTES = 1 << 20
_SECRET_NAMES = (
    ".env*", ".netrc", ".pypirc", ".git-credentials", "*.pem", "*.ppk", "*.p12", "*.pfx",
    "id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk",
)  # fmt: skip
_SECRET_NAME = re.compile("|".join(translate(pattern) for pattern in _SECRET_NAMES))
_KEY_END = b"PRIVATE KEY-----"
_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")
_KEY_LINE_BYTES = 80  # longer than any such line, so that none hides between two chunks


def scan(
    root: Path, *, parts: Sequence[str] = PARTS, extra: Iterable[tuple[str, Path]] = ()
) -> Scan:
    """Read the tree under `root` as it is now.

    parts: folders of root that travel, by the rules of git. extra: (path in the snapshot, local
    file or folder) that the user named; a file travels even where git ignores it. Private keys
    and the like stay at home whoever named them.

    UsageError: a part is missing, a name is not UTF-8, a link leads out of the snapshot.
    """
    root = root.resolve()
    reader = _Reader()
    for part in parts:
        if not os.path.lexists(root / part):
            raise UsageError(
                f"there is no {part}/ in {root}",
                hint="Run this in the project's folder, the one that holds csrc/.",
            )
    if parts:
        reader.read_tree(root, parts, "")
    for path, given in extra:
        local = given.resolve()
        if local.is_dir():
            reader.read_tree(local, (".",), f"{path}/")
        elif local.exists():
            reader.read(str(local), path)
        else:
            raise UsageError(f"there is no file {given}", hint="It was named to travel along.")
    if not reader.entries:
        raise UsageError(f"nothing in {root} would travel", hint="Do its ignore rules hide all?")
    outside = {
        path: Path(local) for path, local in reader.locals.items() if local != f"{root}/{path}"
    }
    return Scan(root, _snapshot(reader.entries), tuple(reader.skipped), outside)


def _snapshot(entries: dict[str, Entry]) -> Snapshot:
    try:
        return Snapshot.of(list(entries.values()))
    except ValueError as error:
        raise UsageError(f"these files cannot travel together: {error}") from error


class _Reader:
    """Collects entries; locals: snapshot path → file on this disk."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.locals: dict[str, str] = {}
        self.skipped: list[Skipped] = []

    def read_tree(self, folder: Path, parts: Sequence[str], prefix: str) -> None:
        listing = list_files(folder, parts)
        for path in listing.files:
            self.read(f"{folder}/{path}", prefix + path)
        self.skipped += (
            Skipped(prefix + item.path, item.reason, item.usual) for item in listing.ignored
        )

    def read(self, local: str, path: str) -> None:
        """Add one file; one that is not there (tracked, but deleted) is no part of the tree."""
        if self.locals.setdefault(path, local) != local:
            raise UsageError(
                f"{self.locals[path]} and {local} would both travel as {path}",
                hint="Rename one of them.",
            )
        try:
            entry = _entry(local, path)
        except (FileNotFoundError, NotADirectoryError):
            return
        except UnicodeEncodeError as error:
            raise UsageError(
                f"the name {os.fsencode(path)!r} is not UTF-8",
                hint="Rename it, or let git ignore it.",
            ) from error
        except ValueError as error:
            raise UsageError(str(error), hint="Only links to inside the project travel.") from error
        except OSError as error:
            raise UsageError(
                f"cannot read {path}: {error.strerror}",
                hint="Let git ignore it, or make it readable.",
            ) from error
        if isinstance(entry, Skipped):
            self.skipped.append(entry)
        else:
            self.entries[path] = entry


def _entry(local: str, path: str) -> Entry | Skipped:
    path.encode()
    facts = os.lstat(local)
    mode = facts.st_mode
    if stat.S_ISDIR(mode):
        return Skipped(path.rstrip("/"), "is a git repository of its own")
    if _SECRET_NAME.match(path.rpartition("/")[2].lower()):
        return Skipped(path, "has the name of a secret")
    if stat.S_ISLNK(mode):
        target = str(Path(local).readlink())
        target.encode()
        return Entry(path, Kind.LINK, 0, target)
    if not stat.S_ISREG(mode):
        return Skipped(path, "is not a regular file")
    size_bytes, content, holds_key = _read_through(local, facts.st_size)
    if holds_key:
        return Skipped(path, "holds a private key")
    return Entry(path, Kind.PROGRAM if mode & 0o100 else Kind.FILE, size_bytes, content)


def _read_through(local: str, likely_bytes: int) -> tuple[int, str, bool]:
    """Size and sha256 of the very bytes read, and whether a private key is among them."""
    at_once = min(
        likely_bytes + 1, _CHUNK_BYTES
    )  # a needlessly large buffer costs more than sha256
    digest = hashlib.sha256()
    size_bytes = 0
    holds_key = False
    tail = b""
    file = os.open(local, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        while data := os.read(file, at_once):
            digest.update(data)
            size_bytes += len(data)
            seen = tail + data
            holds_key = holds_key or (_KEY_END in seen and _KEY.search(seen) is not None)
            tail = data[-_KEY_LINE_BYTES:]
    finally:
        os.close(file)
    return size_bytes, digest.hexdigest(), holds_key
