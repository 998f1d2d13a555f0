"""doctor's "writable": a file was written wherever a job will write, and nothing of it is left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager as ContextManager
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.doctor.diagnosis_host import LOCKS, MACHINE_LOCK
from orchestrator.doctor.finding import Level
from orchestrator.errors import HostUnfit
from orchestrator.values.host import Host, TransportKind
from orchestrator.workflows.diagnose import require_fit
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Stage
from remote_payload.machine import device_lock
from tests.disks import mounted, unwritable
from tests.workflows.conftest import line, look
from tests.workflows.test_diagnose import REQUEST

PARTS = ("jobs", "snapshots", "builds", "locks")


@pytest.fixture
def here(tmp_path: Path) -> Host:
    """Without a toolkit, so that nothing is compiled."""
    host = Host("here", TransportKind.LOCAL, str(tmp_path / "work"), sys.executable)
    return replace(host, env=(("CUDA_HOME", "/nonexistent"),))


def _read_only(place: Path) -> ContextManager[object]:
    place.mkdir()
    return mounted(place, "ro") if os.geteuid() == 0 else unwritable(place)


def _full(place: Path) -> ContextManager[object]:
    place.mkdir()
    return mounted(place, "size=16k")


def _no_folder(place: Path) -> ContextManager[object]:
    place.write_text("")
    return nullcontext()


def _lost_link(place: Path) -> ContextManager[object]:
    place.symlink_to("gone")
    return nullcontext()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_read_only, ("is read-only", "is not yours to write to")),
        (_full, ("is full",)),
        (_no_folder, ("is no folder",)),
        (_lost_link, ("is a link to nothing",)),
    ],
)
def test_writable_means_that_a_file_was_written_wherever_a_job_will_write(
    here: Host, part: str, harm: Callable[[Path], ContextManager[object]], words: tuple[str, ...]
) -> None:
    """The workspace itself may be written to in all of these."""
    place = Path(here.workspace)
    place.mkdir()
    for other in PARTS:
        if other != part:
            (place / other).mkdir()
    with harm(place / part):
        diagnosis = look(here)
        found = line(diagnosis, "workspace")
        assert found.level is Level.FAIL
        assert found.found.startswith(f"{place}/{part} (")
        assert any(one in found.found for one in words), found.found
        with pytest.raises(HostUnfit, match="workspace: "):
            require_fit(diagnosis, REQUEST)
        left = [path for other in PARTS if other != part for path in (place / other).iterdir()]
        assert left == []


@pytest.mark.parametrize("part", ["jobs", "snapshots", "builds"])
@pytest.mark.parametrize(
    ("options", "words"),
    [("size=300k", "is nearly full"), ("nr_inodes=9", "has room for 8 more files only")],
)
def test_the_room_that_counts_is_that_of_the_scarcest_disk(
    here: Host, part: str, options: str, words: str
) -> None:
    place = Path(here.workspace)
    (place / "builds").mkdir(parents=True)
    with mounted(place / part, options):
        found = line(look(here), "workspace")
        assert found.level is Level.FAIL
        assert found.found.startswith(f"{place}/{part} (")
        assert found.found.endswith(words)
        assert (f"rm -r {place}/builds" in found.mend) == (part == "builds")


def test_locks_on_a_small_disk_of_their_own_have_room_enough(here: Host) -> None:
    place = Path(here.workspace)
    place.mkdir()
    with mounted(place / "locks", "size=300k"):
        assert line(look(here), "workspace").level is Level.OK


@pytest.mark.parametrize(("name", "level"), [("sync", Level.FAIL), ("gpu-0", Level.OK)])
def test_a_lock_of_another_user_in_a_shared_workspace_is_told_if_a_run_will_write_it(
    here: Host, name: str, level: Level
) -> None:
    """Older versions left locks of devices there."""
    locks = Path(here.workspace) / "locks"
    locks.mkdir(parents=True)
    lock = locks / name
    lock.touch()
    if os.geteuid() == 0:
        if subprocess.run(["chattr", "+i", str(lock)], capture_output=True).returncode:
            pytest.skip("nothing can be made immutable here")
    else:
        lock.chmod(0o444)
    try:
        found = line(look(here), "workspace")
    finally:
        if os.geteuid() == 0:
            subprocess.run(["chattr", "-i", str(lock)], check=True)
    assert found.level is level
    if level is Level.FAIL:
        assert found.found.startswith(f"{locks} (")
        assert "is not yours to write to" in found.found


def test_what_stands_in_a_workspace_of_use_is_left_as_it_is(here: Host) -> None:
    place = Path(here.workspace)
    for part in PARTS:
        (place / part / "mine").mkdir(parents=True)
        (place / part / "file").write_text("mine")
    (place / "elsewhere").mkdir()
    (place / "builds" / "mine").rmdir()
    (place / "builds" / "file").unlink()
    (place / "builds").rmdir()
    (place / "builds").symlink_to("elsewhere")
    before = {path: path.lstat().st_mode for path in place.rglob("*")}
    assert line(look(here), "workspace").level is Level.OK
    after = {path: path.lstat().st_mode for path in place.rglob("*")}
    assert {path: mode for path, mode in after.items() if "doctor" not in path.parts} == before


def _missing(place: Path) -> ContextManager[object]:
    return nullcontext()


def _usable(place: Path) -> ContextManager[object]:
    place.mkdir()
    return nullcontext()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_missing, ("is no folder",)),
        (_no_folder, ("is no folder",)),
        (_lost_link, ("is no folder",)),
        (_read_only, ("is read-only", "is not yours to write to")),
        (_usable, ()),
    ],
)
def test_a_place_for_locks_that_cannot_hold_them_ends_a_run_before_it_begins(
    here: Host,
    tmp_path: Path,
    harm: Callable[[Path], ContextManager[object]],
    words: tuple[str, ...],
) -> None:
    place = tmp_path / "locks"
    with harm(place):
        diagnosis = look(replace(here, env=(*here.env, (LOCKS, str(place)))))
        found = [one for one in diagnosis.findings if one.topic == "locks"]
        if not words:
            assert found == []
            return
        assert found[0].found.startswith(tuple(f"{LOCKS}={place} {one}" for one in words))
        with pytest.raises(HostUnfit, match="locks: "):
            require_fit(diagnosis, REQUEST)


def _fifo(lock: Path) -> None:
    os.mkfifo(lock)


def _second_name(lock: Path) -> None:
    lock.touch()
    (lock.parent / "other").hardlink_to(lock)


def _link(lock: Path) -> None:
    (lock.parent / "other").touch()
    lock.symlink_to("other")


@pytest.mark.parametrize("harm", [_fifo, _second_name, _link, Path.mkdir])
@pytest.mark.parametrize(
    ("name", "level"), [("machine", Level.FAIL), ("gpu-aaaa1111-0", Level.WARN)]
)
def test_what_is_no_lock_in_the_place_of_one_is_told(
    here: Host, tmp_path: Path, harm: Callable[[Path], object], name: str, level: Level
) -> None:
    place = tmp_path / "locks"
    place.mkdir()
    file = place / f"{device_lock.PREFIX}{name}"
    harm(file)
    with_locks = replace(here, env=(*here.env, (LOCKS, str(place))))
    found = line(look(with_locks), "locks")
    assert found.level is level
    assert found.found.startswith(f"{LOCKS}={place}: {file.name} is no plain file of its own: no")
    file.rename(place / "away")
    assert [one for one in look(with_locks).findings if one.topic == "locks"] == []


def test_a_place_for_locks_that_has_no_room_for_another_file_is_told(
    here: Host, tmp_path: Path
) -> None:
    with mounted(tmp_path / "locks", "nr_inodes=2") as place:
        (place / "other").touch()
        found = line(look(replace(here, env=(*here.env, (LOCKS, str(place))))), "locks")
        assert (found.level, found.found) == (
            Level.FAIL,
            f"{LOCKS}={place} is full: no job can begin",
        )


def _on_a_link(place: Path) -> ContextManager[object]:
    (place.parent.parent / "disk").mkdir()
    place.symlink_to("../disk")
    return mounted(place, "noexec")


def _on_itself(place: Path) -> ContextManager[object]:
    place.mkdir()
    return mounted(place, "noexec")


@pytest.mark.parametrize("harm", [_on_itself, _on_a_link])
def test_builds_on_a_disk_that_is_mounted_noexec_end_a_run_with_our_kernel(
    here: Host, harm: Callable[[Path], ContextManager[object]]
) -> None:
    place = Path(here.workspace)
    place.mkdir()
    with harm(place / "builds"):
        diagnosis = look(here)
        found = line(diagnosis, "workspace")
        assert found.level is Level.FAIL
        mount = os.path.realpath(place / "builds")
        assert found.found.endswith(f"cannot load builds: {mount} is mounted noexec")
        kernel = replace(REQUEST, stages=(Stage.BUILD,), providers=(Provider("sparsek"),))
        with pytest.raises(HostUnfit, match="is mounted noexec"):
            require_fit(diagnosis, kernel)


def test_doctor_looks_for_the_locks_that_jobs_take() -> None:
    agent = Path(device_lock.__file__).parents[1] / "agent" / "places.py"
    line = f'LOCKS, LOCK = "{device_lock.NAMED}", "{device_lock.PREFIX}{device_lock.MACHINE}"'
    assert device_lock.NAMED == LOCKS
    assert f"{device_lock.PREFIX}{device_lock.MACHINE}" == MACHINE_LOCK
    lines = agent.read_text().splitlines()
    assert line in lines
    assert f'GPU_LOCKS = "{device_lock.PREFIX}{device_lock.GPU}*"' in lines
