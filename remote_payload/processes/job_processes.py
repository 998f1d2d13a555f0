"""The processes of a job: the payload, and everything that it started and left.

Whoever loses its parent is handed to the supervisor (prctl(2), PR_SET_CHILD_SUBREAPER), so that
what the job started is what descends from the supervisor: whether it forked twice, opened a session
of its own, or gave up its environment. Without Linux the mark in the environment has to do, and
without /proc the process group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Set

TERM_S = 0.3
KILL_S = 5.0
POLL_S = 0.02
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> bool:
    """Become the parent of what descends from this process and loses its own; False: cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


class Process(NamedTuple):
    """What proc(5) tells of one in /proc/pid/stat. ended: dead, and nobody collected it."""

    parent: int
    group: int
    ended: bool


class Job:
    """The supervised process, the first of a session, and everything it started. mark: NAME=value,
    a variable of its environment."""

    def __init__(self, process: subprocess.Popen[bytes], mark: str) -> None:
        self.process, self._mark = process, mark.encode()
        self._left_groups: Set[int] = set()

    def signal(self, number: int) -> None:
        """Signal every process of the job, whole groups at once.

        Of a group none is missed that forks and ends faster than anybody could list it: its dead,
        whom `collect` lets go of, tell the group.
        """
        seen = _processes()
        groups = {seen[pid].group for pid in _below(os.getpid(), seen)} | self._left_groups
        self._left_groups = set()
        for group in {self.process.pid, *groups} - {0, os.getpgrp()}:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        for pid in self._marked(seen):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def alive(self) -> List[int]:
        """Every live process of the job, the payload included."""
        seen = _processes()
        ours = [*_below(os.getpid(), seen), *self._marked(seen)]
        return [pid for pid in ours if not seen[pid].ended]

    def _marked(self, seen: Dict[int, Process]) -> List[int]:
        """Those that carry our mark and do not descend from us."""
        ours, found = {os.getpid(), *_below(os.getpid(), seen)}, []
        for pid in seen.keys() - ours:
            with contextlib.suppress(OSError):
                if self._mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    found.append(pid)
        return found

    def collect(self) -> None:
        """Let go of orphans that ended, which would stay listed for as long as we live."""
        if not hasattr(os, "waitid"):
            return
        with contextlib.suppress(ChildProcessError):
            while True:
                seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                # How the payload itself ended is for whoever waits for it.
                if seen is None or seen.si_pid == self.process.pid:
                    return
                self._left_groups.add(os.getpgid(seen.si_pid))
                os.waitpid(seen.si_pid, 0)

    def _lasts(self) -> bool:
        """Whether anything of the job is left, also where every look at /proc comes too late: a
        process that is ours, or one before it, is our child, and the kernel counts those."""
        self.collect()
        with contextlib.suppress(ChildProcessError, AttributeError):
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            return True
        return bool(self.alive())

    def sweep(self, at_once: bool = False) -> None:
        """Leave no process behind: whatever outlived the payload still holds the device."""
        told = ((signal.SIGTERM, TERM_S), (signal.SIGKILL, KILL_S))
        for number, limit_s in told[1:] if at_once else told:
            deadline = time.monotonic() + limit_s
            heard = False
            while self._lasts():
                # Again and again by SIGKILL: some fork faster than we look.
                if not heard or number == signal.SIGKILL:
                    self.signal(number)
                    heard = True
                if time.monotonic() > deadline:
                    break
                time.sleep(POLL_S)


def below(top: int) -> List[int]:
    """Every live process that descends from `top`; none are known without /proc."""
    seen = _processes()
    return [pid for pid in _below(top, seen) if not seen[pid].ended]


def kill_below(top: int, but: Set[int]) -> None:
    """End all that descends from `top`, at once and with nothing started meanwhile."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in set(below(top)) - but:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def _processes() -> Dict[int, Process]:
    """By pid, everything that runs here; empty without /proc."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "stat").read_text(errors="replace")
            state, parent, group = text[text.rindex(")") + 2 :].split()[:3]
            found[int(entry.name)] = Process(int(parent), int(group), state in "ZX")
        except (OSError, ValueError):
            continue
    return found


def _below(top: int, seen: Dict[int, Process]) -> List[int]:
    """What descends from `top`."""
    children: Dict[int, List[int]] = {}
    for pid, process in seen.items():
        children.setdefault(process.parent, []).append(pid)
    found, waiting = [], [top]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
