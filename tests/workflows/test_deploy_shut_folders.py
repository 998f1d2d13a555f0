"""What shuts out even its owner, and what stands in the place of a sync's lock."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit
from orchestrator.sync.deploy import deploy_from
from orchestrator.transport.local import LocalTransport
from remote_payload.processes import snapshot
from tests import toolkit
from tests.disks import bound_by_modes
from tests.workflows.syncing import held, local, local_host, there, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "project", {"csrc/a.cu": "A"})


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "workspace"
    snapshot.remove_all(str(tmp_path / "workspace"))


@pytest.fixture
def owner(workspace: Path, tmp_path: Path) -> LocalTransport:
    """The host as one whom modes bind."""
    words = " ".join((*bound_by_modes(), sys.executable))
    python = toolkit.program(tmp_path / "python", f'exec {words} "$@"')
    return LocalTransport(replace(local_host(workspace), python=str(python)))


def deploy(root: Path, transport: LocalTransport) -> Path:
    return there(deploy_from(root, transport))


def shut(folder: Path) -> None:
    (folder / "in").mkdir(parents=True)
    (folder / "in").chmod(0)
    folder.chmod(0)


def test_a_snapshot_with_a_shut_folder_is_mended_as_often_as_it_happens(
    owner: LocalTransport, root: Path
) -> None:
    first = deploy(root, owner)
    for _ in range(3):
        (first / "csrc").chmod(0)
        assert deploy(root, owner) == first
        assert held(first) == {"csrc/a.cu": "A"}
    assert len([*first.parent.glob(".old*")]) == 1, "the next sync clears up after the last"


def test_a_shut_folder_that_was_added_goes(owner: LocalTransport, root: Path) -> None:
    first = deploy(root, owner)
    first.chmod(0o755)
    shut(first / "added")
    assert deploy(root, owner) == first
    assert snapshot.faults(str(first.parent), first.name) == ""


def test_nothing_of_a_sync_that_was_killed_gets_into_the_next(
    owner: LocalTransport, root: Path, workspace: Path
) -> None:
    shut(workspace / "snapshots" / ".new" / "x")
    first = deploy(root, owner)
    assert snapshot.faults(str(first.parent), first.name) == ""


def _link(lock: Path) -> None:
    lock.symlink_to("../precious")


def _second_name(lock: Path) -> None:
    lock.hardlink_to(lock.parent.parent / "precious")


@pytest.mark.parametrize("make", [_link, _second_name, os.mkfifo, os.mkdir])
def test_what_stands_in_the_place_of_the_lock_is_named_and_never_written_into(
    workspace: Path, root: Path, make: Callable[[Path], None]
) -> None:
    lock = workspace / "locks" / "sync"
    lock.parent.mkdir(parents=True)
    (workspace / "precious").write_text("precious" * 2000)
    make(lock)
    with pytest.raises(HostUnfit, match=r"no plain file of its own: '.*/locks/sync'") as caught:
        deploy(root, local(workspace))
    assert "remove that there" in caught.value.hint
    assert (workspace / "precious").read_text() == "precious" * 2000
    make_way = os.rmdir if lock.is_dir() and not lock.is_symlink() else os.unlink
    make_way(lock)
    assert held(deploy(root, local(workspace))) == {"csrc/a.cu": "A"}
