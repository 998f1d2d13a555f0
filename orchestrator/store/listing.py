"""Which files of a folder count as sources: what git says, or `.gitignore` rules without git."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from orchestrator.errors import UsageError
from orchestrator.model import regular_file
from orchestrator.model.snapshot import Skipped
from orchestrator.store.left_out import BY_RULES

# Not even when tracked: caches of this machine's Python, git's own store, our notes.
NEVER_TRAVELS = frozenset({".git", "__pycache__", ".orchestrator"})
_GITLINK = b"160000 "  # git-ls-files(1), --stage: the mode of a submodule
_MOST_ASKED = 200
_SPARSE = b"S "  # git-ls-files(1), -t: skip-worktree
# What git says, and goes on without; it comes in English, as we ask for it.
_CLOSED = re.compile(r"^warning: could not open directory '(.*)': (.*)$", re.MULTILINE)
# git(1): a hook, or `git rebase --exec`, has these set, for another checkout than we may ask about.
_ELSEWHERE = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS",
)  # fmt: skip
_GIT_LIMIT_S = 30.0
_Rules = tuple[tuple[str, GitIgnoreSpec], ...]


@dataclass(frozen=True)
class Listing:
    """files: paths relative to the folder, with `/`, some of which may be gone from the disk."""

    files: tuple[str, ...]
    ignored: tuple[Skipped, ...]


def list_files(folder: Path, parts: Sequence[str] = (".",)) -> Listing:
    """List the files in `parts` of `folder` that git tracks or would offer to add.

    Outside a git checkout, or in one that ignores all of these parts, the folder is walked and
    its `.gitignore` files are obeyed. UsageError when git fails, or a folder cannot be read.
    """
    if has_git(folder):
        listing = _ask_git(folder, parts)
        if listing.files:
            return listing
    return _walk_parts(folder, parts)


def has_git(folder: Path) -> bool:
    """Whether git is to be asked about this folder."""
    places = (f"{up}/.git" for up in (folder, *folder.parents))
    return bool(shutil.which("git")) and any(map(os.path.exists, places))


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
    rows, _ = _start([*ask, *parts]).communicate()
    found = (row for row in rows.split(b"\0") if row.startswith(_SPARSE))
    return frozenset(os.fsdecode(row[len(_SPARSE) :]) for row in found)


@dataclass(frozen=True)
class Rule:
    """What lets git ignore a path. file: where it stands; line: the how manieth; text: itself."""

    file: Path
    line: str
    text: str


def ignoring(folder: Path, paths: Sequence[str]) -> dict[str, Rule]:
    """The rule that ignores each of `paths`, as git tells it; nothing where it does not."""
    if not paths or not has_git(folder):
        return {}
    top, _ = _start(["git", "-C", str(folder), "rev-parse", "--show-toplevel"]).communicate()
    ask = ["git", "-C", str(folder), "check-ignore", "-v", "-z", "--no-index", "--stdin"]
    asked = _start(ask)
    told, _ = asked.communicate(os.fsencode("\0".join(paths)))
    if asked.returncode > 1 and len(paths) > 1:  # one of them lies in another checkout
        alone = [ignoring(folder, [path]) for path in paths[:_MOST_ASKED]]
        return {path: rule for found in alone for path, rule in found.items()}
    fields = [os.fsdecode(field) for field in told.split(b"\0")]
    place = Path(os.fsdecode(top).rstrip("\n"))
    return {
        path: Rule(place / file, line, text)
        for file, line, text, path in zip(*(fields[start::4] for start in range(4)), strict=False)
    }


def submodules(folder: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Those of `paths` that the index of `folder`'s checkout holds as commits of another one."""
    if not paths or not shutil.which("git"):
        return ()
    ask = ["git", "-C", str(folder), "--literal-pathspecs", "ls-files", "-z", "--stage", "--"]
    rows, _ = _told(folder, _start([*ask, *paths]))
    found = (row.split(b"\t", 1) for row in rows.split(b"\0") if row.startswith(_GITLINK))
    return tuple(os.fsdecode(name) for _, name in found)


