"""One terminal at a time in a folder: two that write its files would damage them."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from orchestrator.errors import LocalFault

STOPPED_S = 10.0
_LOOK_S = 0.2
Waits = Callable[[], AbstractContextManager[object]]


@contextmanager
def alone(folder: Path, waits: Waits = nullcontext, make: bool = False) -> Iterator[None]:
    """Hold the folder until the end of the block; any other terminal waits for that.

    waits: entered for as long as we wait ourselves. make: the folder is made where it is missing,
    also where whoever had it has removed it in the end. OSError where it cannot be had; LocalFault
    where the process that holds it has been stopped for STOPPED_S.
    """
    handle = _locked(folder, waits, make)
    try:
        yield
    finally:
        os.close(handle)


def _locked(folder: Path, waits: Waits, make: bool) -> int:
    if make:
        folder.parent.mkdir(parents=True, exist_ok=True)
    while True:
        if make:
            _make(folder)
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            if make and not folder.is_symlink():
                continue
            raise
        try:
            if not _took(handle):
                with waits():
                    _wait(folder, handle)
            if not make or _is_at(folder, handle):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _make(folder: Path) -> None:
    """As mkdir with exist_ok, which raises also where the folder is gone by the time it looks."""
    try:
        folder.mkdir()
    except FileExistsError:
        with suppress(FileNotFoundError):
            if not stat.S_ISDIR(folder.stat().st_mode):
                raise


def _took(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(folder: Path, handle: int) -> None:
    """A holder that works may take hours; one that is stopped, as by Ctrl-Z, lets go of nothing."""
    looks = 0
    while not _took(handle):
        pid = _holder(handle)
        looks = looks + 1 if pid and _is_stopped(pid) else 0
        if looks * _LOOK_S > STOPPED_S:
            raise LocalFault(
                f"{folder} is held by process {pid}, which is stopped",
                hint=f"`fg` in its terminal or `kill -CONT {pid}` lets it go on, "
                f"`kill -KILL {pid}` ends it.",
            )
        time.sleep(_LOOK_S)


def _holder(handle: int) -> int | None:
    """The process that has locked the folder, proc_locks(5); None where nobody can see."""
    ours = os.fstat(handle)
    with suppress(OSError):
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()  # a row of one who waits has an arrow in second place
            if words[1] == "FLOCK" and words[5].endswith(f":{ours.st_ino}"):
                held = Path(f"/proc/{words[4]}/fd")
                if any(_is_open(entry, ours) for entry in held.iterdir()):
                    return int(words[4])
    return None


def _is_open(entry: Path, folder: os.stat_result) -> bool:
    """An inode's number is one disk's own, and how /proc/locks names a disk is the disk's."""
    with suppress(OSError):
        return os.path.samestat(entry.stat(), folder)
    return False


def _is_stopped(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1] in ("T", "t")
    return False


def _is_at(folder: Path, handle: int) -> bool:
    """Whether what was locked is still what goes by this name."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
