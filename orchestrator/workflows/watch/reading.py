"""What stands on the disk at this moment: the plan, its files, and who is watched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from orchestrator.sync import sources
from orchestrator.sync.inputs import require_inputs
from orchestrator.sync.packing import SourcesChanged
from orchestrator.values.snapshot import Entry, Extra, Kind, Scan, Snapshot
from orchestrator.workflows.plan import Plan
from orchestrator.workflows.watch.states import Part, is_passing, parts_of

_ATTEMPTS = 3
Planned = Callable[[], Plan]


@dataclass(frozen=True)
class Now:
    """plan: without any twin. scan: of all that travels for it."""

    plan: Plan
    scan: Scan
    parts: tuple[Part, ...]

    @cached_property
    def digest(self) -> str:
        """Equal where a turn would do the same: of the files and of what is asked."""
        rows = [one.row for one in self.scan.snapshot.entries if not is_passing(one.path)]
        request = replace(self.plan.request, seed=0)  # some are drawn anew
        asked = repr((rows, request)).encode()
        return hashlib.sha256(asked).hexdigest()

    @property
    def folders(self) -> frozenset[Path]:
        """Where a save can change something of it: each folder in which a file of it lies."""
        return frozenset(
            self.scan.local(one).parent
            for one in self.scan.snapshot.entries
            if one.path not in self.scan.written
        )


def read(root: Path, planned: Planned) -> Now:
    """The sources as they are; read again where somebody writes to them meanwhile.

    root: of the project. UsageError: what is named is not there, or cannot be what it is named as.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        plan = planned()
        scan = require_inputs(sources.scan(root, extra=plan.extra))
        try:
            return Now(plan, scan, parts_of(plan, scan))
        except SourcesChanged:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def with_bytes(scan: Scan, files: Extra) -> Scan:
    """The scan with files that lie nowhere: (path in the snapshot, bytes) pairs."""
    made = {path: content for path, content in files if isinstance(content, bytes)}
    entries = [*scan.snapshot.entries, *_entries(made.items())]
    return replace(scan, snapshot=Snapshot.of(entries), written={**scan.written, **made})


def _entries(files: Iterable[tuple[str, bytes]]) -> Iterable[Entry]:
    for path, content in files:
        yield Entry(path, Kind.FILE, len(content), hashlib.sha256(content).hexdigest())
