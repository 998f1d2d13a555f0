"""The files of a folder without git: a walk that obeys its `.gitignore` files."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from orchestrator.sync.left_out import BY_RULES
from orchestrator.values.snapshot import Skipped

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# Not even when tracked: caches of this machine's Python, git's own store, our notes.
NEVER_TRAVELS = frozenset({".git", "__pycache__", ".orchestrator"})
RULES = ".gitignore"
_SOURCE = re.compile(r".+\.(?:cu|cuh|cpp|h|hpp|inl|py)")
_Rules = tuple[tuple[str, "GitIgnoreSpec"], ...]


@dataclass(frozen=True)
class Listing:
    """files: paths relative to the folder, with `/`, some of which may be gone from the disk."""

    files: tuple[str, ...]
    ignored: tuple[Skipped, ...]


def walk_parts(folder: Path, parts: Sequence[str]) -> Listing:
    """All files in `parts` of `folder` but those that its own rules ignore; UsageError when one
    of its folders, or of its rules, cannot be read."""
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
        raise unreadable(prefix or str(base), error.strerror or str(error)) from error
    for item in found:
        if item.name in NEVER_TRAVELS:
            continue
        path = prefix + item.name
        is_folder = item.is_dir(follow_symlinks=False)
        if _is_ignored(path + "/" * is_folder, rules):
            ignored.append(Skipped(path + "/" * is_folder, BY_RULES, usual=True))
        elif is_folder and not stands_for_a_file(item):
            _walk(base, path + "/", rules, files, ignored)
        else:
            files.append(path)


def _with_rules_of(base: Path, prefix: str, rules: _Rules) -> _Rules:
    """With those of one more folder; UsageError where they are there and cannot be read."""
    place = base / prefix / RULES
    try:
        text = regular_file.read_bytes(place).decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        # A folder of that name holds no rules, to git neither.
        if not os.path.lexists(place) or (not place.is_symlink() and place.is_dir()):
            return rules
        raise closed_rules(prefix + RULES, error.strerror or str(error)) from error
    from pathspec import GitIgnoreSpec

    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return (*rules, (prefix, GitIgnoreSpec.from_lines(lines)))


def _is_ignored(path: str, rules: _Rules) -> bool:
    """The deepest `.gitignore` that has an opinion decides."""
    for prefix, spec in reversed(rules):
        verdict = spec.check_file(path[len(prefix) :]).include
        if verdict is not None:
            return verdict
    return False


def stands_for_a_file(folder: os.DirEntry[str]) -> bool:
    """Whether it is an empty folder under a name that only a source has."""
    try:
        return bool(_SOURCE.fullmatch(folder.name)) and not any(Path(folder).iterdir())
    except OSError:
        return False


def unreadable(path: str, why: str) -> UsageError:
    """The error for a folder that may not be looked into."""
    return UsageError(
        f"cannot read the folder {path}: {why}",
        hint="What is in it would be left out: make it readable, or let git ignore it.",
    )


def closed_rules(path: str, why: str) -> UsageError:
    """The error for a file of ignore rules of which nobody knows what it keeps back."""
    return UsageError(
        f"cannot read the ignore rules in {path}: {why}",
        hint="What they keep back would travel: make it a readable file of its own, or remove it.",
    )
