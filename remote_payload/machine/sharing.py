"""How many CPUs others keep busy, so that no more threads race than CPUs are free.

Threads that meet at barriers wait for the one that shares its CPU. On two cores, beside one busy
loop, each call of a provider was seen to take two slices of the scheduler, 8.00 ms, whether its
work was 0.73 ms or 5 % more; with one thread less, calls took what they compute.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Optional

from remote_payload.machine.watch.cpu import Cpus
from remote_payload.machine.watch.own import OwnProcesses

# Of a CPU: what a quiet machine does anyway.
_TOLERATED = 0.25
_SHORTEST_S = 0.5  # ticks of /proc are a hundredth
# Whoever sets one of these has chosen.
_CHOSEN_BY = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Load:
    """others: how many of the `cpus` that we may use others kept busy, on average."""

    others: float
    cpus: int


class Sharing:
    """Looks once when it is made, and once when it is asked."""

    def __init__(self) -> None:
        self._cpus = Cpus(OwnProcesses(os.getpid()))
        self._before = self._cpus.look(())

    def load(self) -> Optional[Load]:
        """Since then; None where nobody tells."""
        before, now = self._before, self._cpus.look(())
        if before is None or now is None or now.at_s - before.at_s < _SHORTEST_S:
            return None
        if before.own_s is None or now.own_s is None:
            return None
        others_s = now.busy_s - before.busy_s - (now.own_s - before.own_s)
        return Load(max(0.0, others_s) / (now.at_s - before.at_s), now.cpus)


def threads_beside(load: Optional[Load], threads: int) -> int:
    """As many of `threads`, which are at least one, as have a CPU each."""
    if load is None or any(os.environ.get(name) for name in _CHOSEN_BY):
        return threads
    free = math.floor(load.cpus - load.others + _TOLERATED)
    return max(1, min(threads, free))
