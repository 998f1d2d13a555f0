"""From the disk to a snapshot: what travels to a host, what stays at home, and why."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import translate
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import regular_file, shipped
from orchestrator.sync.inputs import no_such_part, require_parts
from orchestrator.sync.left_out import HOLDS_KEY, LOST, NO_FILE, ODD, SPARSE
from orchestrator.sync.listing import list_files, seen_as, sparse, submodules
from orchestrator.sync.project import PARTS as PARTS
from orchestrator.sync.walking import NEVER_TRAVELS
from orchestrator.values.command import Command
from orchestrator.values.snapshot import Entry, Kind, Scan, Skipped, Snapshot, Submodule

_CHUNK_BYTES = 1 << 20
_SECRET_NAMES = (
    ".env*", ".netrc", ".pypirc", ".git-credentials", "*.pem", "*.ppk", "*.p12", "*.pfx",
    "id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk",
)  # fmt: skip
_SECRET_NAME = re.compile("|".join(translate(pattern) for pattern in _SECRET_NAMES))
_INSIDE = (
    "Only links to inside the project travel: copy there what it leads to, or make that a git "
    "submodule."
)
_KEY_END = b"PRIVATE KEY-----"
_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")
_KEY_LINE_BYTES = 80  # longer than any such line, so that none hides between two chunks


def scan(
    root: Path, *, parts: Sequence[str] = PARTS, extra: Iterable[tuple[str, Path | bytes]] = ()
) -> Scan:
    """Read the tree under `root` as it is now.

    parts: folders of root that travel, by the rules of git. extra: (path in the snapshot, local
    file or folder) that the user named; a file travels even where git ignores it; or the bytes of
    one that was made for the run. Private keys and the like stay at home whoever named them. What
    was installed with this program travels whole, whatever the parts.

    Submodules travel. So does what a link leads to inside the project, under the link's name where
    it has no place of its own.

    UsageError: a part is missing or nothing of it travels, a name is not UTF-8, a folder cannot be
    read, a submodule is not checked out, a link leads out of the project or round in a circle.
    """
    root = root.resolve()
    reader = _Reader(root)
    if shipped.is_installed(root):
        parts = ()
        reader.read_installed()
    if gone := next((part for part in parts if not os.path.lexists(root / part)), ""):
        raise no_such_part(root, gone)
    if parts:
        reader.read_tree(root, parts, "")
    for path, given in extra:
        if isinstance(given, bytes):
            reader.take(path, given)
        else:
            reader.read_named(path, given)
    reader.follow_links()
    require_parts(root, parts, reader.entries, reader.skipped)
    if not reader.entries:
        raise UsageError(f"nothing in {root} would travel", hint="Do its ignore rules hide all?")
    outside = {
        path: Path(local) for path, local in reader.locals.items() if local != f"{root}/{path}"
    }
    snapshot, skipped = _snapshot(reader.entries), tuple(reader.skipped)
    return Scan(root, snapshot, skipped, outside, tuple(reader.submodules), reader.written)


def _snapshot(entries: dict[str, Entry]) -> Snapshot:
    try:
        return Snapshot.of(list(entries.values()))
    except ValueError as error:
        raise UsageError(f"these files cannot travel together: {error}") from error


class _Reader:
    """Collects entries; locals: snapshot path → file on this disk."""

    def __init__(self, root: Path) -> None:
        self.roots = [root]
        self.entries: dict[str, Entry] = {}
        self.locals: dict[str, str] = {}
        self.skipped: list[Skipped] = []
        self.submodules: list[Submodule] = []
        self.written: dict[str, bytes] = {}
        self._links: list[tuple[str, str]] = []

    def take(self, path: str, content: bytes) -> None:
        """Add a file that was made for this run."""
        if _KEY.search(content):
            self.skipped.append(Skipped(path, HOLDS_KEY))
            return
        digest = hashlib.sha256(content).hexdigest()
        self.entries[path] = Entry(path, Kind.FILE, len(content), digest)
        self.written[path] = content

    def read_installed(self) -> None:
        """Add what was installed with this program; no rules of git are about that."""
        for path, file in shipped.files():
            self.read(os.path.realpath(file), path)  # an installer may leave links

    def read_named(self, path: str, given: Path) -> None:
        """Add a file or folder that the user named; path: in the snapshot."""
        local = Path(os.path.realpath(given))  # resolve() raises at a link to itself
        if local.is_dir():
            self.roots.append(local)
            self.read_tree(local, (".",), f"{path}/")
            self.tell_of_modules(f"{path}/")
        elif local.exists():
            self.read(str(local), path)
        elif given.is_symlink():
            self.skipped.append(Skipped(path, LOST))
        else:
            raise UsageError(f"there is no file {given}", hint="It was named to travel along.")

    def read_tree(self, folder: Path, parts: Sequence[str], prefix: str) -> None:
        """Add a folder's files, and those of its submodules."""
        listing = list_files(folder, parts)
        odd = [path for path in listing.files if not seen_as(Path.is_file, folder / path)]
        inner = submodules(folder, [path.rstrip("/") for path in odd])
        for path in listing.files:
            if path not in inner:
                self.read(f"{folder}/{path}", prefix + path)
        for path in inner:
            self._read_submodule(folder, path, prefix)
        self.skipped += (
            Skipped(prefix + item.path, item.reason, item.usual) for item in listing.ignored
        )
        gone = [path for path in odd if not os.path.lexists(folder / path)]
        kept_off = sparse(folder, parts).intersection(gone) if gone else ()
        self.skipped += (Skipped(prefix + path, SPARSE, usual=True) for path in sorted(kept_off))

    def tell_of_modules(self, prefix: str) -> None:
        """What is left out of a folder that a user's file imports is worth a line."""
        for path in [path for path, entry in self.entries.items() if entry.kind is Kind.LINK]:
            module = path.startswith(prefix) and re.search(r"/[^./][^/]*\.py$", path)
            if module and not Path(self.locals[path]).exists():
                del self.entries[path]
                self.skipped.append(Skipped(path, LOST))
        self.skipped = [
            replace(item, usual=False)
            if item.path.startswith(prefix) and item.path.endswith(".py")
            else item
            for item in self.skipped
        ]

    def _read_submodule(self, folder: Path, path: str, prefix: str) -> None:
        if not (folder / path / ".git").exists():
            mend = Command(("git", "submodule", "update", "--init", "--recursive", path))
            raise UsageError(
                f"{prefix}{path} is a git submodule and not checked out here, so nothing of it "
                "can travel",
                hint=f"In {folder}: {mend}",
            )
        before = set(self.entries)
        self.read_tree(folder / path, (".",), f"{prefix}{path}/")
        added = [entry for name, entry in self.entries.items() if name not in before]
        size_bytes = sum(entry.size_bytes for entry in added)
        self.submodules.append(Submodule(prefix + path, len(added), size_bytes))

    def read(self, local: str, path: str) -> None:
        """Add one file; one that is not there (tracked, but deleted) is no part of the tree."""
        if self.locals.setdefault(path, local) != local:
            raise UsageError(
                f"{self.locals[path]} and {local} would both travel as {path}",
                hint="Rename one of them.",
            )
        try:
            entry = _entry(local, path, self.roots)
        except (FileNotFoundError, NotADirectoryError):
            return
        except UnicodeEncodeError as error:
            raise UsageError(
                f"the name {os.fsencode(path)!r} is not UTF-8",
                hint="Rename it, or let git ignore it.",
            ) from error
        except ValueError as error:
            raise UsageError(str(error), hint=_INSIDE) from error
        except OSError as error:
            raise UsageError(
                f"cannot read {path}: {error.strerror}",
                hint="Let git ignore it, or make it readable.",
            ) from error
        if isinstance(entry, Skipped):
            self.skipped.append(entry)
        elif entry is None:
            self._links.append((local, path))
        else:
            self.entries[path] = entry

    def follow_links(self) -> None:
        """Links whose targets do not travel by themselves: what they lead to travels as theirs.

        UsageError: one leads out of the project, or round in a circle by way of another.
        """
        followed: dict[str, tuple[str, ...]] = {}
        while links := self._lost_links():
            local, path = links[0]
            self._links = links[1:]
            real = os.path.realpath(local)
            above = next((seen for at, seen in followed.items() if path.startswith(at + "/")), ())
            self._refuse_to_follow(path, real, above)
            self.entries.pop(path, None)
            self.locals.pop(path, None)
            if unfit := _unfit_to_follow(real):
                self.skipped.append(Skipped(path, unfit))
            elif Path(real).is_dir():
                followed = {path: (*above, real), **followed}
                self.read_tree(Path(real), (".",), f"{path}/")
            else:
                self.read(real, path)

    def _refuse_to_follow(self, path: str, real: str, above: tuple[str, ...]) -> None:
        if not any(real.startswith(f"{root}/") for root in self.roots):
            raise UsageError(f"the link {path!r} leads out of the project: {real!r}", hint=_INSIDE)
        if real in above:
            raise UsageError(
                f"the link {path!r} leads round in a circle, back to {real!r}",
                hint="Remove it, or let git ignore it.",
            )

    def _lost_links(self) -> list[tuple[str, str]]:
        """Links to what is there and has no place of its own in the snapshot."""
        folders = {path[:at] for path in self.entries for at, c in enumerate(path) if c == "/"}
        known = {".", *self.entries, *folders}
        lost = dict(self._links)
        for path, entry in self.entries.items():
            if entry.kind is Kind.LINK and Path(self.locals[path]).exists():
                direct = os.path.normpath(f"./{path.rpartition('/')[0]}/{entry.content}")
                last = os.path.relpath(os.path.realpath(self.locals[path]), self.roots[0])
                if direct not in known and last not in known:
                    lost[self.locals[path]] = path
        return list(lost.items())


