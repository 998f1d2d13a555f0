"""Which files of a folder count as sources: what git says, or what a walk finds without git."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here.git import has_git, started
from orchestrator.here.hearing import heard_out
from orchestrator.sync.checkout import located
from orchestrator.sync.left_out import IGNORED
from orchestrator.sync.walking import (
    NEVER_TRAVELS,
    RULES,
    Listing,
    closed_rules,
    stands_for_a_file,
    unreadable,
    walk_parts,
)
from orchestrator.values.snapshot import Skipped

_GITLINK = b"160000 "  # git-ls-files(1), --stage: the mode of a submodule
_SPARSE = b"S "  # git-ls-files(1), -t: skip-worktree
# What git says, and goes on without; it comes in English, as we ask for it.
_CLOSED = re.compile(r"^warning: could not open directory '(.*)': (.*)$", re.MULTILINE)
_CLOSED_RULES = re.compile(r"^warning: unable to access '(.*)': (.*)$", re.MULTILINE)
_OF_CHECKOUT = (RULES, "exclude")  # gitignore(5): the files of rules that a checkout itself has
_GIT_LIMIT_S = 30.0


def list_files(folder: Path, parts: Sequence[str] = (".",)) -> Listing:
    """List the files in `parts` of `folder` that git tracks or would offer to add.

    Outside a git checkout, or in one that ignores all of these parts, the folder is walked and
    its `.gitignore` files are obeyed. UsageError when git fails, or a folder or a file of rules
    cannot be read.
    """
    if not os.access(folder, os.R_OK | os.X_OK):
        raise unreadable(str(folder), "Permission denied")
    if has_git(folder):
        listing = _ask_git(folder, parts)
        if listing.files:
            return listing
    return walk_parts(folder, parts)


def seen_as(kind: Callable[[Path], bool], path: Path) -> bool:
    """Whether it is of a kind, e.g. Path.is_file; no where we may not look, as reading tells."""
    try:
        return kind(path)
    except OSError:
        return False


def sparse(folder: Path, parts: Sequence[str]) -> frozenset[str]:
    """Files of `parts` that git tracks and, as a sparse checkout, keeps off the disk on purpose."""
    if not has_git(folder):
        return frozenset()
    ask = ["git", "-C", str(folder), "--literal-pathspecs", "ls-files", "-z", "-t", "--"]
    rows = _answer(folder, [*ask, *parts])
    found = (row for row in rows.split(b"\0") if row.startswith(_SPARSE))
    return frozenset(os.fsdecode(row[len(_SPARSE) :]) for row in found)


def has_sparse_rules(folder: Path) -> bool:
    """Whether the checkout is sparse by rules, not by marks that somebody gave single files."""
    ask = ["git", "-C", str(folder), "config", "--bool", "core.sparseCheckout"]
    return _answer(folder, ask, fine=(0, 1)).strip() == b"true"  # git-config(1): 1 for not set


@dataclass(frozen=True)
class Rule:
    """What lets git ignore a path. file: where it stands; line: the how manieth; text: itself."""

    file: Path
    line: str
    text: str


def ignoring(folder: Path, paths: Iterable[str]) -> dict[str, Rule]:
    """The rule that ignores each of `paths`, as git tells it; nothing where it knows of none.

    Each is asked about in the checkout that it lies in, links followed; UsageError when git fails.
    """
    asked: dict[Path, dict[str, str]] = {}
    for path in paths:
        top, inner = located(folder / path)
        asked.setdefault(top, {})[path] = inner + "/" * path.endswith("/")
    return {
        path: rules[inner]
        for top, places in asked.items()
        if has_git(top) and (rules := _rules(top, places.values()))
        for path, inner in places.items()
        if inner in rules
    }


def _rules(checkout: Path, paths: Iterable[str]) -> dict[str, Rule]:
    top = _answer(checkout, ["git", "-C", str(checkout), "rev-parse", "--show-toplevel"])
    ask = ["git", "-C", str(checkout), "check-ignore", "-v", "-z", "--no-index", "--stdin"]
    # git-check-ignore(1): status 1 for no path that is ignored
    told = _answer(checkout, ask, os.fsencode("\0".join(paths)), fine=(0, 1))
    fields = [os.fsdecode(field) for field in told.split(b"\0")]
    place = Path(os.fsdecode(top).rstrip("\n"))
    return {
        path: Rule(place / file, line, text)
        for file, line, text, path in zip(*(fields[start::4] for start in range(4)), strict=False)
    }


def submodules(folder: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Those of `paths` that the index of `folder`'s checkout holds as commits of another one."""
    if not paths or not has_git(folder):
        return ()
    ask = ["git", "-C", str(folder), "--literal-pathspecs", "ls-files", "-z", "--stage", "--"]
    rows = _answer(folder, [*ask, *paths])
    found = (row.split(b"\t", 1) for row in rows.split(b"\0") if row.startswith(_GITLINK))
    return tuple(os.fsdecode(name) for _, name in found)


def _ask_git(folder: Path, parts: Sequence[str]) -> Listing:
    ask = ["git", "-C", str(folder), "--literal-pathspecs", "ls-files", "-z", "--exclude-standard"]
    with (
        started([*ask, "--cached", "--others", "--", *parts]) as one,
        started([*ask, "--others", "--ignored", "--directory", "--", *parts]) as other,
    ):
        kept = _heard(folder, one)
        ignored = _heard(folder, other)
    if kept.status:
        raise _failed(folder, kept)
    if ignored.status < 0:  # 128: git has no answer for a folder that is ignored itself
        raise _failed(folder, ignored)
    complaint = os.fsdecode(kept.complaint)
    if closed := _CLOSED.search(complaint):
        raise unreadable(closed[1], closed[2])
    for rules in _CLOSED_RULES.finditer(complaint):
        _refuse_closed_rules(folder, rules[1], rules[2])
    names, ignored_names = list(_paths(kept.told)), list(_paths(ignored.told))
    odd = list(_untold(folder, parts, frozenset(name.rstrip("/") for name in ignored_names)))
    hidden = {path for path, rule in ignoring(folder, odd).items() if rule.text[:1] != "!"}
    names += (path for path in odd if path not in hidden)
    return Listing(
        _not_behind_links(folder, dict.fromkeys(names)),
        tuple(Skipped(path, IGNORED, usual=True) for path in [*ignored_names, *sorted(hidden)]),
    )


def _refuse_closed_rules(folder: Path, path: str, why: str) -> None:
    """path: relative to the top of folder's checkout, or absolute."""
    place = located(folder / RULES)[0] / path
    if place.name == RULES and not os.access(place.parent, os.X_OK):
        raise unreadable(str(Path(path).parent), why)
    # core.excludesFile may name what nobody made, in the closed home of another user.
    if place.name in _OF_CHECKOUT or os.path.lexists(place):
        raise closed_rules(path, why)


def _answer(
    folder: Path, argv: list[str], asked: bytes = b"", fine: Collection[int] = (0,)
) -> bytes:
    said = _said(folder, argv, asked)
    if said.status not in fine:
        raise _failed(folder, said)
    return said.told


def _failed(folder: Path, said: _Said) -> UsageError:
    complaint = os.fsdecode(said.complaint).strip() or f"it ended with status {said.status}"
    return UsageError(
        f"git could not list the files in {folder}: {complaint}",
        hint="Run `git status` there; sync sends what git would.",
    )


def _untold(folder: Path, parts: Sequence[str], ignored: Collection[str]) -> Iterator[str]:
    """What git lists nowhere: what is neither file, link nor folder, or stands for a file."""
    waiting = ["" if part == "." else f"{part}/" for part in parts]
    while waiting:
        prefix = waiting.pop()
        # A folder that cannot be read, git has told; a link to one is itself what it lists.
        if (folder / prefix.rstrip("/")).is_symlink() and prefix:
            continue
        with suppress(OSError), os.scandir(folder / prefix) as items:
            for item in items:
                path = prefix + item.name
                if item.name in NEVER_TRAVELS or path in ignored or item.is_symlink():
                    continue
                if not item.is_dir():
                    if not item.is_file():
                        yield path
                elif stands_for_a_file(item):
                    yield path
                elif not os.path.lexists(f"{item.path}/.git"):  # else it is asked by itself
                    waiting.append(f"{path}/")


def _not_behind_links(folder: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Without what git still tracks below a folder that has become a link, which it lists too."""
    links = {path for path in paths if seen_as(Path.is_symlink, folder / path)}
    if not links:
        return tuple(paths)
    behind = tuple(f"{link}/" for link in links)
    return tuple(path for path in paths if not path.startswith(behind))


@dataclass(frozen=True)
class _Said:
    told: bytes
    complaint: bytes
    status: int


def _said(folder: Path, argv: list[str], asked: bytes = b"") -> _Said:
    with started(argv) as git:
        return _heard(folder, git, asked)


def _heard(folder: Path, git: subprocess.Popen[bytes], asked: bytes = b"") -> _Said:
    """What git says to its end; UsageError where it comes to none."""
    until = time.monotonic() + _GIT_LIMIT_S
    try:
        return _Said(*heard_out(git, asked, until), git.returncode)
    except TimeoutError:
        raise UsageError(
            f"git does not list the files in {folder} within {_GIT_LIMIT_S:g} s",
            hint="Run `git status` there: a program that it starts (core.fsmonitor), or the disk, "
            "may hang.",
        ) from None


def _paths(names: bytes) -> Iterator[str]:
    paths = (os.fsdecode(name) for name in names.split(b"\0") if name)
    return (path for path in paths if NEVER_TRAVELS.isdisjoint(path.split("/")))
