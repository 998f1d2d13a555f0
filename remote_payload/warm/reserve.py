"""Processes for the next turn, started while nobody asks for anything: as many as a turn has needed
before. They know of no provider yet, and each is used once."""

from __future__ import annotations

import contextlib
from typing import Callable, Iterator

from remote_payload.processes.standby import RESERVE, NotBorn

_MOST = 40
# Of each, what it does not share with the others (13 measured), and how much of the memory that is
# left may go into all of them.
_EACH_BYTES, _SHARE = 16 << 20, 1 / 8
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Ahead:
    """Fills the reserve."""

    def __init__(self) -> None:
        self._most, self._before = 0, RESERVE.taken

    def fill(self, is_idle: Callable[[], bool]) -> None:
        """After each turn, for as long as nobody asks for another one."""
        self._most = max(self._most, RESERVE.taken - self._before)
        self._before = RESERVE.taken
        wanted = min(self._most, _MOST, int(_SHARE * _room_bytes() / _EACH_BYTES))
        with contextlib.suppress(NotBorn):  # whoever needs one says so
            while len(RESERVE) < wanted and is_idle():
                RESERVE.add(foresee)


def foresee() -> None:
    """What each of them does before it knows for whom it is."""
    from remote_payload.stages.apart import tampering  # here, so that the parent needs no torch

    tampering.foresee()


def _room_bytes() -> int:
    """Of memory, by what is told of it; none where nothing is."""
    return min(_told(), default=0)


def _told() -> Iterator[int]:
    with contextlib.suppress(OSError, ValueError), open("/proc/meminfo", encoding="ascii") as lines:
        yield from (int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvail"))
    for path in _LIMITS:
        with contextlib.suppress(OSError, ValueError), open(path, encoding="ascii") as limit:
            yield int(limit.read())  # "max" is none
