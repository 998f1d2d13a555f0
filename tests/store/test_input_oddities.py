"""A FIFO, a socket or an empty folder in the place of a source: named, tracked by git or not."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.sync import sources
from tests.store.project_tree import ALL, refusal, root, scanned, write
from tests.store.trees import git, paths, reasons

__all__ = ["root"]


def _socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(place.parent)  # a socket's whole path may have 107 bytes
        try:
            listener.bind(place.name)
        finally:
            os.chdir(here)


ODD, FOLDER = "is not a regular file", "is a folder, not a file"


@pytest.mark.parametrize("git_knows", ["nothing", "the file", "no git"])
@pytest.mark.parametrize(
    ("make", "reason"), [(os.mkfifo, ODD), (_socket, ODD), (Path.mkdir, FOLDER)]
)
@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("csrc/attention/api.cu", "a source of its own"),
        ("csrc/attention/mask.cuh", "csrc/attention/api.cu needs it"),
        ("csrc/emulator/tma.cpp", "a source of its own"),
        ("remote_payload/stages/build/build.py", "remote_payload/runner.py needs it"),
        ("remote_payload/machine/recording.py", "a source of its own"),
    ],
)
def test_what_stands_in_the_place_of_a_source_is_named(
    root: Path,
    git_knows: str,
    make: Callable[[Path], None],
    reason: str,
    path: str,
    needed: str,
) -> None:
    write(root, {path: (root / path).read_text() if (root / path).exists() else "int x;\n"})
    if git_knows != "no git":
        git(root, "init", "-q")
    if git_knows == "the file":
        git(root, "add", "-A")
    (root / path).unlink()
    make(root / path)
    error = refusal(root)
    assert f"{path} ({needed}) {reason}" in error.message
    assert error.hint == "Put the file itself in its place."


@pytest.mark.parametrize("with_git", [True, False])
def test_what_else_does_not_travel_is_told_once_and_what_is_ignored_is_not(
    root: Path, with_git: bool
) -> None:
    if with_git:
        git(root, "init", "-q")
    write(root, {".gitignore": "*.pipe\nout/\n!told.pipe\n", "csrc/out/x.o": ""})
    for name in ("csrc/pipe", "csrc/told.pipe", "csrc/quiet.pipe", "csrc/out/pipe"):
        os.mkfifo(root / name)
    (root / "csrc/empty").mkdir()
    (root / "csrc/linked").symlink_to("ptx")
    scan = scanned(root)
    told = {item.path: item.reason for item in scan.skipped if not item.usual}
    assert told == {"csrc/pipe": ODD, "csrc/told.pipe": ODD}
    assert len(scan.skipped) == len(reasons(scan))
    assert paths(scan) == sorted([*ALL, "csrc/linked"])


def test_what_lies_in_another_repository_or_where_nothing_travels_is_not_looked_at(
    root: Path,
) -> None:
    git(root, "init", "-q")
    write(root, {"csrc/nested/x.h": "", "remote_payload/__pycache__/x": ""})
    git(root / "csrc/nested", "init", "-q")
    for name in ("csrc/nested/pipe", "remote_payload/__pycache__/pipe"):
        os.mkfifo(root / name)
    assert reasons(sources.scan(root)) == {"csrc/nested": "is a git repository of its own"}


def test_a_folder_that_took_the_place_of_a_tracked_file_is_no_repository(root: Path) -> None:
    git(root, "init", "-q")
    write(root, {"csrc/notes": ""})
    git(root, "add", "-A")
    (root / "csrc/notes").unlink()
    write(root, {"csrc/notes/one": ""})
    assert reasons(scanned(root)) == {"csrc/notes": FOLDER}
