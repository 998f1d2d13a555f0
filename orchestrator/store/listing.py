"""Which files of a folder count as sources: what git says, or `.gitignore` rules without git."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from orchestrator.errors import UsageError
from orchestrator.model.snapshot import Skipped

# Not even when tracked: caches of this machine's Python, git's own store, our notes.
NEVER_TRAVELS = frozenset({".git", "__pycache__", ".orchestrator"})
_GITLINK = b"160000 "  # git-ls-files(1), --stage: the mode of a submodule
_Rules = tuple[tuple[str, GitIgnoreSpec], ...]


@dataclass(frozen=True)
class Listing:
    """files: paths relative to the folder, with `/`, some of which may be gone from the disk."""

    files: tuple[str, ...]
    ignored: tuple[Skipped, ...]


def list_files(folder: Path, parts: Sequence[str] = (".",)) -> Listing:
    """List the files in `parts` of `folder` that git tracks or would offer to add.

    Outside a git checkout, or in one that ignores all of these parts, the folder is walked and
    its `.gitignore` files are obeyed. UsageError when git fails.
    """
    if shutil.which("git") and any((up / ".git").exists() for up in (folder, *folder.parents)):
        listing = _ask_git(folder, parts)
        if listing.files:
            return listing
    return _walk_parts(folder, parts)


def submodules(folder: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Those of `paths` that the index of `folder`'s checkout holds as commits of another one."""
    if not paths or not shutil.which("git"):
        return ()
    ask = ["git", "-C", str(folder), "--literal-pathspecs", "ls-files", "-z", "--stage", "--"]
    rows, _ = _start([*ask, *paths]).communicate()
    found = (row.split(b"\t", 1) for row in rows.split(b"\0") if row.startswith(_GITLINK))
    return tuple(os.fsdecode(name) for _, name in found)


def _ask_git(folder: Path, parts: Sequence[str]) -> Listing:
    ask = ["git", "-C", str(folder), "--literal-pathspecs", "ls-files", "-z", "--exclude-standard"]
    kept = _start([*ask, "--cached", "--others", "--", *parts])
    ignored = _start([*ask, "--others", "--ignored", "--directory", "--", *parts])
    names, complaint = kept.communicate()
    # What is ignored is only told: git has no answer for a folder that is ignored itself.
    ignored_names, _ = ignored.communicate()
    if kept.returncode:
        raise UsageError(
            f"git could not list the files in {folder}: {os.fsdecode(complaint).strip()}",
            hint="Run `git status` there; sync sends what git would.",
        )
    return Listing(
        tuple(dict.fromkeys(_paths(names))),
        tuple(Skipped(path, "is ignored by git", usual=True) for path in _paths(ignored_names)),
    )


def _start(argv: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _paths(names: bytes) -> Iterator[str]:
    paths = (os.fsdecode(name) for name in names.split(b"\0") if name)
    return (path for path in paths if NEVER_TRAVELS.isdisjoint(path.split("/")))


def _walk_parts(folder: Path, parts: Sequence[str]) -> Listing:
    files: list[str] = []
    ignored: list[Skipped] = []
    for part in parts:
        rules: _Rules = ()
        inner = "" if part == "." else f"{part}/"
        if not (folder / part).is_dir():
            files.append(part)
            continue
        if inner:
            rules = _with_rules_of(folder, "", rules)
        _walk(folder, inner, rules, files, ignored)
    return Listing(tuple(files), tuple(ignored))


def _walk(base: Path, prefix: str, rules: _Rules, files: list[str], ignored: list[Skipped]) -> None:
    rules = _with_rules_of(base, prefix, rules)
    with os.scandir(base / prefix) as items:
        found = sorted(items, key=lambda item: item.name)
    for item in found:
        if item.name in NEVER_TRAVELS:
            continue
        path = prefix + item.name
        is_folder = item.is_dir(follow_symlinks=False)
        if _is_ignored(path + "/" * is_folder, rules):
            reason = "is ignored by .gitignore"
            ignored.append(Skipped(path + "/" * is_folder, reason, usual=True))
        elif is_folder:
            _walk(base, path + "/", rules, files, ignored)
        else:
            files.append(path)


def _with_rules_of(base: Path, prefix: str, rules: _Rules) -> _Rules:
    try:
        text = (base / prefix / ".gitignore").read_text("utf-8", "surrogateescape")
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
