"""Git, asked about a checkout: how it is started, and which commit the sources stand at."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.here import children
from orchestrator.here.hearing import heard_out

if TYPE_CHECKING:
    from orchestrator.values.run import Revision

# git(1): a hook, or `git rebase --exec`, has these set, for another checkout than we may ask about.
_ELSEWHERE = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS",
)  # fmt: skip
# It writes nothing, and starts no program of the checkout's own.
_READ_ONLY = ("--no-optional-locks", "--literal-pathspecs", "-c", "core.fsmonitor=false")
_UNTRACKED = (b"??", b"!!")
# Checkouts beside the project's own that a run tells of.
_MOST = 4
LIMIT_S = 5.0


def is_installed() -> bool:
    return bool(shutil.which("git"))


def has_git(folder: Path) -> bool:
    """Whether git is to be asked about this folder."""
    places = (f"{up}/.git" for up in (folder, *folder.parents))
    return is_installed() and any(map(os.path.exists, places))


def started(argv: list[str]) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A git that does not outlast this, and neither does what it started, should this fail."""
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    return children.started(argv, {**environment, "LC_ALL": "C"})


def revisions(
    project: Path | None,
    parts: Iterable[str],
    named: Iterable[tuple[str, Path]] = (),
    limit_s: float = LIMIT_S,
) -> tuple[Revision, ...]:
    """What git says of the checkouts in which sources lie; nothing of those that it does not know.

    project: None where its sources are installed. parts: what travels of it. named: what travels
    beside, each with its name in the snapshot. Nothing here fails: no git, no commit and a git that
    takes longer than limit_s are no revision.
    """

    until = time.monotonic() + limit_s
    found: dict[Path, Revision] = {}
    asked = [("", project, tuple(parts))] if project else []
    asked += [(of, path.parent, (path.name,)) for of, path in named]
    for of, folder, names in asked:
        try:
            top = _top(folder, until)
            if top is None or (top not in found and len(found) > _MOST):
                continue
            before = found.get(top)
            known = _revision(folder, names, until, bool(of))
            # One file that was changed is not made clean by another one.
            if known and (before is None or known.is_clean is False):
                found[top] = replace(known, of=before.of if before else of)
        except (OSError, TimeoutError, ValueError, RuntimeError):
            continue
    return tuple(found.values())


def _top(folder: Path, until: float) -> Path | None:
    if not has_git(folder):
        return None
    told = told_by(folder, ["rev-parse", "--show-toplevel"], until)
    return Path(os.fsdecode(told).rstrip("\n")) if told else None


def _revision(folder: Path, names: tuple[str, ...], until: float, named: bool) -> Revision | None:
    """None where there is no commit yet, and where git knows of none of these files. named: by the
    user, so that a file travels also where git ignores it."""
    commit, at = _head(folder, until)
    if not commit:
        return None
    from orchestrator.values.run import Revision

    branch = told_by(folder, ["symbolic-ref", "--quiet", "--short", "HEAD"], until)
    on = branch.decode("utf-8", "backslashreplace").strip()
    tracked = told_by(folder, ["ls-files", "-z", "--cached", "--", *names], until)
    ignored = named and all((folder / name).is_file() for name in names)
    try:
        states = [*_states(folder, names, ignored, until)]
    except TimeoutError:
        return Revision(commit, None, "", on, at) if tracked else None
    travels = bool(tracked) or any(state in _UNTRACKED for state in states)
    return Revision(commit, not states, "", on, at) if travels else None


def _head(folder: Path, until: float) -> tuple[str, str]:
    """Its full name and when it was made, "" twice where there is no commit yet."""
    ask = ["rev-list", "--max-count=1", "--pretty=format:%cI", "HEAD"]
    commit, _, at = told_by(folder, ask, until).decode("ascii").strip().partition("\n")
    return commit.removeprefix("commit "), at


def _states(folder: Path, names: tuple[str, ...], ignored: bool, until: float) -> Iterator[bytes]:
    """The two letters of git-status(1) for every tracked file of the checkout that is not as it
    was committed, submodules included, and for what of `names` it does not track."""
    ask = ["status", "--porcelain=v1", "-z", "--ignore-submodules=none"]
    also = ["--untracked-files=normal", *(["--ignored=matching"] if ignored else []), "--", *names]
    for words in (["--untracked-files=no"], also):
        answer = told_by(folder, [*ask, *words], until)
        yield from (row[:2] for row in answer.split(b"\0") if row[2:3] == b" ")


def told_by(folder: Path, words: list[str], until: float, given: bytes = b"") -> bytes:
    """What git says of a checkout, with `given` on its stdin; nothing where it fails.
    TimeoutError."""
    with started(["git", *_READ_ONLY, "-C", str(folder), *words]) as git:
        told, _ = heard_out(git, given, until)
        return told if git.returncode == 0 else b""
