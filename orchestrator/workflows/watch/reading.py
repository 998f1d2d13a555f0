"""What stands on the disk at this moment: the plan, its files, and who is watched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
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
Stamps = dict[Path, "tuple[int, ...] | None"]


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

    @cached_property
    def files(self) -> frozenset[Path]:
        """Each file of it, and what it is called here: a link may lead to another one next. What
        was named is one, too, where it is not there, or does not travel: the next save may."""
        entries = [one for one in self.scan.snapshot.entries if one.path not in self.scan.written]
        given = {path: place for path, place in self.plan.extra if isinstance(place, Path)}
        called = (_called(one.path, self.scan.root, given) for one in entries)
        return frozenset((*map(self.scan.local, entries), *called, *given.values()))

    @property
    def folders(self) -> frozenset[Path]:
        """Where a save can change something of it: each folder in which a file of it lies."""
        return frozenset(file.parent for file in self.files)


def _called(path: str, root: Path, given: Mapping[str, Path]) -> Path:
    """What a file of the snapshot is called here. given: what was named, by its snapshot path."""
    named = next((one for one in given if f"{path}/".startswith(f"{one}/")), None)
    return root / path if named is None else given[named] / path[len(named) + 1 :]


class Reader:
    """Reads the sources as they are, again and again; what of the project has not been touched
    since is not looked through anew.

    root: of the project. planned: what is to be run by now; UsageError.
    """

    def __init__(self, root: Path, planned: Planned) -> None:
        self._root, self._planned = root, planned
        self._project: Scan | None = None
        self._stamps: Stamps = {}

    def read(self) -> Now:
        """What stands there; read again where somebody writes to it meanwhile.

        UsageError: what is named is not there, or cannot be what it is named as.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            plan = self._planned()
            scan = require_inputs(self._scanned(plan.extra))
            try:
                return Now(plan, scan, parts_of(plan, scan))
            except SourcesChanged:
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def forget(self) -> None:
        """Look through all of it at the next read: a file is another one than its stamp says."""
        self._project = None

    def _scanned(self, extra: Extra) -> Scan:
        """As `sources.scan`."""
        before = stamps(self._stamps)
        if self._project is None or not extra or before != self._stamps:
            whole = sources.scan(self._root, extra=extra)
            project = _without(whole, extra)
            self._stamps = stamps(_places(project))
            # What was written while it was read would pass for what was read, by a later stamp.
            self._project = project if self._stamps == before else None
            return whole
        return _joined(self._project, sources.scan(self._root, parts=(), extra=extra))


def stamps(places: Iterable[Path]) -> Stamps:
    """By which a file is told from what it was; of a folder, what lies in it."""
    return {place: _stamp(place) for place in places}


def _stamp(place: Path) -> tuple[int, ...] | None:
    """Of a link, what it leads to as well, by way of whatever others."""
    found: tuple[int, ...] = ()
    with suppress(OSError):
        for known in (place.lstat(), place.stat()):
            found += (known.st_mtime_ns, known.st_size, known.st_ino)
    return found or None


def _places(scan: Scan) -> set[Path]:
    """Its files, the folders above them, and what git keeps of what is tracked."""
    entries = scan.snapshot.entries
    files = {place for one in entries for place in (scan.local(one), scan.root / one.path)}
    folders = {
        folder for one in files for folder in one.parents if folder.is_relative_to(scan.root)
    }
    return files | folders | {scan.root / ".git" / "index"}


def _without(scan: Scan, extra: Extra) -> Scan:
    """What of it is the project's own."""
    named = tuple(path for path, _ in extra)
    inside = tuple(f"{path}/" for path in named)

    def is_own(path: str) -> bool:
        return path not in named and not path.startswith(inside)

    return replace(
        scan,
        snapshot=Snapshot.of([one for one in scan.snapshot.entries if is_own(one.path)]),
        skipped=tuple(one for one in scan.skipped if is_own(one.path)),
        outside={path: local for path, local in scan.outside.items() if is_own(path)},
        written={},
    )


def _joined(project: Scan, extra: Scan) -> Scan:
    of_extra = {one.path for one in extra.snapshot.entries}
    kept = [one for one in project.snapshot.entries if one.path not in of_extra]
    return Scan(
        project.root,
        Snapshot.of([*kept, *extra.snapshot.entries]),
        (*project.skipped, *(one for one in extra.skipped if one not in project.skipped)),
        {**project.outside, **extra.outside},
        (*project.submodules, *(one for one in extra.submodules if one not in project.submodules)),
        extra.written,
    )


def with_bytes(scan: Scan, files: Extra) -> Scan:
    """The scan with files that lie nowhere: (path in the snapshot, bytes) pairs."""
    made = {path: content for path, content in files if isinstance(content, bytes)}
    entries = [*scan.snapshot.entries, *_entries(made.items())]
    return replace(scan, snapshot=Snapshot.of(entries), written={**scan.written, **made})


def _entries(files: Iterable[tuple[str, bytes]]) -> Iterable[Entry]:
    for path, content in files:
        yield Entry(path, Kind.FILE, len(content), hashlib.sha256(content).hexdigest())
