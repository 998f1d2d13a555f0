"""A process that has come up and waits to be told what it is for. Some are started before anybody
needs one, so that whoever needs it does not wait.

Importing torch costs seconds each time; therefore they come from multiprocessing's fork server,
which imports torch once, never touches CUDA and forks a ready process in milliseconds. Where
forking a threaded runtime is unsafe (macOS) the same code spawns afresh.
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import signal
import sys
from collections import deque
from multiprocessing import connection
from typing import Any, Callable, Deque, Optional, Set

from remote_payload.processes.job_processes import adopt_orphans

READY = "ready"

Pipe = Any  # multiprocessing's Connection, whose type differs between platforms


class NotBorn(Exception):
    """No process could be started; the text says why."""


def context() -> Any:
    """What processes are started by."""
    forkable = sys.platform.startswith("linux")
    return multiprocessing.get_context("forkserver" if forkable else "spawn")


class Standby:
    """A process in a group of its own; it says READY and waits for `give`. ahead: what it does
    before that, which may fail. Raises NotBorn."""

    def __init__(self, ahead: Optional[Callable[[], None]] = None) -> None:
        here = context()
        self.pipe, theirs = here.Pipe()
        self.process = here.Process(target=_enter, args=(theirs, ahead))
        try:
            self.process.start()
        except (OSError, EOFError) as exc:
            self.pipe.close()
            raise NotBorn(f"could not start a worker process: {exc or type(exc).__name__}") from exc
        finally:
            theirs.close()

    def give(self, work: Callable[..., None], arguments: Any) -> None:
        """Have it run `work(pipe, *arguments)`, where this process is by now; one that has ended
        does not."""
        with contextlib.suppress(OSError):
            self.pipe.send((os.getcwd(), sys.path, work, arguments))


class Reserve:
    """Those that nobody has needed yet. taken: how many were needed so far, of these and others."""

    def __init__(self) -> None:
        self._spare: Deque[Standby] = deque()
        self.taken = 0

    def __len__(self) -> int:
        return len(self._spare)

    @property
    def pids(self) -> Set[int]:
        return {one.process.pid for one in self._spare}

    def add(self, ahead: Callable[[], None]) -> None:
        """Start one more. Raises NotBorn."""
        self._spare.append(Standby(ahead))

    def take(self) -> Standby:
        """One of them that lives, else a new one. Raises NotBorn."""
        self.taken += 1
        while self._spare:
            one = self._spare.popleft()
            if one.process.is_alive():
                return one
            one.pipe.close()
        return Standby()


RESERVE = Reserve()  # of this process, as the fork server is


def _enter(pipe: Pipe, ahead: Optional[Callable[[], None]]) -> None:
    os.setpgid(0, 0)
    _die_with_parent()
    adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if ahead is not None:
        with contextlib.suppress(Exception):
            ahead()
    pipe.send(READY)
    try:
        folder, path, work, arguments = pipe.recv()
    except EOFError:
        return
    os.chdir(folder)
    sys.path[:] = path
    work(pipe, *arguments)


def _die_with_parent() -> None:
    """Even a payload killed by SIGKILL must not leave a spinning kernel behind.

    The kernel sends a signal that ends the process when the parent's end of the sentinel pipe
    closes (fcntl(2), F_SETOWN and O_ASYNC): that works where a watching thread would wait for the
    interpreter lock, and Linux's PR_SET_PDEATHSIG would see the fork server. On Linux it is
    SIGKILL (F_SETSIG), which ends one that stands still as well; elsewhere SIGIO.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(parent.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
    if connection.wait([parent.sentinel], 0):
        os._exit(1)
