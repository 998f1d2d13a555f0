"""Text into a file: whole or not at all, and through what is not a plain file.

A name that a person gave may be a link, a device, a FIFO, or a descriptor of this very process;
whatever it is, it is still that afterwards. No read-only file is written, not even by root.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import select
import stat
import sys
import time
from pathlib import Path
from typing import Optional

# Who is to read a FIFO is started beside us; one who reads stops now and then to think.
READER_S, READING_S = 10.0, 60.0
_PAUSE_S = 0.05
_MOST_LINKS = 40  # as Linux, path_resolution(7)
# NAME_MAX is 255 bytes nearly everywhere, and a partial file has a longer name than its file.
_NAME_BYTES = 200
# Where a new file cannot take the place of an old one that may be written all the same: the folder
# is another's or sticky, or the file is mounted there by itself.
_NO_SUCCESSOR = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_atomic(path: Path, text: str) -> None:
    """Write text as UTF-8, as `write_whole` does; what is no Unicode text is escaped."""
    write_whole(path, text.encode("utf-8", "backslashreplace"))


def write_whole(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write data so that `path` holds the old or the whole new content, also after a crash.

    Links are followed; mode, owner and hard links stay. A file with several names, and one that
    cannot be replaced where it lies, is overwritten in its place. What is not a regular file is
    written to, and so is what a descriptor of ours has open. mode: of a new file, less the umask.
    OSError, with path as its filename: it could not be written, and no temporary file is left; a
    FIFO had no reader for READER_S, or one that took nothing for READING_S.
    """
    try:
        there = _facts(path)
        own = own_stream(path)
        if own is not None:
            _into_own(own, data)
        elif there is None:
            _replace(Path(os.path.realpath(path)), None, data, mode)
        elif not stat.S_IMODE(there.st_mode) & 0o222:
            raise PermissionError(errno.EACCES, "it is read-only")  # also to root
        elif not stat.S_ISREG(there.st_mode):
            _through(path, stat.S_ISFIFO(there.st_mode), data)
        else:
            _over(path, there, data)
    except OSError as exc:
        # Of a temporary file nobody has heard, and a write names no file at all.
        raise OSError(exc.errno, exc.strerror or str(exc), str(path)) from exc


def own_stream(path: Path) -> Optional[int]:
    """1 or 2 if `path` is what our stdout or stderr writes to, by whatever name; else None.

    Opened again it would be cut to nothing, or written over by what is printed next.
    """
    there = _facts(path)
    if there is None:
        return None
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), there):
                return descriptor
    return None


def is_plain(path: Path) -> bool:
    """Whether files may be put beside `path`: it is a regular file of its own, or not there yet."""
    there = _facts(path)
    own = own_stream(path) is not None or _is_descriptor(path)
    return there is None or (stat.S_ISREG(there.st_mode) and not own)


def _facts(path: Path) -> Optional[os.stat_result]:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _is_descriptor(path: Path) -> bool:
    """Whether the name leads by way of /proc/…/fd, so that somebody has the file open."""
    return _descriptor(path) is not None


def _descriptor(path: Path) -> Optional[str]:
    """The /proc/PID/fd/N that the name leads to, PID in figures; None for any other name."""
    name = str(path)
    for _ in range(_MOST_LINKS):
        folder = os.path.realpath(os.path.dirname(name) or ".")
        name = os.path.join(folder, os.path.basename(name))
        if folder.startswith("/proc/") and os.path.basename(folder) == "fd":
            return name
        if not os.path.islink(name):
            break
        name = os.path.join(folder, os.readlink(name))
    return None


def _own_descriptor(path: Path) -> Optional[int]:
    """N where the name leads to descriptor N of this very process."""
    name = _descriptor(path)
    return int(os.path.basename(name)) if name and name.split("/")[2] == str(os.getpid()) else None


def _into_own(descriptor: int, data: bytes) -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    with contextlib.suppress(BrokenPipeError):  # as of `| head`: who reads has read enough
        _send(descriptor, data)


def _through(path: Path, is_fifo: bool, data: bytes) -> None:
    handle = _opened(path, is_fifo)
    try:
        _send(handle, data)
    finally:
        os.close(handle)


