"""Which processes are at work somewhere."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/cwd").exists(), reason="no /proc to look for processes in"
)


def at_work_in(folder: Path) -> list[str]:
    """The command lines of all processes whose folder this is, or that name it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in words or folder in [
                (place := (process / "cwd").resolve()),
                *place.parents,
            ]:
                found.append(words)
        except OSError:
            continue
    return found


def left_at_work_in(folder: Path, limit_s: float = 2.0) -> list[str]:
    """Those that are still there in a while: dying takes a moment."""
    until = time.monotonic() + limit_s
    while (left := at_work_in(folder)) and time.monotonic() < until:
        time.sleep(0.05)
    return left
