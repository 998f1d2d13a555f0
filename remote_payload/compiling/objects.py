"""Objects of single files, whichever compiler makes them: each is kept under a key of its own."""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, List, Mapping, Optional, Sequence, Tuple, TypeVar

from remote_payload.compiling.kept import Kept
from remote_payload.contract.words import Status

PREFIX = "object-"
OBJECT, LOG, DEPENDS = "unit.o", "log.txt", "unit.d"
# As many compilers at once as CPUs, whoever starts them: two builds may run side by side.
_CPUS = threading.BoundedSemaphore(os.cpu_count() or 1)
_Unit = TypeVar("_Unit")


@dataclass(frozen=True)
class Object:
    """One compiled file, or why there is none. read: what the compiler read for it.

    began: by time.monotonic(); None for one that was found again.
    """

    status: Status
    log: str
    path: Path
    read: Tuple[str, ...] = ()
    began: Optional[float] = None


def made(
    kept: Kept, recipe: str, searched: Sequence[str], compiled: Callable[[Path], Object]
) -> Object:
    """The object of this recipe, found again or compiled.

    compiled: leaves OBJECT in the folder that it is given, or says why not; called once a CPU is
    free. searched: as of `Kept.publish`.
    """
    found = kept.find(PREFIX, recipe, OBJECT, LOG)
    if found is not None:
        read, _ = kept.read_by(found)
        log = (found / LOG).read_text(encoding="utf-8")
        return Object(Status.OK, log, found / OBJECT, tuple(read))
    partial = kept.partial(PREFIX)
    try:
        with _CPUS:
            one = compiled(partial.resolve())
        if one.status is not Status.OK:
            return one
        (partial / LOG).write_text(one.log, encoding="utf-8")
        final = kept.publish(partial, PREFIX, recipe, one.read, searched)
        return replace(one, path=final / OBJECT)
    finally:
        shutil.rmtree(str(partial), ignore_errors=True)


def longest_first(kept: Kept, recipes: Mapping[_Unit, str]) -> List[_Unit]:
    """In which order to begin: one that takes long and comes last leaves the other CPUs idle."""
    sizes = {unit: kept.size_bytes(PREFIX, recipe, OBJECT) for unit, recipe in recipes.items()}
    return sorted(recipes, key=lambda unit: -sizes[unit])
