"""Where the locks of devices lie: safe in a folder that all users of a machine may write to."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from remote_payload.machine import device_lock
from remote_payload.machine.device_lock import DeviceLock
from tests.disks import mounted
from tests.payload.running import ROOT

GPU = "GPU-aaaa1111-0"
FILES = ("blackwell-sparsek-gpu-aaaa1111-0", "blackwell-sparsek-machine")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As /run/lock: everybody may make files there."""
    folder = tmp_path / "lock"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.delenv(device_lock.NAMED)
    monkeypatch.setattr(device_lock, "PLACES", (str(tmp_path / "absent"), str(folder)))
    return folder


def test_the_files_can_be_opened_by_every_user_whatever_the_umask(
    place: Path, tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        lock = DeviceLock(tmp_path / "workspace", (GPU,))
    finally:
        os.umask(before)
    assert (lock.folder, lock.note) == (place, "")
    assert lock.try_take("r1") is None
    found = sorted(place.iterdir())
    assert [(path.name, path.stat().st_mode & 0o777) for path in found] == [
        (name, 0o666) for name in FILES
    ]
    assert [path.read_text() for path in found] == ["r1", ""]


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: cannot be two users")
def test_a_job_of_another_user_is_waited_for_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import os, pathlib, sys; sys.path.insert(0, sys.argv[1])\n"
        "from remote_payload.machine import device_lock\n"
        "os.setgid(65534); os.setuid(65534); os.umask(0o077)\n"
        "device_lock.PLACES = (sys.argv[2],)\n"
        f"lock = device_lock.DeviceLock(pathlib.Path('/home/alice/ws'), ({GPU!r},))\n"
        "print(lock.note or lock.try_take('their-run'), flush=True); sys.stdin.read()\n"
    )
    monkeypatch.delenv(device_lock.NAMED)
    # Other users do not get through to a test's own folder.
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o1777)
        monkeypatch.setattr(device_lock, "PLACES", (place,))
        words = [sys.executable, "-IBS", "-c", code, str(ROOT), place]
        pipe = subprocess.PIPE
        with subprocess.Popen(words, text=True, stdin=pipe, stdout=pipe) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "None\n"
            ours = DeviceLock(tmp_path / "workspace", (GPU,))
            assert ours.note == ""
            assert ours.try_take("r1") == "their-run of another workspace"
            other.communicate()
        assert ours.try_take("r1") is None


def _link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def _second_name(path: Path, victim: Path) -> None:
    path.hardlink_to(victim)


def _pipe(path: Path, _victim: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path, _victim: Path) -> None:
    path.mkdir()


def _dangling(path: Path, victim: Path) -> None:
    path.symlink_to(victim.with_name("to be made"))


@pytest.mark.parametrize("trap", [_link, _second_name, _pipe, _folder, _dangling])
@pytest.mark.parametrize("name", FILES)
def test_a_trap_in_the_shared_folder_is_not_stepped_into(
    place: Path, tmp_path: Path, trap: Callable[[Path, Path], None], name: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    trap(place / name, victim)
    lock = DeviceLock(tmp_path / "workspace", (GPU,))
    assert lock.folder == tmp_path / "workspace" / "locks"
    assert name in lock.note
    assert lock.try_take("r1") is None
    assert victim.read_text() == "precious"
    assert not (tmp_path / "to be made").exists()


def test_without_a_place_for_all_the_workspaces_own_serves_and_that_is_said(
    place: Path, tmp_path: Path
) -> None:
    place.chmod(0o777)  # anybody could take away the files of others
    lock, other = (DeviceLock(tmp_path / "workspace", (GPU,)) for _ in range(2))
    assert "is a folder open to all" in lock.note
    assert lock.try_take("r1") is None
    assert other.try_take("r2") == "r1 of another workspace"


def test_a_cleared_folder_does_not_let_two_hold_one_device(place: Path, tmp_path: Path) -> None:
    first, second = (DeviceLock(tmp_path / "workspace", ()) for _ in range(2))
    handle = device_lock._open(place, device_lock.MACHINE)
    (place / FILES[1]).unlink()
    assert not device_lock._still_there(handle, place, device_lock.MACHINE)
    os.close(handle)
    assert first.try_take("r1") is None
    assert second.try_take("r2") == "r1 of another workspace"


def test_what_somebody_wrote_into_a_lock_is_a_name_or_is_not_shown(
    place: Path, tmp_path: Path
) -> None:
    first, second = (DeviceLock(tmp_path / "workspace", ()) for _ in range(2))
    assert first.try_take("r1") is None
    for text in ("\x1b[2Jhello", "/home/alice", "", "a b"):
        (place / FILES[1]).write_text(text)
        assert second.try_take("r2") == "a job that does not give its name"


def test_on_a_full_disk_a_lock_holds_and_only_its_owner_stays_unnamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(device_lock.NAMED)
    with mounted(tmp_path / "small", "size=4k,mode=1777") as small:
        monkeypatch.setattr(device_lock, "PLACES", (str(small),))
        ours, theirs = (DeviceLock(tmp_path / "workspace", ()) for _ in range(2))
        (small / "full").write_bytes(b"x" * 4096)
        assert (ours.note, ours.try_take("r1")) == ("", None)
        assert theirs.try_take("r2") == "a job that does not give its name"


def test_a_run_that_waits_for_its_namesake_elsewhere_is_told_so(
    place: Path, tmp_path: Path
) -> None:
    # Two laptops name their runs alike; each workspace has a job of that name then.
    for workspace in ("one", "other"):
        (tmp_path / workspace / "jobs" / "r1").mkdir(parents=True)
    first = DeviceLock(tmp_path / "one", ())
    second = DeviceLock(tmp_path / "other", ())
    assert first.try_take("r1") is None
    assert second.try_take("r1") == "r1 of another workspace"
