"""Small files that several of our processes edit: one at a time.

The lock is on the file's folder, so nothing is left behind, and it ends with whoever holds it: the
lock of a dead process is no lock.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from orchestrator.here import local_fault
from orchestrator.values.command import Command

_LIMIT_S = 10.0
_POLL_S = 0.02
# Some network file systems know no such lock; there the replacement in one step has to do.
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF, errno.ENOSYS)


class BusyError(OSError):
    """Another process of this machine has held the folder's lock for too long."""


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Read and replace `path` in the block: no other process of ours does meanwhile.

    Makes path's folder. BusyError: waited for 10 s in vain; OSError: no such folder can be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        _lock(handle, path)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: Path) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return None
            if not isinstance(error, BlockingIOError):
                raise
        if time.monotonic() > deadline:
            said = f"another process has been changing it for {_LIMIT_S:g} s"
            raise BusyError(errno.EBUSY, said, str(path))
        time.sleep(_POLL_S)


def no_file(path: Path) -> str:
    """What stands at path, a link followed, where that is no ordinary file: "a folder", or ""."""
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        return ""
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def how_to_reach(path: Path, right: str = "r") -> str:
    """The hint that makes path readable (right: "r") or writable ("w") for us."""
    for folder in reversed(path.absolute().parents):
        if folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK):
            return _opened(folder, "u+rwx")
    if right == "w" and not os.access(path.parent, os.W_OK):
        return _opened(path.parent, "u+rwx")
    return _opened(path, "u+rw")


def mend(path: Path, error: OSError, right: str = "r") -> str:
    """The hint for what the system refused there, right as above; "" where that is neither a matter
    of rights nor of the disk."""
    if error.errno == errno.EPERM:  # as of immutable files; a mode that forbids it is EACCES
        place = Path(os.path.realpath(path))
        there = [one for one in (place.parent, place) if one.exists()]
        others = [one for one in there if one.stat().st_uid != os.geteuid()]
        if not others:
            words = Command(("lsattr", "-d", *map(str, there)))
            return f"Not even its owner may: `{words}` shows what is immutable."
    if isinstance(error, PermissionError):
        return how_to_reach(path, right)
    if error.errno == errno.EROFS:
        return "That disk can only be read: `--inventory` may name a file on another."
    return local_fault.mend_of_a_disk(error)


def _opened(path: Path, rights: str) -> str:
    owned = True
    with contextlib.suppress(OSError):
        owned = path.stat().st_uid == os.geteuid()
    if not owned:
        said = Command(("ls", "-ld", str(path)))
        return f"It belongs to another user, as `{said}` shows; make it yours, or move it away."
    return f"Make it yours to use: `{Command(('chmod', rights, str(path)))}`."
