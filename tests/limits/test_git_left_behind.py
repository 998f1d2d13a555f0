"""What git starts and leaves behind: its end is the end, whoever still holds its pipes."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.sync import listing
from tests.store.trees import git


def _a_watcher_of_gits(root: Path, its_id: Path, held: str) -> None:
    """It may hold what git itself complains to as long as it lives."""
    program = root / "watches"
    program.write_text(f"#!/bin/sh\nsleep 30 {held} &\necho $! >>{its_id}\nprintf 'token\\0'\n")
    program.chmod(0o755)
    git(root, "config", "core.fsmonitor", str(program))


def _a_wrapper_with_a_watcher(root: Path, its_id: Path, held: str) -> None:
    program = root / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nsleep 30 {held} &\necho $! >>{its_id}\nexec {shutil.which("git")} "$@"\n'
    )
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("start", "held"),
    [
        (_a_watcher_of_gits, ">/dev/null"),
        (_a_wrapper_with_a_watcher, ">/dev/null"),
        (_a_wrapper_with_a_watcher, "2>/dev/null"),
        (_a_wrapper_with_a_watcher, ""),
    ],
)
def test_what_git_starts_and_leaves_behind_does_not_keep_us_waiting(
    start: Callable[[Path, Path, str], None],
    held: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, its_id = tmp_path / "project", tmp_path / "id"
    (root / "csrc").mkdir(parents=True)
    for number in range(2000):
        (root / "csrc" / f"{number:060}.cu").touch()
    git(root, "init", "-q")
    git(root, "add", "-A")
    start(root, its_id, held)
    monkeypatch.setenv("PATH", str(root / "bin"), prepend=os.pathsep)
    began = time.monotonic()
    try:
        assert len(listing.list_files(root, ("csrc",)).files) == 2000
        assert time.monotonic() - began < 15
    finally:
        for each in its_id.read_text().split():
            os.kill(int(each), signal.SIGKILL)


def test_many_questions_at_once_are_all_answered(tmp_path: Path) -> None:
    """More than fit into a pipe, both ways."""
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q")
    (root / ".gitignore").write_text("*.o\n")
    asked = [f"csrc/{number:0100}.o" for number in range(5000)]
    assert len(listing.ignoring(root, [*asked, "csrc/a.cu"])) == 5000
