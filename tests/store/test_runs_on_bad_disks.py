"""The run store where the disk refuses: told as what it is, nothing half made, nothing lost."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from orchestrator.errors import LocalFault
from orchestrator.store.runs.run_store import RunStore
from orchestrator.workflows.borrow import _keep
from tests.disks import immutable, mounted
from tests.store.test_runs import REQUEST, card, finish

Spoil = Callable[[Path], AbstractContextManager[object]]


def a_file(runs: Path) -> AbstractContextManager[object]:
    runs.write_text("")
    return nullcontext()


def a_link_to_nowhere(runs: Path) -> AbstractContextManager[object]:
    runs.symlink_to("never/there")
    return nullcontext()


def a_circle(runs: Path) -> AbstractContextManager[object]:
    runs.symlink_to(runs.name)
    return nullcontext()


def protected(runs: Path) -> AbstractContextManager[object]:
    runs.mkdir()
    return immutable(runs)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (a_file, "Not a directory|File exists"),
        (a_link_to_nowhere, "File exists"),
        (a_circle, "Too many levels of symbolic links|File exists"),
        (protected, "Operation not permitted"),
    ],
)
def test_a_run_that_cannot_be_made_says_why_and_leaves_nothing(
    tmp_path: Path, spoil: Spoil, words: str
) -> None:
    runs = tmp_path / "runs"
    with spoil(runs):
        with pytest.raises(LocalFault, match=f"no run was made: .*runs.*: ({words})") as caught:
            RunStore(runs).create(card("a"), REQUEST)
        assert caught.value.hint
        assert caught.value.exit_code == 2
    assert not runs.is_dir() or not list(runs.iterdir())


def test_a_name_that_is_too_long_for_the_disk_says_so(tmp_path: Path) -> None:
    with pytest.raises(LocalFault, match="File name too long") as caught:
        RunStore(tmp_path).create(card("a" * 300), REQUEST)
    assert len(caught.value.message) < 400
    assert not list(tmp_path.iterdir())


def test_no_run_is_made_of_a_folder_that_nothing_fits_into(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=16k") as disk:
        (disk / "full").write_bytes(bytes(12_000))
        with pytest.raises(LocalFault, match=r"no run was made: .*No space left on device"):
            RunStore(disk).create(card("a"), REQUEST)
        assert [item.name for item in disk.iterdir()] == ["full"]


def test_no_run_is_made_on_a_disk_that_can_only_be_read(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=64k") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(LocalFault, match="Read-only file system"):
            RunStore(disk).create(card("a"), REQUEST)


@pytest.mark.parametrize("what", ["the store", "the run", "a file"])
def test_a_run_that_cannot_be_removed_is_a_run_still(tmp_path: Path, what: str) -> None:
    store = RunStore(tmp_path / "runs")
    folder = finish(store, "a")
    (folder / "artifacts").mkdir()
    (folder / "artifacts" / "kept").write_text("kept")
    places = {"the store": store.root, "the run": folder, "a file": folder / "result.json"}
    with immutable(places[what]):
        with pytest.raises(LocalFault, match=r"run a could not be removed whole: .*not permitted"):
            store.remove(folder)
        assert store.load(store.resolve("a")).result is not None
    if what == "the store":
        assert (folder / "artifacts" / "kept").exists()
    store.remove(folder)
    assert list(store.root.iterdir()) == []


def test_what_a_removed_run_only_links_to_stays(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    folder = finish(store, "a")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kept").write_text("kept")
    (folder / "artifacts").symlink_to(tmp_path / "data")
    store.remove(folder)
    assert (tmp_path / "data" / "kept").exists()


@pytest.mark.parametrize("spoil", [a_file, a_link_to_nowhere, a_circle])
def test_a_store_that_cannot_be_looked_into_is_not_an_empty_one(
    tmp_path: Path, spoil: Spoil
) -> None:
    with spoil(tmp_path / "runs"):
        with pytest.raises(LocalFault, match="the runs cannot be listed"):
            list(RunStore(tmp_path / "runs").all())
        with pytest.raises(LocalFault, match="the runs cannot be listed"):
            RunStore(tmp_path / "runs").resolve("latest")
    assert list(RunStore(tmp_path / "none yet").all()) == []


def test_too_many_open_files_are_no_damaged_run(tmp_path: Path) -> None:
    """What cannot be read at this moment was not written wrong."""
    store = RunStore(tmp_path / "runs")
    folder = finish(store, "a")
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open(folder, os.O_RDONLY)  # the next number that is free
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, usual[1]))
        with pytest.raises(LocalFault, match="Too many open files"):
            store.load(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)
        os.close(free)


def test_counters_that_find_no_room_beside_a_run_are_told_and_not_half_there(
    tmp_path: Path,
) -> None:
    """As `profile --ncu-host` copies them from the run on the other host."""
    source = tmp_path / "lent"
    source.mkdir()
    (source / "counters.csv").write_bytes(bytes(100_000))
    with mounted(tmp_path / "disk", "size=64k") as disk:
        with pytest.raises(LocalFault, match="No space left on device"):
            _keep(source, disk / "counters")
        assert list(disk.iterdir()) == []
