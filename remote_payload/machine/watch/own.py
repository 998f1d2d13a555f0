"""The CPU time of our own processes, so that what is left of the machine's is that of others."""

from __future__ import annotations

import os
from typing import Dict, FrozenSet, Iterable, NamedTuple, Optional, Set

# Of a set of processes of which some always end while they are read.
_TRIES = 4
# CUDA opens it in every process that computes; those that only look at the GPU do not.
_OPEN_BY_CUDA = "/dev/nvidia-uvm"


class Stat(NamedTuple):
    """Of /proc/pid/stat, proc(5). ticks: its own CPU time, and that of children it waited for."""

    parent: int
    ticks: int


class OwnProcesses:
    """One process and all that it started: whoever was ours stays it, also without its parent.

    A process that ended counts on in the time of the parent that waited for it. So a look costs
    one list of the machine's processes, one file for each that is new, and one for each of ours.
    """

    def __init__(self, root: int, proc: str = "/proc") -> None:
        self._proc = proc
        self._alive: Set[int] = {root}
        self._ever: Set[int] = {root}
        self._seen: Set[int] = set()
        self._told, self._lost = 0, 0

    def ticks(self) -> Optional[int]:
        """CPU time of all of them in clock ticks, never less than before; None if it cannot be
        told just now."""
        for _ in range(_TRIES):
            self.meet()
            total = self._sum()
            if total is not None:
                break
        else:
            return None
        # Whoever ended without a parent that waited for it took its time with it.
        self._lost += max(0, self._told - total - self._lost)
        self._told = total + self._lost
        return self._told

    def meet(self) -> None:
        """See who has come since."""
        try:
            there = {int(name) for name in os.listdir(self._proc) if name.isdigit()}
        except OSError:
            return
        came: Dict[int, Stat] = {}
        for pid in there - self._seen:
            stat = self._stat(pid)
            if stat is not None:
                came[pid] = stat
        self._seen = there
        while True:
            ours = {pid for pid, stat in came.items() if stat.parent in self._alive} - self._alive
            if not ours:
                break
            self._alive |= ours
            self._ever |= ours

    def spent(self, pids: Iterable[int]) -> int:
        """Ticks that these took so far."""
        stats = (self._stat(pid) for pid in pids)
        return sum(stat.ticks for stat in stats if stat is not None)

    def holders(self) -> int:
        """How many of them compute on a GPU."""
        return sum(self._holds(pid) for pid in self._alive)

    @property
    def ever(self) -> FrozenSet[int]:
        """All that are or were ours."""
        return frozenset(self._ever)

    def _sum(self) -> Optional[int]:
        """None if one of them ended meanwhile: its time may then be in two places, or in none."""
        stats = {pid: self._stat(pid) for pid in self._alive}
        ended = {pid for pid, stat in stats.items() if stat is None or not self._there(pid)}
        self._alive -= ended
        if ended:
            return None
        return sum(stat.ticks for stat in stats.values() if stat is not None)

    def _there(self, pid: int) -> bool:
        return os.path.exists(f"{self._proc}/{pid}")

    def _stat(self, pid: int) -> Optional[Stat]:
        try:
            with open(f"{self._proc}/{pid}/stat", "rb") as handle:
                # The name before it, in brackets, may hold blanks and brackets.
                fields = handle.read().rpartition(b")")[2].split()
            return Stat(int(fields[1]), sum(int(field) for field in fields[11:15]))
        except (OSError, ValueError, IndexError):
            return None

    def _holds(self, pid: int) -> bool:
        folder = f"{self._proc}/{pid}/fd"
        try:
            return any(
                os.readlink(f"{folder}/{name}") == _OPEN_BY_CUDA for name in os.listdir(folder)
            )
        except OSError:
            return False