def _unfit_to_follow(real: str) -> str:
    """Why nobody may get this under another name; "" if they may."""
    parts = real.split("/")
    if not NEVER_TRAVELS.isdisjoint(parts):
        return "leads to what never travels"
    return "leads to what has the name of a secret" if _SECRET_NAME.match(parts[-1].lower()) else ""


def _entry(local: str, path: str, roots: Sequence[Path]) -> Entry | Skipped | None:
    """None for a link that cannot stand as one, but leads to something inside the project."""
    path.encode()
    facts = os.lstat(local)
    mode = facts.st_mode
    if stat.S_ISDIR(mode):
        own = os.path.lexists(f"{local}/.git")
        return Skipped(path.rstrip("/"), "is a git repository of its own" if own else NO_FILE)
    if _SECRET_NAME.match(path.rpartition("/")[2].lower()):
        return Skipped(path, "has the name of a secret")
    if stat.S_ISLNK(mode):
        target = str(Path(local).readlink())
        target.encode()
        real = os.path.realpath(local)
        inside = any(real.startswith(f"{root}/") for root in roots)
        if target.startswith("/") and inside and Path(real).exists():
            return None
        return Entry(path, Kind.LINK, 0, target)
    if not stat.S_ISREG(mode):
        return Skipped(path, ODD)
    size_bytes, content, holds_key = _read_through(local, facts.st_size)
    if holds_key:
        return Skipped(path, HOLDS_KEY)
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
    file = regular_file.descriptor_of(local, os.O_NOFOLLOW)
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
