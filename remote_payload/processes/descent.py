"""Who descends from a process, wherever it went: out of its group, its session, or twice forked."""

from __future__ import annotations

import os
from typing import List, Set


def descendants(pid: int) -> List[int]:
    """Pids, children before their own. None where the kernel does not list them (proc(5),
    /proc/pid/task/tid/children). Whoever lost its parent belongs to the next that adopts."""
    found: List[int] = []
    seen: Set[int] = {pid}
    asked = [pid]
    while asked:
        for child in _children(asked.pop()):
            if child not in seen:
                seen.add(child)
                found.append(child)
                asked.append(child)
    return found


def _children(pid: int) -> List[int]:
    found: List[int] = []
    folder = f"/proc/{pid}/task"
    try:
        for task in os.listdir(folder):
            with open(f"{folder}/{task}/children", encoding="ascii") as handle:
                found.extend(int(child) for child in handle.read().split())
    except OSError:  # it ended just now, or there is no such list
        pass
    return found
