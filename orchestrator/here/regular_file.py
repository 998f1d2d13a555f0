"""Reading files that may have been swapped for something else: only a regular file is read.

A FIFO is waited for without end, and a device may have no end, so neither is even opened for long.
The null device is an empty file: ~/.ssh/known_hosts may well be a link to it.
"""

from __future__ import annotations

import errno
import os
import select
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_KINDS = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISLNK, "a link"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotRegular(OSError):
    """What lies there is no file with contents of its own; strerror says what it is, and what
    was wanted."""

    def __init__(self, path: Path | str, mode: int, wanted: str = "a regular file") -> None:
        kind = next((name for fits, name in _KINDS if fits(mode)), "something else")
        super().__init__(errno.EINVAL, f"it is {kind}, not {wanted}", str(path))


def descriptor_of(path: Path | str, flags: int = 0) -> int:
    """The regular file at path, open for os.read(); NotRegular or another OSError.

    flags: more of open(2), such as O_NOFOLLOW.
    """
    # Without O_NONBLOCK the open itself waits for whoever writes to a FIFO.
    try:
        descriptor = os.open(path, os.O_NONBLOCK | os.O_CLOEXEC | flags, 0o666)
    except OSError as error:
        # open(2): a socket, a device without a driver, a FIFO to write to that nobody reads.
        if error.errno == errno.ENXIO and not stat.S_ISREG(mode := Path(path).stat().st_mode):
            raise NotRegular(path, mode) from None
        raise
    try:
        facts = os.fstat(descriptor)
        if not (stat.S_ISREG(facts.st_mode) or _is_null(facts)):
            raise NotRegular(path, facts.st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def opened(path: Path | str) -> BinaryIO:
    """The same as a file object; errors as of `descriptor_of`."""
    return os.fdopen(descriptor_of(path), "rb")


def own(path: Path, wanted: str = "a regular file") -> Path:
    """The path, which need not be there; NotRegular for a link, since whatever is written there
    would land elsewhere."""
    if path.is_symlink():
        raise NotRegular(path, stat.S_IFLNK, wanted)
    return path


def appended(path: Path) -> BinaryIO:
    """The regular file at path, made if it is not there, open for adding to it; NotRegular also
    for a link."""
    own(path)
    return os.fdopen(descriptor_of(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab")


def read_bytes(path: Path | str) -> bytes:
    """All of it; errors as of `descriptor_of`."""
    with opened(path) as source:
        return source.read()


def read_text(path: Path | str, errors: str = "strict") -> str:
    """All of it as UTF-8, with line ends as Python reads them; errors as above."""
    return read_bytes(path).decode("utf-8", errors).replace("\r\n", "\n").replace("\r", "\n")


def read_named(path: Path | str, most_bytes: int, silence_s: float = 10.0) -> bytes:
    """As read_bytes, of a file that a person names: a pipe of the shell, `<(…)`, is one as well.

    TimeoutError: nothing more came through it for silence_s. OSError, EFBIG: more than most_bytes.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISFIFO(facts.st_mode):
            _require_at_most(most_bytes, facts.st_size, path)
            return read_bytes(path)
        if data := b"".join(_pieces(descriptor, path, most_bytes, silence_s)):
            return data
        raise NotRegular(path, facts.st_mode)
    finally:
        os.close(descriptor)


def _require_at_most(most_bytes: int, size_bytes: int, path: Path | str) -> None:
    if size_bytes > most_bytes:
        words = f"it is too large: more than {most_bytes / 1e6:.0f} MB are not read"
        raise OSError(errno.EFBIG, words, str(path))


def _pieces(
    descriptor: int, path: Path | str, most_bytes: int, silence_s: float
) -> Iterator[bytes]:
    size_bytes = 0
    while True:
        if not select.select([descriptor], [], [], silence_s)[0]:
            raise TimeoutError(errno.ETIMEDOUT, f"nothing came through it for {silence_s:g} s")
        data = os.read(descriptor, 1 << 20)
        if not data:
            return
        size_bytes += len(data)
        _require_at_most(most_bytes, size_bytes, path)
        yield data


def _is_null(facts: os.stat_result) -> bool:
    return stat.S_ISCHR(facts.st_mode) and facts.st_rdev == Path(os.devnull).stat().st_rdev
