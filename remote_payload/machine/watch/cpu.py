"""How busy the CPUs are that we may use, by /proc and /sys; what is not told there is None."""

from __future__ import annotations

import os
import re
import time
from typing import FrozenSet, Iterable, Optional, Tuple

from remote_payload.machine.watch.own import OwnProcesses
from remote_payload.machine.watch.rows import CpuRow

# Reading a clock may wake a CPU that sleeps: rarely, and not all of them.
_CLOCK_EVERY_S = 1.0
_CLOCKS = 8
_KHZ_PER_MHZ, _US_PER_S = 1e3, 1e6
_SHOWN_MHZ = re.compile(r"^cpu MHz\s*:\s*([0-9.]+)", re.MULTILINE)
# More CPUs than this make the list of them too long to be read every second.
_LISTED_CPUS = 32
# Columns of /proc/stat, proc(5): time as a guest is in those of user and nice already.
_BUSY, _IDLE, _STOLEN = (0, 1, 2, 5, 6), (3, 4), 7


class Cpus:
    """The CPUs that this process may use, and who uses them."""

    def __init__(self, own: OwnProcesses, proc: str = "/proc", sys: str = "/sys") -> None:
        self._own, self._proc, self._sys = own, proc, sys
        self._mine = _mine()
        self._tick_s = 1.0 / os.sysconf("SC_CLK_TCK")
        self._stat_of_group = _stat_of_group(proc, sys)
        self._mhz: Optional[float] = None
        self._clock_due_s = 0.0

    def look(self, lookers: Iterable[int]) -> Optional[CpuRow]:
        """One row; None where /proc does not count. lookers: processes that look beside us."""
        try:
            busy, idle, stolen, cpus = self._counted()
        except (OSError, ValueError, IndexError):
            return None
        at_s = time.monotonic()
        own = self._own.ticks()
        if not cpus or not busy + idle:
            return None
        return CpuRow(
            at_s=at_s,
            cpus=cpus,
            busy_s=busy * self._tick_s,
            stolen_s=stolen * self._tick_s,
            cost_s=time.process_time() + self._own.spent(lookers) * self._tick_s,
            own_s=None if own is None else own * self._tick_s,
            waited_s=self._waited_s(),
            held_s=self._held_s(),
            mhz=self._clock(at_s),
        )

    def _counted(self) -> Tuple[int, int, int, int]:
        """Ticks in which our CPUs were busy, idle and stolen, and how many CPUs those are."""
        busy = idle = stolen = cpus = 0
        for line in _text(f"{self._proc}/stat").splitlines():
            name, *columns = line.split()
            if not name.startswith("cpu"):
                break  # what follows is long
            if name[3:].isdigit() and (self._mine is None or int(name[3:]) in self._mine):
                ticks = [int(column) for column in columns]
                busy += sum(ticks[number] for number in _BUSY)
                idle += sum(ticks[number] for number in _IDLE)
                stolen += ticks[_STOLEN]
                cpus += 1
        return busy, idle, stolen, cpus

    def _waited_s(self) -> Optional[float]:
        try:
            return _after("total=", _text(f"{self._proc}/pressure/cpu")) / _US_PER_S
        except (OSError, ValueError, IndexError):
            return None

    def _held_s(self) -> Optional[float]:
        try:
            return _after("throttled_usec ", _text(self._stat_of_group)) / _US_PER_S
        except (OSError, ValueError, IndexError):
            return None

    def _clock(self, now_s: float) -> Optional[float]:
        """The fastest of some of our CPUs, in MHz: that of one that sleeps says nothing."""
        if now_s >= self._clock_due_s:
            self._clock_due_s = now_s + _CLOCK_EVERY_S
            self._mhz = self._scaled_mhz() or self._shown_mhz()
        return self._mhz

    def _scaled_mhz(self) -> Optional[float]:
        found = []
        for number in sorted(self._mine or ())[:_CLOCKS]:
            folder = f"{self._sys}/devices/system/cpu/cpu{number}/cpufreq"
            try:
                found.append(int(_text(f"{folder}/scaling_cur_freq")) / _KHZ_PER_MHZ)
            except (OSError, ValueError):
                break
        return max(found, default=None)

    def _shown_mhz(self) -> Optional[float]:
        if (os.cpu_count() or 1) > _LISTED_CPUS:
            return None
        try:
            shown = _SHOWN_MHZ.findall(_text(f"{self._proc}/cpuinfo"))
            return max((float(each) for each in shown), default=None)
        except (OSError, ValueError):
            return None


def _mine() -> Optional[FrozenSet[int]]:
    try:
        return frozenset(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return None


def _stat_of_group(proc: str, sys: str) -> str:
    """Where the kernel counts for how long a quota of our control group held us, if it does."""
    try:
        found = re.search(r"^0::(/.*)$", _text(f"{proc}/self/cgroup"), re.MULTILINE)
    except OSError:
        found = None
    return f"{sys}/fs/cgroup{found.group(1) if found else '/'}/cpu.stat"


def _after(word: str, text: str) -> int:
    return int(text.partition(word)[2].split()[0])


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as handle:
        return handle.read()
