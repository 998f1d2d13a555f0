"""git bisect, driven in a worktree of its own: no file is checked out, and nothing of the user's
checkout is touched, neither its files nor a bisection that goes on there."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import children
from orchestrator.here.git import started
from orchestrator.here.hearing import heard_out

_LIMIT_S = 60.0
# No hook of the user's is run for what is none of their doing, as far as git bisect can be told so:
# one of reference-transaction it runs all the same. A path is a path, also with a colon before it.
_QUIET = (
    "--literal-pathspecs", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",
)  # fmt: skip
_FOUND = re.compile(r"^# first bad commit: \[([0-9a-f]+)\]", re.MULTILINE)
_POSSIBLE = re.compile(r"^# possible first bad commit: \[([0-9a-f]+)\]", re.MULTILINE)


class Word(str, Enum):
    """What is told of a commit, in git's words."""

    GOOD = "good"
    BAD = "bad"
    SKIP = "skip"


@dataclass(frozen=True)
class Standing:
    """candidate: whose turn it is; found: the first bad one; possible: it is one of these, of which
    all that are left were skipped. One of the three is there. left: how many it may still be."""

    candidate: str = ""
    found: str = ""
    possible: tuple[str, ...] = ()
    left: int = 0


class Bisection:
    """Between two commits of the checkout at `top`, of which one leads to the other."""

    def __init__(self, folder: Path, paths: Sequence[str]) -> None:
        self._folder, self._paths = folder, paths

    def tell(self, word: Word, commit: str) -> Standing:
        """What is known of a commit; what comes next. UsageError: git did not take it down."""
        # git ends with an error where only skipped ones are left, which its log says as well.
        _asked(self._folder, ["bisect", word.value, commit], may_fail=True)
        standing = self.standing()
        if standing.candidate == commit:
            raise UsageError(
                f"git bisect {word.value} {commit[:12]} was of no effect in {self._folder}: that "
                "commit's turn comes again",
                hint="Is the disk full, or the folder for temporary files cleared meanwhile?",
            )
        return standing

    def standing(self) -> Standing:
        """Whose turn it is, or what was found."""
        log = _asked(self._folder, ["bisect", "log"])
        if found := _FOUND.search(log):
            return Standing(found=found[1])
        if possible := tuple(_POSSIBLE.findall(log)):
            return Standing(possible=possible)
        candidate = _asked(self._folder, ["rev-parse", "--verify", "BISECT_HEAD"]).strip()
        bad = "refs/bisect/bad"
        good = _asked(self._folder, ["for-each-ref", "--format=%(refname)", "refs/bisect/good-*"])
        behind = ["rev-list", "--count", bad, "--not", *good.split(), "--", *self._paths]
        return Standing(candidate, left=int(_asked(self._folder, behind)))


@contextlib.contextmanager
def bisection(top: Path, good: str, bad: str, paths: Sequence[Path]) -> Iterator[Bisection]:
    """Begin, in a worktree that is gone afterwards, whatever happens.

    good, bad: full names of commits. paths: in `top`; only commits that touch one are tried.
    UsageError: git cannot do it, in its own words.
    """
    made = Path(tempfile.mkdtemp(prefix="orchestrator-bisect-"))
    folder = made / made.name  # git keeps what it knows of it under this name
    with children.at_the_end(lambda: _forget(folder)):
        try:
            add = ["worktree", "add", "--quiet", "--no-checkout", "--detach", str(folder), bad]
            _asked(top, add)
            inside = _inside(top, paths)
            _asked(folder, ["bisect", "start", "--no-checkout", bad, good, "--", *inside])
            yield Bisection(folder, inside)
        finally:
            try:
                _asked(top, ["worktree", "remove", "--force", str(folder)], may_fail=True)
            finally:
                _forget(folder)


def leads_to(top: Path, one: str, other: str) -> bool:
    """Whether a commit is an ancestor of another, or the same."""
    base = _asked(top, ["merge-base", one, other], may_fail=True).strip()
    return base == _asked(top, ["rev-parse", "--verify", f"{one}^{{commit}}"]).strip()


def changed(top: Path, good: str, bad: str, paths: Sequence[Path]) -> int:
    """How many commits after `good`, up to `bad`, touch one of the paths."""
    which = ["rev-list", "--count", bad, "--not", good, "--", *_inside(top, paths)]
    return int(_asked(top, which))


def subject(top: Path, commit: str) -> str:
    """Its first line."""
    return _asked(top, ["log", "-1", "--format=%s", commit, "--"]).strip()


def parent(top: Path, commit: str) -> str:
    """The first one; "" for a commit without."""
    return _asked(top, ["rev-parse", "--verify", "--quiet", f"{commit}^1"], may_fail=True).strip()


def _inside(top: Path, paths: Sequence[Path]) -> list[str]:
    return [os.path.relpath(path.resolve(), top) for path in paths]


def _forget(folder: Path) -> None:
    """What is still there of a worktree, by hand: at the very end no program is started."""
    with contextlib.suppress(OSError):
        kept = (folder / ".git").read_text("utf-8").removeprefix("gitdir: ").rstrip("\n")
        if Path(kept).name == folder.name:
            shutil.rmtree(kept, ignore_errors=True)
    shutil.rmtree(folder.parent, ignore_errors=True)


def _asked(
    folder: Path, words: list[str], may_fail: bool = False, limit_s: float = _LIMIT_S
) -> str:
    try:
        with started(["git", *_QUIET, "-C", str(folder), *words]) as git:
            told, complaint = heard_out(git, b"", time.monotonic() + limit_s)
    except TimeoutError:
        raise UsageError(
            f"git {words[0]} had not ended within {limit_s:g} s in {folder}", hint="Try again."
        ) from None
    if git.returncode and not may_fail:
        last = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise UsageError(
            f"git {' '.join(words[:2])} failed in {folder}: {last}",
            hint="Mend that, then try again.",
        )
    return told.decode("utf-8", "replace")