def _opened(path: Path, is_fifo: bool) -> int:
    """Open for writing. Without O_NONBLOCK a FIFO that nobody reads would hold us for ever."""
    deadline = time.monotonic() + READER_S
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as exc:
            if not is_fifo or exc.errno != errno.ENXIO:
                raise
            if time.monotonic() > deadline:
                words = f"nobody reads it: no reader came within {READER_S:g} s"
                raise OSError(errno.ETIMEDOUT, words) from None
        time.sleep(_PAUSE_S)


def _send(handle: int, data: bytes) -> None:
    """Write all of it, waiting for a slow reader; OSError, ETIMEDOUT, for one that has stopped."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(handle, rest) :]
        except BlockingIOError:
            if not select.select([], [handle], [], READING_S)[1]:
                words = f"nobody reads on: nothing was taken for {READING_S:g} s"
                raise OSError(errno.ETIMEDOUT, words) from None


def _in_place(path: Path, data: bytes) -> None:
    """Overwrite, after the room for it is sure: this is all there is of the old content."""
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        _reserve(handle, len(data))
        _send(handle, data)
        os.ftruncate(handle, len(data))
        os.fsync(handle)
    finally:
        os.close(handle)


def _reserve(handle: int, size: int) -> None:
    before = os.fstat(handle).st_size
    if size <= before or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(handle, 0, size)
    except OSError as exc:
        if exc.errno in _NO_ROOM:
            os.ftruncate(handle, before)
            raise


def _over(path: Path, there: os.stat_result, data: bytes) -> None:
    """Write a regular file that exists: by a new one in its place, wherever that is the same.

    What one of our own descriptors has open is written by it: at its end, or where others stopped.
    """
    own = _own_descriptor(path)
    if own is not None:
        _send(own, data)
        return
    os.close(os.open(path, os.O_WRONLY | os.O_CLOEXEC))  # whoever may not do this, may not do that
    if there.st_nlink != 1 or _is_descriptor(path):
        _in_place(path, data)
        return
    try:
        _replace(Path(os.path.realpath(path)), there, data, 0o600)
    except OSError as exc:
        if exc.errno not in _NO_SUCCESSOR:
            raise
        _in_place(path, data)


def _replace(place: Path, there: Optional[os.stat_result], data: bytes, mode: int) -> None:
    # Two processes may write the same file: each has a name of its own until the rename.
    partial = place.with_name(f"{_stem(place)}.{os.getpid()}.partial")
    _sweep(place)
    handle = _begun(partial, mode)
    try:
        if there is not None:
            _as_before(handle, place, there)
        _send(handle, data)
        os.fsync(handle)
        os.replace(partial, place)
    except BaseException:
        with contextlib.suppress(OSError):
            if _is_at(partial, handle):  # else it took its place, and the name may be another's
                partial.unlink()
        raise
    finally:
        os.close(handle)


def _begun(partial: Path, mode: int) -> int:
    """An empty file, locked as long as it is written: so others see that its writer lives, also
    from another machine that shares the disk. Where the disk has no locks, nobody sweeps."""
    how = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        handle = os.open(partial, how, mode)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
            if _is_at(partial, handle):
                os.ftruncate(handle, 0)  # not before: another thread may have been writing it
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # in its place, or swept, before it was locked


def _as_before(handle: int, place: Path, there: os.stat_result) -> None:
    """Give a new file owner, mode and attributes of the one that it replaces."""
    new = os.fstat(handle)
    if (new.st_uid, new.st_gid) != (there.st_uid, there.st_gid):
        os.fchown(handle, there.st_uid, there.st_gid)
    os.fchmod(handle, stat.S_IMODE(there.st_mode))
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):  # access control lists; not every file system has them
            for name in os.listxattr(place):
                os.setxattr(handle, name, os.getxattr(place, name))


def _stem(place: Path) -> str:
    name = os.fsencode(place.name)
    return place.name if len(name) <= _NAME_BYTES else os.fsdecode(name[:_NAME_BYTES])


def _sweep(place: Path) -> None:
    """Remove what writers of `place` left that were killed before their rename."""
    stem = _stem(place)
    for left in place.parent.glob(f"{glob.escape(stem)}.*.partial"):
        if left.name[len(stem) + 1 : -len(".partial")].isdigit():
            with contextlib.suppress(OSError):  # its writer lives, or it is not ours
                _remove_unlocked(left)


def _remove_unlocked(left: Path) -> None:
    handle = os.open(left, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(left, handle):
            left.unlink()
    finally:
        os.close(handle)


def _is_at(path: Path, handle: int) -> bool:
    """Whether what is open is still what goes by this name."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), path.lstat())
    return False
