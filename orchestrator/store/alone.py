"""One terminal at a time in a folder: two that write its files would damage them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

Waits = Callable[[], AbstractContextManager[object]]


@contextmanager
def alone(folder: Path, waits: Waits = nullcontext, make: bool = False) -> Iterator[None]:
    """Hold the folder until the end of the block; any other terminal waits for that.

    waits: entered for as long as we wait ourselves. make: the folder is made where it is missing,
    also where whoever had it has removed it in the end. OSError where it cannot be had.
    """
    handle = _locked(folder, waits, make)
    try:
        yield
    finally:
        os.close(handle)


def _locked(folder: Path, waits: Waits, make: bool) -> int:
    while True:
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            if make:
                continue
            raise
        try:
            _lock(handle, waits)
            if not make or _is_at(folder, handle):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _lock(handle: int, waits: Waits) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with waits():
            fcntl.flock(handle, fcntl.LOCK_EX)


def _is_at(folder: Path, handle: int) -> bool:
    """Whether what was locked is still what goes by this name."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
