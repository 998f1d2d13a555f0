"""Where the sockets of brokers lie: a folder for its user alone, and short names."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import socket
import stat
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

# Of a socket's path macOS takes 103 bytes, Linux 107.
_LONGEST_BYTES = 103
_NAME_DIGITS = 16
_OURS_ALONE = 0o700
_POLL_S = 0.05
# <sys/un.h> of macOS and the BSDs: what answers is <sys/ucred.h>'s xucred, version and uid first.
_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES = 0, 1, 76


class NoBroker(Exception):
    """No connection can be kept from here; str() says why. The command itself needs none."""


def socket_of(known_hosts: Path, name: str, make: bool = True) -> Path:
    """The socket of the broker for host `name` of the inventory beside which known_hosts lies.

    make: its folder. NoBroker: no folder for it is ours alone.
    """
    said = f"{known_hosts.absolute()}\0{name}".encode("utf-8", "surrogateescape")
    file = f"{hashlib.sha256(said).hexdigest()[:_NAME_DIGITS]}.sock"
    for folder in _folders():
        if len(os.fsencode(folder / file)) <= _LONGEST_BYTES:
            return _private(folder, make) / file
    raise NoBroker("every folder for its socket has too long a name")


def _folders() -> Iterator[Path]:
    """In the order of preference; the first ends with the login."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "none")
    if runtime.is_absolute() and _why_not_ours(runtime, 0o022) == "":
        yield runtime / "orchestrator"
    with contextlib.suppress(RuntimeError):  # nobody has a home
        yield Path.home() / ".orchestrator" / "run"
    yield Path("/tmp") / f"orchestrator-{os.geteuid()}"


def _private(folder: Path, make: bool) -> Path:
    try:
        if make:
            folder.mkdir(mode=_OURS_ALONE, parents=True, exist_ok=True)
    except OSError as error:
        raise NoBroker(f"{folder} cannot be made: {error.strerror}") from error
    if why := _why_not_ours(folder, 0o077):
        raise NoBroker(f"{folder} {why}")
    return folder


def _why_not_ours(folder: Path, for_others: int) -> str:
    """What speaks against a folder; "" if it is ours. for_others: rights that nobody else has."""
    try:
        facts = os.lstat(folder)
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    if not stat.S_ISDIR(facts.st_mode):
        return "is no folder"
    if facts.st_uid != os.geteuid():
        return "belongs to another user"
    return "is open to others" if facts.st_mode & for_others else ""


def reached(place: Path, limit_s: float) -> socket.socket | None:
    """A connection to whoever listens there and is our user; None where nobody does.

    NoBroker: somebody else listens there.
    """
    near = socket.socket(socket.AF_UNIX)
    near.settimeout(limit_s)
    try:
        near.connect(os.fspath(place))
    except OSError:  # nothing there, left behind, or deaf
        near.close()
        return None
    if not is_ours(near):
        near.close()
        raise NoBroker(f"another user's program listens at {place}")
    return near


def is_ours(connection: socket.socket) -> bool:
    """Whether the far end of a local connection is a process of this user."""
    try:
        if hasattr(socket, "SO_PEERCRED"):
            facts = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            user: int = struct.unpack("iII", facts)[1]
        elif sys.platform != "linux":
            facts = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
            user = struct.unpack_from("II", facts)[1]
        else:
            return False
    except (OSError, struct.error):
        return False
    return user == os.geteuid()


@contextlib.contextmanager
def alone(place: Path, limit_s: float) -> Iterator[None]:
    """While the block lasts nobody else begins a broker there. The lock dies with its holder, and
    its file goes with the block. NoBroker: waited in vain, or there is no such lock."""
    file, deadline = place.with_suffix(".lock"), time.monotonic() + limit_s
    while True:
        try:
            handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NoBroker(f"{file} cannot be written: {error.strerror}") from error
        if _locked(handle, file):
            break
        os.close(handle)
        if time.monotonic() > deadline:
            raise NoBroker(f"another command has been connecting for {limit_s:g} s")
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink()
        os.close(handle)


def _locked(handle: int, file: Path) -> bool:
    """Whether we hold the lock of the file that lies there: one before us may have taken it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), file.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError as error:
        os.close(handle)
        raise NoBroker(f"{file} cannot be locked: {error.strerror}") from error


def listening(place: Path) -> socket.socket:
    """A socket at `place`, for this user alone; what was left behind there goes. OSError: none."""
    with contextlib.suppress(FileNotFoundError):
        place.unlink()
    ear = socket.socket(socket.AF_UNIX)
    try:
        ear.bind(os.fspath(place))
        place.chmod(0o600)
        ear.listen(64)
    except OSError:
        ear.close()
        raise
    return ear


def mark_of(place: Path) -> tuple[int, int, int] | None:
    """What tells this socket from a later one at the same place; None where there is none. By its
    time as well: many file systems give the number of a file that is gone to the next one."""
    try:
        facts = os.lstat(place)
    except OSError as error:
        return None if error.errno in (errno.ENOENT, errno.ENOTDIR) else (0, 0, 0)
    return (facts.st_dev, facts.st_ino, facts.st_mtime_ns)
