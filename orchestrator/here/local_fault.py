"""What this machine refused, in words: an OSError as what it is, and what mends it."""

from __future__ import annotations

import errno
import os
from typing import Any, TypeGuard

from orchestrator.errors import LocalFault
from orchestrator.here.regular_file import NotRegular

_SHOWN_CHARACTERS = 200
_MENDS = {
    errno.ENOSPC: "Make room on that disk.",
    errno.EDQUOT: "Your quota on that disk is used up: make room there.",
    errno.EFBIG: "The file would be larger than is allowed: see `ulimit -f`.",
    errno.EROFS: "That disk can only be read. --runs DIR keeps runs elsewhere.",
    errno.EACCES: "See with `ls -ld` who may do that there. --runs DIR keeps runs elsewhere.",
    errno.EPERM: "Not even its owner may: `lsattr -d` tells if it is immutable.",
    errno.ENOENT: "It was moved or removed, or has never been there.",
    errno.ENOTDIR: "A file stands where a folder should be.",
    errno.EEXIST: "Something else stands there already.",
    errno.EISDIR: "A folder stands where a file should be.",
    errno.ENOTEMPTY: "Something is being written there at this moment.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ELOOP: "Symbolic links there lead round in a circle: `ls -l` shows them.",
    errno.EMFILE: "This process may not open more files: raise the limit, `ulimit -n 1024`.",
    errno.ENFILE: "The whole machine has too many files open.",
    errno.EIO: "The disk itself fails, or the terminal has gone.",
    errno.ESTALE: "The network disk has lost it: mount it again.",
    errno.ENXIO: "Nobody is at the other end.",
    errno.EPIPE: "Whoever read it has gone.",
    errno.ENOMEM: "This machine has no memory left, or `ulimit -v` allows no more.",
    errno.EAGAIN: "This machine has no room for another process.",
}
_NO_THREAD = "can't start new thread"  # CPython's words; no class or number tells it apart
_LIMITS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


def is_local(error: BaseException) -> bool:
    """Whether it is the system's refusal of something on this machine, not a network's."""
    if isinstance(error, NotRegular):
        return True
    if type(error).__module__ != "builtins" or not isinstance(error, OSError):
        return False  # those of sockets, TLS and libraries have classes of their own
    if isinstance(error, (ConnectionError, TimeoutError)) and error.filename is None:
        return isinstance(error, BrokenPipeError)
    return error.errno is not None


def is_of_files(error: BaseException) -> TypeGuard[OSError]:
    """Whether it is local and about files, disks or limits: no socket's error names a file."""
    if not isinstance(error, OSError) or not is_local(error):
        return False
    return error.filename is not None or error.errno in (*_LIMITS, *_DISKS)


def is_a_limit(error: OSError) -> bool:
    """Whether it would go as well with any other file: this process or machine has no more."""
    return error.errno in _LIMITS


def mend_of_a_disk(error: OSError) -> str:
    """What mends it where a disk refused; "" where it was something else."""
    return _MENDS[error.errno] if error.errno in _DISKS else ""


def in_words(error: OSError) -> str:
    """Where and what: "runs/x/log.txt: No space left on device"."""
    names = [_shown(name) for name in (error.filename, error.filename2) if name is not None]
    problem = error.strerror or str(error)
    return f"{' -> '.join(names)}: {problem}" if names else problem


def told(error: OSError, doing: str = "", hint: str = "") -> LocalFault:
    """The error as people may see it. doing: what could not be done; hint: instead of our own."""
    if _nowhere(error):
        return LocalFault(
            "the folder that you stand in has been removed", hint="Go to one that is there: cd"
        )
    words = in_words(error)
    mend = hint or ("Move it away." if isinstance(error, NotRegular) else "")
    mend = mend or _MENDS.get(error.errno or 0, "")
    return LocalFault(f"{doing}: {words}" if doing else words, hint=mend)


def no_memory() -> LocalFault:
    """What a MemoryError is to people."""
    return told(OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)))


def no_thread() -> LocalFault:
    """What a thread that cannot be started is to people."""
    return LocalFault(
        "this process may not start another thread",
        hint="See what limits it: `ulimit -u`, `ulimit -v`, or the pids of a container.",
    )


def refused(error: BaseException) -> LocalFault | None:
    """What this machine refused, as people may see it; None for any other error."""
    if isinstance(error, MemoryError):
        return no_memory()
    if isinstance(error, RuntimeError) and str(error) == _NO_THREAD:
        return no_thread()
    if isinstance(error, ImportError):
        return _not_loaded(error)
    # A circle of links is a RuntimeError of pathlib before Python 3.13.
    cause = error.__context__ if isinstance(error, RuntimeError) else error
    if not isinstance(cause, OSError) or not is_local(cause):
        return None
    return told(cause) if cause is error or cause.errno == errno.ELOOP else None


def _not_loaded(error: ImportError) -> LocalFault | None:
    """A library that is there, and for which there is no room: ld.so says so in words alone."""
    if "failed to map segment" in str(error):
        return no_memory()
    for number in _LIMITS:
        if os.strerror(number) in str(error):
            return told(OSError(number, os.strerror(number)))
    return None


def _shown(name: Any) -> str:
    text = os.fsdecode(name) if isinstance(name, (str, bytes)) else f"file {name}"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _nowhere(error: OSError) -> bool:
    """Whether it was about the folder that this process stands in: getcwd(2) names none."""
    if error.errno != errno.ENOENT or error.filename is not None:
        return False
    try:
        os.getcwd()  # noqa: PTH109 - what is asked is whether it can be
    except OSError:
        return True
    return False
