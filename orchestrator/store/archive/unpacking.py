"""Runs out of an archive that may come from anybody: each is looked at whole before it is one here.

Nothing is written but below a folder of our own, no link is made, no name leads elsewhere, and no
run that is here gives way.
"""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile
import zlib
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from orchestrator.errors import RunError, RunTaken, UsageError
from orchestrator.here.alone import alone
from orchestrator.here.local_fault import told
from orchestrator.store.archive.bounded import Bounded, TooMuch
from orchestrator.store.runs import binding, run_files
from orchestrator.store.runs.naming import CARD, is_id
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.run import BoundFile, Run
from remote_payload.contract import codec
from remote_payload.contract.layout import END, REQUEST, RESULT

MOST_BYTES, MOST_FILES = 16 << 30, 200_000
_DEEPEST, _NAME_BYTES = 16, 200
_BLOCK_BYTES = 1 << 20
_ARRIVING = ".arriving-import-"
_SHOWN = 3
_NO_ARCHIVE = (
    tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, TooMuch, UnicodeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """What became of an archive. new: folders of runs that are here now; known: names of those that
    were here already, the very same."""

    new: tuple[Path, ...]
    known: tuple[str, ...]


def unpack(
    archive: Path, runs: RunStore, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES
) -> Imported:
    """All of its runs, or none of them.

    UsageError: it is no archive of runs, or would do what none of ours does. RunError: one of its
    runs is damaged, or is not what its own card says of it; RunTaken: another run here has its
    name. LocalFault: what this machine refuses.
    """
    try:
        runs.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_ARRIVING, dir=runs.root) as place:
            _extract(archive, Path(place), most_bytes, most_files)
            return _moved_in(Path(place), runs)
    except OSError as exc:
        raise told(exc, f"{archive.name} was not imported") from exc


def _extract(archive: Path, place: Path, most_bytes: int, most_files: int) -> None:
    def refused(problem: str) -> UsageError:
        return UsageError(
            f"{archive}: {problem}",
            hint="Nothing was imported. `orchestrator runs archive` makes archives of runs.",
        )

    try:
        with (
            Bounded.opened(archive, most_bytes) as plain,
            tarfile.open(fileobj=plain, mode="r:") as members,
        ):
            seen: set[str] = set()
            for member in members:
                if problem := _problem(member, seen):
                    raise refused(f"{member.name[:_NAME_BYTES]!r} {problem}")
                seen.add(member.name)
                if len(seen) > most_files:
                    raise refused(f"it has more than {most_files:,} files")
                source = members.extractfile(member)
                if source is not None:
                    _write(place / member.name, source)
        if not any(place.iterdir()):  # folders alone are not made
            raise refused("it has no file in it")
    except _NO_ARCHIVE as exc:
        raise refused(f"it is no archive of runs ({exc})") from exc


def _problem(member: tarfile.TarInfo, seen: set[str]) -> str:
    """Why nothing of the archive is taken, in words that follow the name; "" where all is well."""
    name = member.name
    parts = PurePosixPath(name).parts
    if member.issym() or member.islnk():
        return "is a link, and no run has one"
    if not (member.isreg() or member.isdir()) or member.issparse():
        return "is no regular file"
    if name.startswith("/") or "\\" in name or "\0" in name or name != str(PurePosixPath(*parts)):
        return "is no plain path below a run's folder"
    if ".." in parts or any(len(os.fsencode(part)) > _NAME_BYTES for part in parts):
        return "leads elsewhere, or is too long"
    if len(parts) > _DEEPEST or not parts or not is_id(parts[0]):
        return "lies in no folder that a run can have"
    if name in seen:
        return "is there twice"
    return "" if member.isdir() or len(parts) > 1 else "lies beside the folders of runs"


def _write(path: Path, source: IO[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as out:
        while block := source.read(_BLOCK_BYTES):
            out.write(block)


def _moved_in(place: Path, runs: RunStore) -> Imported:
    """Every run found whole, then all of them where runs are kept."""
    arrived = sorted(folder for folder in place.iterdir() if folder.is_dir())
    for folder in arrived:
        _require_whole(folder, runs)
        _put_own_words_away(folder)
    with alone(runs.root):
        known = [folder.name for folder in arrived if _is_here(folder, runs)]
        new = [folder for folder in arrived if folder.name not in known]
        try:
            for folder in new:
                folder.rename(runs.folder(folder.name))
        except BaseException:  # Ctrl-C as well, which may come just behind a rename
            for folder in new:
                if not os.path.lexists(folder):
                    runs.folder(folder.name).rename(folder)
            raise
    return Imported(tuple(runs.folder(folder.name) for folder in new), tuple(known))


def _require_whole(folder: Path, runs: RunStore) -> None:
    """RunError for what is no run, or one whose files are not those that its card binds."""
    if not (folder / CARD).is_file():
        raise RunError(f"{folder.name} has no {CARD}, so it is no run; nothing was imported")
    try:
        run = binding.examined(runs.load(folder), folder)
    except RunError as exc:
        raise RunError(
            f"{exc.message.replace(f'{folder.parent}/', '')}; nothing was imported",
            hint="Have it packed anew where it came from.",
        ) from exc
    if run.changed:
        told_of = "; ".join(f"{one.path} {one.how}" for one in run.changed[:_SHOWN])
        raise RunError(
            f"{folder.name}: {told_of}: it is not what its card says, so nothing was imported",
            hint="Have it packed anew where it came from.",
        )
    if run.is_bound or run.result is None:
        return
    _require_old(run, folder)


def _put_own_words_away(folder: Path) -> None:
    """What a run came to is told by its result, which is bound; what its card says of that is not,
    and might say anything."""
    card = replace(run_files.card(folder), summary=None)
    codec.write_atomic(folder / CARD, codec.dumps(card))


def _require_old(run: Run, folder: Path) -> None:
    """RunError for a result that nothing binds, in a card that binds other files."""
    if run.card.files:
        raise RunError(
            f"{folder.name}: nothing binds its result, though its card binds other files; nothing "
            "was imported",
            hint="Have it packed anew where it came from.",
        )


def _identity(folder: Path) -> tuple[str, str, tuple[BoundFile, ...]]:
    """What is the same of two runs that are one: not what it cost, which is added to later. Of a
    card of before, which binds nothing, what lies beside it is looked at."""
    card = run_files.card(folder)
    files = tuple(one for one in card.files if one.path != run_files.PRICE)
    if not card.files:
        there = (name for name in (REQUEST, RESULT, END) if os.path.lexists(folder / name))
        files = tuple(binding.lies_there(folder, name) for name in there)
    return card.run_id, card.owner, files


def _is_here(folder: Path, runs: RunStore) -> bool:
    """Whether the very same run is kept here. RunTaken: another one has its name."""
    there = runs.folder(folder.name)
    if not os.path.lexists(there):
        return False
    with suppress(RunError, ValueError):
        if not there.is_symlink() and _identity(there) == _identity(folder):
            return True
    raise RunTaken(
        f"{there} is another run, and has the name of one in the archive; nothing was imported",
        hint="Import it beside: orchestrator --runs FOLDER runs import FILE",
    )
