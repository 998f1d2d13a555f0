"""What lies among the records of snapshots and is no file: in nobody's way, and left alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.sync.deploy import KEEP_SNAPSHOTS, deploy_from
from tests.workflows.syncing import held, local, published, there, write


@pytest.fixture
def snapshots(tmp_path: Path) -> Path:
    return tmp_path / "workspace" / "snapshots"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "project", {"csrc/a.cu": "A"})


def _folder(place: Path) -> None:
    write(place, {"mine": "mine"})


def _link_to_nothing(place: Path) -> None:
    place.symlink_to("nowhere")


ODD = pytest.mark.parametrize(
    "make", [_folder, os.mkfifo, _link_to_nothing], ids=["a folder", "a FIFO", "a link to nothing"]
)


@ODD
def test_a_record_that_is_no_file_is_written_anew(
    snapshots: Path, root: Path, make: Callable[[Path], None]
) -> None:
    with local(snapshots.parent) as way:
        record = snapshots / f"{deploy_from(root, way).digest}.json"
        record.unlink()
        make(record)
        again = deploy_from(root, way)
        assert held(there(again)) == {"csrc/a.cu": "A"}
        assert record.is_file()
        assert deploy_from(root, way).already_there


@ODD
def test_what_is_no_record_stops_neither_a_sync_nor_pruning(
    snapshots: Path, root: Path, make: Callable[[Path], None]
) -> None:
    snapshots.mkdir(parents=True)
    make(snapshots / "zz.json")
    os.utime(snapshots / "zz.json", (1, 1), follow_symlinks=False)
    with local(snapshots.parent) as way:
        for number in range(KEEP_SNAPSHOTS + 2):
            write(root, {"csrc/a.cu": str(number)})
            last = deploy_from(root, way)
        assert last.sent_files == 1
    ours = [name for name in published(snapshots.parent) if len(name) == 64]
    assert len(ours) == KEEP_SNAPSHOTS
    assert not list(snapshots.glob(".*")), "nothing is left half-way"
    assert os.path.lexists(snapshots / "zz.json"), "whoever put it there may need it"


@pytest.mark.parametrize("make", [_folder, os.mkfifo], ids=["a folder", "a FIFO"])
def test_a_record_in_the_making_that_is_no_file_is_not_waited_for(
    snapshots: Path, root: Path, make: Callable[[Path], None]
) -> None:
    with local(snapshots.parent) as way:
        first = deploy_from(root, way)
        (there(first) / "csrc/a.cu").chmod(0o644)  # its time of change: it is read again
        make(snapshots / ".record")
        assert deploy_from(root, way).already_there
        assert not os.path.lexists(snapshots / ".record")
