"""A snapshot: exactly which files a run was made from, named by the digest of their manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from itertools import pairwise
from pathlib import Path, PurePosixPath


class Kind(str, Enum):
    """What an entry is; nothing else travels."""

    FILE = "f"
    PROGRAM = "x"  # a file with its executable bit set
    LINK = "l"


@dataclass(frozen=True)
class Entry:
    """One file or symbolic link of a snapshot.

    path: relative, with `/`. content: sha256 of a file's bytes in hex, or a link's target.
    ValueError when the path or the target would leave the snapshot.
    """

    path: str
    kind: Kind
    size_bytes: int
    content: str

    def __post_init__(self) -> None:
        parts = self.path.split("/")
        if not {"", ".", ".."}.isdisjoint(parts) or "\0" in self.path:
            raise ValueError(f"{self.path!r} is not a path inside the snapshot")
        if self.kind is Kind.LINK and not _stays_inside(len(parts) - 1, self.content):
            raise ValueError(f"the link {self.path!r} leads out of the snapshot: {self.content!r}")

    @property
    def row(self) -> tuple[str, str, int, str]:
        """The entry as the manifest and the wire write it."""
        return (self.path, self.kind.value, self.size_bytes, self.content)


def _stays_inside(depth: int, target: str) -> bool:
    """Whether a link `depth` folders down stays inside, whatever other links there are.

    `..` may only lead: behind a name it could climb out through another link.
    """
    climbed = 0
    named = False
    for part in target.split("/"):
        if part == "..":
            climbed += 1
            if named:
                return False
        elif part not in ("", "."):
            named = True
    return not target.startswith("/") and climbed <= depth and "\0" not in target


@dataclass(frozen=True)
class Snapshot:
    """Entries in the order of their paths. ValueError where two of them cannot stand together."""

    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        paths = [entry.path for entry in self.entries]
        if any(first >= second for first, second in pairwise(paths)):
            raise ValueError("a snapshot's paths must be sorted and differ")
        files = set(paths)
        folders = {path[:end] for path in paths for end in _slashes(path)}
        if both := files & folders:
            raise ValueError(f"{min(both)!r} is both a file and a folder")

    @cached_property
    def manifest(self) -> str:
        """The canonical text that the digest is taken of; the far end computes the same."""
        return json.dumps([entry.row for entry in self.entries], separators=(",", ":"))

    @cached_property
    def digest(self) -> str:
        """sha256 of the manifest, in hex: the snapshot's name here and on every host."""
        return hashlib.sha256(self.manifest.encode()).hexdigest()

    @property
    def size_bytes(self) -> int:
        """Bytes in all files together."""
        return sum(entry.size_bytes for entry in self.entries)

    @classmethod
    def of(cls, entries: list[Entry]) -> Snapshot:
        """A snapshot of entries in any order."""
        return cls(tuple(sorted(entries, key=lambda entry: entry.path)))

    @classmethod
    def from_manifest(cls, text: str) -> Snapshot:
        """The snapshot a manifest describes; ValueError or TypeError if it is not one."""
        return cls(
            tuple(
                Entry(path, Kind(kind), size, content)
                for path, kind, size, content in json.loads(text)
            )
        )


def _slashes(path: str) -> list[int]:
    return [at for at, letter in enumerate(path) if letter == "/"]


# What travels beside the project's own: (path in the snapshot, local file or folder, or its bytes).
Extra = tuple[tuple[str, Path | bytes], ...]


@dataclass(frozen=True)
class Skipped:
    """Something that stays at home; reason reads on from the path, e.g. "holds a private key".

    usual: by the project's own ignore rules, so not worth a line at every sync.
    """

    path: str
    reason: str
    usual: bool = False


@dataclass(frozen=True)
class Submodule:
    """A checkout inside the project that travels with it; size_bytes: of its files."""

    path: str
    files: int
    size_bytes: int


@dataclass(frozen=True)
class Scan:
    """A snapshot together with where its files lie on this disk.

    root: the project's folder. skipped: what was left out, and why. outside: snapshot path →
    local file, for files that do not lie at root / path. submodules: what of it is theirs.
    written: snapshot path → bytes, for files that were made for this run and lie nowhere.
    """

    root: Path
    snapshot: Snapshot
    skipped: tuple[Skipped, ...] = ()
    outside: Mapping[str, Path] = field(default_factory=dict)
    submodules: tuple[Submodule, ...] = ()
    written: Mapping[str, bytes] = field(default_factory=dict)

    def local(self, entry: Entry) -> Path:
        """Where the entry's bytes are on this machine."""
        return self.outside.get(entry.path) or self.root / entry.path


@dataclass(frozen=True)
class Deployed:
    """What a sync did. remote_path: the snapshot's folder on the host, absolute.

    sent_bytes: on the wire, after compression, framing included. deleted: files of the host's
    previous snapshot that this one no longer has. already_there: the host had it all along.
    """

    digest: str
    remote_path: PurePosixPath
    total_files: int
    sent_files: int
    sent_bytes: int
    deleted: int
    seconds: float
    already_there: bool
