"""What lies in the folder of all runs, told by sizes and times alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.store.runs.naming import CARD
from remote_payload.contract.layout import END, REQUEST, RESULT

# What a list tells of: what was asked, what came, and how it ended. All three are bound.
BESIDE = (RESULT, END, REQUEST)
# A clock of a file system may stand still for so long: what was written meanwhile would not show.
_SETTLED_NS = 50_000_000
_NOTHING = (-1, -1, -1)


@dataclass(frozen=True)
class Seen:
    """Of one run's folder, figures that change with its files; 0 where they cannot be relied on
    yet. card: of its card; beside: of the others."""

    card: int
    beside: int


def folders(root: Path) -> list[str]:
    """The names of what may be runs: folders, and no links. OSError: root cannot be read."""
    with os.scandir(root) as found:
        return [one.name for one in found if one.is_dir(follow_symlinks=False)]


def cards(root: Path, names: Iterable[str]) -> dict[str, int]:
    """By folder, what its card looks like; those without one are left out."""
    base, found, now = str(root), {}, time.time_ns()
    for name in names:
        try:
            there = os.lstat(f"{base}/{name}/{CARD}")
        except OSError:
            continue
        facts = (there.st_size, there.st_mtime_ns, there.st_ctime_ns)
        found[name] = hash(facts) if now - there.st_ctime_ns > _SETTLED_NS else 0
    return found


def beside(root: Path, names: Iterable[str]) -> dict[str, int]:
    """By folder, what the files beside the card look like, also those that are not there."""
    base, found, now = str(root), {}, time.time_ns()
    for name in names:
        facts: tuple[int, ...] = ()
        newest = 0
        for file in BESIDE:
            try:
                there = os.stat(f"{base}/{name}/{file}")  # noqa: PTH116
            except OSError:
                facts += _NOTHING
                continue
            facts += (there.st_size, there.st_mtime_ns, there.st_ctime_ns)
            newest = max(newest, there.st_ctime_ns)
        found[name] = hash(facts) if now - newest > _SETTLED_NS else 0
    return found
