"""Why a file that a compiler looked for is not on the host: it was here, and stayed."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from orchestrator.sync.checkout import git_line
from orchestrator.values.snapshot import Scan, Skipped

IGNORED = "is ignored by git"
BY_RULES = "is ignored by .gitignore"  # where no git is there to be told of exceptions
SPARSE = "is left out by this sparse checkout"
LOST = "is a link to nothing"
HOLDS_KEY = "holds a private key"
ODD, NO_FILE = "is not a regular file", "is a folder, not a file"
CHECKOUT = ("checkout", "--ignore-skip-worktree-bits", "--")
_MOST_FILES = 100_000


def stays_at_home(scan: Scan, included: str) -> str:
    """Where `included` is, why it did not travel and what mends it; "" if nothing tells.

    included: a path as an #include has it, relative to whatever the compiler was told.
    """
    wanted = posixpath.normpath(included)
    while wanted.startswith("../"):
        wanted = wanted[3:]
    for item in scan.skipped:
        for path in islice(files_of(scan.root, item), _MOST_FILES):
            if path == wanted or path.endswith(f"/{wanted}"):
                whole = item.path.rstrip("/") == path
                who = "it" if whole else item.path
                mended = mend(scan.root, path, item)
                return f"{path} lies here and was not sent: {who} {item.reason}. {mended}"
    return ""


def mend(root: Path, path: str, item: Skipped) -> str:
    """What lets the file travel that stayed at home with `item`."""
    if item.reason == BY_RULES:
        return "Without that rule it travels"
    if "ignored" in item.reason:
        return f"`{git_line(root, path, 'add', '-f')}` lets it travel"
    if "repository" in item.reason:
        return f"Make {item.path} a submodule, and it travels"
    if item.reason == LOST:
        return "Correct the link, or remove it"
    if item.reason == SPARSE:
        return f"`{git_line(root, path, *CHECKOUT)}` brings it here"
    if item.reason in (ODD, NO_FILE):
        return "Put the file itself in its place"
    if item.reason == HOLDS_KEY:
        return "Without that key it travels"
    if "name of a secret" in item.reason:
        return "With another name it travels"
    return "`orchestrator deploy --dry-run` lists what travels and what does not"


def files_of(root: Path, item: Skipped) -> Iterator[str]:
    """The files that were skipped together, as paths of the project."""
    place = root / item.path
    if item.reason == NO_FILE or place.is_symlink() or not place.is_dir():
        yield item.path
        return
    for folder, _, files in os.walk(place):
        inside = os.path.relpath(folder, root)
        yield from (f"{inside}/{name}" for name in files)
