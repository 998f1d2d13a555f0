"""What git keeps of a checkout at a revision, read without touching any working tree."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here.git import has_git, is_installed, told_by

LIMIT_S = 30.0
SHORT_DIGITS = 7
_LINK, _PROGRAM, _MODULE = b"120000", b"100755", b"160000"
_NO_NAMES = {"", ".", "..", ".git"}


@dataclass(frozen=True)
class Commit:
    """A revision of the checkout at `top`. digest: of the commit, in full; revision: as typed."""

    top: Path
    digest: str
    revision: str

    @property
    def words(self) -> str:
        return f"{self.revision} ({self.short})"

    @property
    def short(self) -> str:
        return self.digest[:SHORT_DIGITS]


@dataclass(frozen=True)
class Blob:
    """A file of a commit. path: from the top; mode, name: as git calls them."""

    path: str
    mode: bytes
    name: bytes
    size_bytes: int

    @property
    def is_module(self) -> bool:
        """Whether it is a submodule, whose files another repository keeps."""
        return self.mode == _MODULE


def commit(folder: Path, revision: str) -> Commit:
    """The commit that a revision means in the checkout around `folder`. UsageError: there is none,
    no git, or no checkout."""
    if not is_installed():
        raise _none(revision, "git is not installed here", "Install git.")
    said = _said(folder, ["rev-parse", "--show-toplevel"], revision) if has_git(folder) else b""
    if not said:
        raise _none(revision, f"{folder} is in no git checkout", "Commit what it holds to one.")
    top = Path(os.fsdecode(said).removesuffix("\n"))
    ask = ["rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"]
    digest = "" if revision.startswith("-") else _said(top, ask, revision).decode("ascii").strip()
    if digest:
        return Commit(top, digest, revision)
    if _said(top, ["rev-parse", "--is-shallow-repository"], revision).strip() == b"true":
        why = f"git knows no such revision in {top}, which is a shallow clone"
        raise _none(revision, why, f"Bring its history: git -C {top} fetch --unshallow")
    raise _none(
        revision, f"git knows no such revision in {top}", f"See: git -C {top} log --oneline"
    )


def files(of: Commit, paths: Sequence[str]) -> tuple[Blob, ...]:
    """All files at or below `paths`, from the top, "" for all; links too, and submodules as one."""
    named = ["--", *paths] if all(paths) else []
    ask = ["ls-tree", "-r", "-z", "-l", "--full-tree", of.digest, *named]
    found = []
    for row in _said(of.top, ask, of.revision).split(b"\0"):
        facts, tab, path = row.partition(b"\t")
        if tab:
            mode, _, name, size = facts.split()
            size_bytes = int(size) if size.isdigit() else 0
            found.append(Blob(os.fsdecode(path), mode, name, size_bytes))
    return tuple(found)


def write(of: Commit, blobs: Sequence[Blob], folder: Path) -> None:
    """Lay files of a commit out in an empty folder, as a checkout would, without its filters.

    UsageError: one is a submodule, has a name that no checkout takes, or is not to be had.
    """
    for blob in blobs:
        if blob.is_module:
            why = f"{blob.path} is a git submodule there, whose own history git has to be asked for"
            raise _none(of.revision, why, "Race what does not need it, or two runs with `compare`.")
        if not _NO_NAMES.isdisjoint(blob.path.split("/")):
            raise _none(of.revision, f"{blob.path!r} is no name of a file", "Rename it there.")
    contents = _contents(of, blobs)
    # Links come last, so that nothing is written through one.
    for blob in sorted(blobs, key=lambda one: one.mode == _LINK):
        place = folder / blob.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if blob.mode == _LINK:
            place.symlink_to(os.fsdecode(contents[blob.name]))
        else:
            place.write_bytes(contents[blob.name])
            place.chmod(0o755 if blob.mode == _PROGRAM else 0o644)


def _contents(of: Commit, blobs: Sequence[Blob]) -> dict[bytes, bytes]:
    """Bytes by the name of their blob, as git-cat-file(1), --batch, gives them."""
    names = list(dict.fromkeys(blob.name for blob in blobs))
    told = _said(of.top, ["cat-file", "--batch"], of.revision, b"".join(n + b"\n" for n in names))
    found, at = {}, 0
    for name in names:
        end = told.find(b"\n", at)
        facts = told[at:end].split() if end >= 0 else []
        if len(facts) != 3 or facts[0] != name:
            why = f"git cannot read all of {of.short} in {of.top}"
            raise _none(of.revision, why, f"See: git -C {of.top} fsck")
        at = end + 1 + int(facts[2])
        found[name] = told[end + 1 : at]
        at += 1
    return found


def _said(folder: Path, words: list[str], revision: str, given: bytes = b"") -> bytes:
    try:
        return told_by(folder, words, time.monotonic() + LIMIT_S, given)
    except TimeoutError:
        why = f"git had not answered within {LIMIT_S:g} s in {folder}"
        raise _none(revision, why, "Try again; a slow disk may be at work.") from None
    except OSError as exc:
        why = f"git could not be asked in {folder}: {exc.strerror or exc}"
        raise _none(revision, why, "Try again.") from exc


def _none(revision: str, why: str, hint: str) -> UsageError:
    return UsageError(f"--against {revision}: {why}", hint=hint)
