"""A git that comes to no end is given up in words, and neither it nor what it started goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.sync import listing
from tests.processes import left_at_work_in, needs_proc
from tests.store.trees import git

Ask = Callable[[Path], object]


def _rules_from_a_fifo(root: Path) -> None:
    os.mkfifo(root / "csrc" / ".gitignore")


def _a_program_that_sleeps(root: Path) -> None:
    program = root / "sleeps"
    program.write_text("#!/bin/sh\nsleep 68 & sleep 67\n")
    program.chmod(0o755)
    git(root, "config", "core.fsmonitor", str(program))


@needs_proc
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
    assert left_at_work_in(root) == []