def _ask_git(folder: Path, parts: Sequence[str]) -> Listing:
    ask = ["git", "-C", str(folder), "--literal-pathspecs", "ls-files", "-z", "--exclude-standard"]
    kept = _start([*ask, "--cached", "--others", "--", *parts])
    ignored = _start([*ask, "--others", "--ignored", "--directory", "--", *parts])
    names, complaint = _told(folder, kept)
    # What is ignored is only told: git has no answer for a folder that is ignored itself.
    ignored_names, _ = _told(folder, ignored)
    if kept.returncode:
        raise UsageError(
            f"git could not list the files in {folder}: {os.fsdecode(complaint).strip()}",
            hint="Run `git status` there; sync sends what git would.",
        )
    if closed := _CLOSED.search(os.fsdecode(complaint)):
        raise _unreadable(closed[1], closed[2])
    return Listing(
        _not_behind_links(folder, dict.fromkeys(_paths(names))),
        tuple(Skipped(path, "is ignored by git", usual=True) for path in _paths(ignored_names)),
    )


def _unreadable(path: str, why: str) -> UsageError:
    return UsageError(
        f"cannot read the folder {path}: {why}",
        hint="What is in it would be left out: make it readable, or let git ignore it.",
    )


def _not_behind_links(folder: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Without what git still tracks below a folder that has become a link, which it lists too."""
    links = {path for path in paths if seen_as(Path.is_symlink, folder / path)}
    if not links:
        return tuple(paths)
    behind = tuple(f"{link}/" for link in links)
    return tuple(path for path in paths if not path.startswith(behind))


def _start(argv: list[str]) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        argv, stdin=pipe, stdout=pipe, stderr=pipe, env={**environment, "LC_ALL": "C"}
    )


def _told(folder: Path, git: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """What git says to the end; UsageError where it comes to none."""
    try:
        return git.communicate(timeout=_GIT_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"git does not list the files in {folder} within {_GIT_LIMIT_S:g} s",
            hint="Run `git status` there: a program that it starts (core.fsmonitor), or the disk, "
            "may hang.",
        ) from None
    finally:
        if git.poll() is None:
            git.kill()
            git.wait()


def _paths(names: bytes) -> Iterator[str]:
    paths = (os.fsdecode(name) for name in names.split(b"\0") if name)
    return (path for path in paths if NEVER_TRAVELS.isdisjoint(path.split("/")))


def _walk_parts(folder: Path, parts: Sequence[str]) -> Listing:
    files: list[str] = []
    ignored: list[Skipped] = []
    for part in parts:
        rules: _Rules = ()
        inner = "" if part == "." else f"{part}/"
        if (folder / part).is_symlink() or not (folder / part).is_dir():
            files.append(part)
            continue
        if inner:
            rules = _with_rules_of(folder, "", rules)
        _walk(folder, inner, rules, files, ignored)
    return Listing(tuple(files), tuple(ignored))


def _walk(base: Path, prefix: str, rules: _Rules, files: list[str], ignored: list[Skipped]) -> None:
    rules = _with_rules_of(base, prefix, rules)
    try:
        with os.scandir(base / prefix) as items:
            found = sorted(items, key=lambda item: item.name)
    except OSError as error:
        raise _unreadable(prefix or str(base), error.strerror or str(error)) from error
    for item in found:
        if item.name in NEVER_TRAVELS:
            continue
        path = prefix + item.name
        is_folder = item.is_dir(follow_symlinks=False)
        if _is_ignored(path + "/" * is_folder, rules):
            ignored.append(Skipped(path + "/" * is_folder, BY_RULES, usual=True))
        elif is_folder:
            _walk(base, path + "/", rules, files, ignored)
        else:
            files.append(path)


def _with_rules_of(base: Path, prefix: str, rules: _Rules) -> _Rules:
    try:
        text = regular_file.read_text(base / prefix / ".gitignore", "surrogateescape")
    except OSError:
        return rules
    return (*rules, (prefix, GitIgnoreSpec.from_lines(text.splitlines())))


def _is_ignored(path: str, rules: _Rules) -> bool:
    """The deepest `.gitignore` that has an opinion decides."""
    for prefix, spec in reversed(rules):
        verdict = spec.check_file(path[len(prefix) :]).include
        if verdict is not None:
            return verdict
    return False
