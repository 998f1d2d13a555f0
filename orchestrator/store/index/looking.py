"""What lies in the folder of all runs, told by sizes, times and inodes alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from orchestrator.here.local_fault import told
from orchestrator.store.runs.naming import CARD
from remote_payload.contract.layout import END, REQUEST, RESULT

# What a list tells of: what was asked, what came, and how it ended. All three are bound.
BESIDE = (RESULT, END, REQUEST)
# A clock of a file system may stand still for so long: what was written meanwhile would not show.
_SETTLED_NS = 50_000_000
_NOTHING = (-1, -1, -1, -1)


def folders(root: Path) -> list[str]:
    """The names of what may be runs: folders, and no links. No runs are none; LocalFault: a folder
    that cannot be looked into may hold any number of them."""
    try:
        with os.scandir(root) as found:
            return [one.name for one in found if one.is_dir(follow_symlinks=False)]
    except OSError as exc:
        if isinstance(exc, FileNotFoundError) and not root.is_symlink():
            return []
        raise told(exc, "the runs cannot be listed") from exc


def cards(root: Path, names: Iterable[str]) -> dict[str, int]:
    """By folder, what its card looks like; those without one are left out."""
    base, found, now = str(root), {}, time.time_ns()
    for name in names:
        try:
            there = os.lstat(f"{base}/{name}/{CARD}")
        except OSError:
            continue
        facts = (there.st_size, there.st_mtime_ns, there.st_ctime_ns, there.st_ino)
        found[name] = hash(facts) if now - there.st_ctime_ns > _SETTLED_NS else 0
    return found


def beside(root: Path, names: Iterable[str]) -> dict[str, int]:
    """By folder, what the files beside the card look like, also those that are not there."""
    base, found, stat = str(root), {}, os.stat
    settled = time.time_ns() - _SETTLED_NS
    for name in names:
        try:  # nearly all runs have all three, and there may be tens of thousands
            one = stat(f"{base}/{name}/{RESULT}")
            two = stat(f"{base}/{name}/{END}")
            three = stat(f"{base}/{name}/{REQUEST}")
        except OSError:
            found[name] = _partly(f"{base}/{name}", settled)
            continue
        times = one.st_ctime_ns, two.st_ctime_ns, three.st_ctime_ns
        sizes = one.st_size, two.st_size, three.st_size
        which = one.st_ino, two.st_ino, three.st_ino
        said = one.st_mtime_ns, two.st_mtime_ns, three.st_mtime_ns
        found[name] = hash((sizes, said, times, which)) if max(times) < settled else 0
    return found


def _partly(folder: str, settled: int) -> int:
    """The same where not all of them are there."""
    facts: list[tuple[int, int, int, int]] = []
    for file in BESIDE:
        try:
            there = Path(folder, file).stat()
            facts.append((there.st_size, there.st_mtime_ns, there.st_ctime_ns, there.st_ino))
        except OSError:
            facts.append(_NOTHING)
    return hash(tuple(facts)) if max(one[2] for one in facts) < settled else 0
