"""A git that comes to no end is given up in words, and neither it nor what it started goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.store import listing
from tests.store.trees import git

Ask = Callable[[Path], object]


def _rules_from_a_fifo(root: Path) -> None:
    os.mkfifo(root / "csrc" / ".gitignore")


def _a_program_that_sleeps(root: Path) -> None:
    program = root / "sleeps"
    program.write_text("#!/bin/sh\nsleep 68 & sleep 67\n")
    program.chmod(0o755)
    git(root, "config", "core.fsmonitor", str(program))


def _at_work_in(folder: Path) -> list[str]:
    """The command lines of all processes whose folder this is, or that name it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in words or folder in [
                (place := (process / "cwd").resolve()),
                *place.parents,
            ]:
                found.append(words)
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="no /proc to look for processes in")
@pytest.mark.parametrize(
    ("make", "ask"),
    [
        (_rules_from_a_fifo, lambda root: listing.list_files(root, ("csrc",))),
        (_a_program_that_sleeps, lambda root: listing.list_files(root, ("csrc",))),
        (_a_program_that_sleeps, lambda root: listing.sparse(root, ("csrc",))),
        (_a_program_that_sleeps, lambda root: listing.submodules(root, ("csrc",))),
        (_rules_from_a_fifo, lambda root: listing.ignoring(root, ("csrc/a.cu",))),
    ],
)
def test_a_git_that_is_given_up_leaves_nothing_behind(
    make: Callable[[Path], None], ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "project"
    (root / "csrc").mkdir(parents=True)
    (root / "csrc" / "a.cu").touch()
    git(root, "init", "-q")
    git(root, "add", "-A")
    make(root)
    monkeypatch.setattr(listing, "_GIT_LIMIT_S", 0.7)
    with pytest.raises(UsageError, match="git does not list the files in"):
        ask(root)
    until = time.monotonic() + 2  # KILL was sent; dying takes a moment
    while (left := _at_work_in(root)) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []
