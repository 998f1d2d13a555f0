"""What a sync remembers here costs nobody a file: neither through a link nor by tidying up."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.sync import manifests, sources
from orchestrator.values.snapshot import Snapshot
from tests.workflows.syncing import write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "project", {"csrc/a.cu": "A", "remote_payload/b.py": "b"})


@pytest.fixture
def kept(root: Path) -> Path:
    """Where manifests lie, there already."""
    folder = root / ".orchestrator" / "manifests"
    folder.mkdir(parents=True)
    return folder


def snapshot(root: Path) -> Snapshot:
    return sources.scan(root).snapshot


@pytest.mark.parametrize("words", ["precious\n", None], ids=["a file", "nothing"])
def test_a_link_in_the_place_of_our_gitignore_is_not_written_through(
    root: Path, kept: Path, words: str | None
) -> None:
    precious = root.parent / "precious"
    if words is not None:
        precious.write_text(words)
    (kept.parent / ".gitignore").symlink_to(precious)
    manifests.remember(root, snapshot(root))
    assert (precious.read_text() if precious.exists() else None) == words
    assert list(manifests.remembered(root)) == [snapshot(root).digest], "the shortcut works"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a FIFO", "a folder"])
def test_what_lies_in_the_place_of_our_gitignore_is_not_waited_for(
    root: Path, kept: Path, make: Callable[[Path], None]
) -> None:
    make(kept.parent / ".gitignore")
    manifests.remember(root, snapshot(root))
    assert list(manifests.remembered(root)) == [snapshot(root).digest]


def test_a_link_in_the_place_of_a_draft_is_not_written_through(root: Path, kept: Path) -> None:
    precious = root.parent / "precious"
    precious.write_text("precious\n")
    now = snapshot(root)
    (kept / f"{now.digest}.{os.getpid()}.partial").symlink_to(precious)
    manifests.remember(root, now)
    assert precious.read_text() == "precious\n"
    assert list(manifests.remembered(root)) == [now.digest]


def test_tidying_up_takes_manifests_alone(root: Path, kept: Path) -> None:
    (kept / "notes.txt").write_text("mine")
    (kept / f"{'0' * 64}.7.partial").write_text("of a killed process")
    os.utime(kept / "notes.txt", (1, 1))
    os.utime(kept / f"{'0' * 64}.7.partial", (1, 1))
    sent = []
    for number in range(manifests.KEEP + 1):
        write(root, {"csrc/a.cu": str(number)})
        sent.append(snapshot(root).digest)
        manifests.remember(root, snapshot(root))
        os.utime(kept / sent[-1], (100 + number, 100 + number))
    assert {item.name for item in kept.iterdir()} == {"notes.txt", *sent[1:]}
    assert (kept.parent / ".gitignore").read_text() == "*\n"
