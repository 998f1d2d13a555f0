"""How long a process stood in the queue for a CPU, as only the kernel knows."""

from __future__ import annotations

import os
from typing import Optional

US_PER_NS = 1e-3


def waited_us(pid: int) -> Optional[float]:
    """Microseconds that its threads have waited so far, all together; None where nobody counts.

    The second number of /proc/pid/task/tid/schedstat, nanoseconds
    (https://docs.kernel.org/scheduler/sched-stats.html).
    """
    folder, waited_ns = f"/proc/{pid}/task", 0
    try:
        for task in os.listdir(folder):
            with open(f"{folder}/{task}/schedstat", encoding="ascii") as handle:
                waited_ns += int(handle.read().split()[1])
    except (OSError, ValueError, IndexError):  # it ended just now, or there is no such file
        return None
    return waited_ns * US_PER_NS
