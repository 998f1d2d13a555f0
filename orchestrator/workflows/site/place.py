"""The folder of a site: nobody else's files lie in it, and no run's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here.alone import alone
from orchestrator.report.site import names
from orchestrator.store.runs.records import why_kept
from orchestrator.store.runs.run_store import CARD
from orchestrator.workflows.site import noted
from remote_payload.contract import writing

# What an interrupted write may leave beside its file.
_HALF = ".partial"


@contextmanager
def taken(folder: Path, runs: Path) -> Iterator[Path]:
    """The folder, made where it is missing, for us alone until the end of the block.

    UsageError: something else lies there, or it belongs to a run or to all of them. OSError: it
    cannot be made.
    """
    place = Path(os.path.realpath(folder))
    _refuse_what_runs_keep(folder, place, runs)
    _refuse_other_files(folder, place)
    with alone(place, make=True):
        _refuse_other_files(folder, place)
        if not noted.is_there(place):
            noted.write(place, noted.NOTHING)
        for name in names.FOLDERS:
            (place / name).mkdir(exist_ok=True)
        yield place


def put(place: Path, file: str, text: str) -> int:
    """Write a file of the site where it would say something else; how many bytes it has."""
    data, path = text.encode("utf-8", "backslashreplace"), place / file
    with suppress(OSError):
        if not path.is_symlink() and path.read_bytes() == data:
            return len(data)
    if path.is_symlink():  # the site's own are none, and what it leads to is not ours
        path.unlink()
    writing.write_whole(path, data)
    return len(data)


def remove(place: Path, file: str) -> None:
    """Take away a page that was ours."""
    if names.is_ours(file):
        with suppress(FileNotFoundError):
            (place / file).unlink()


def _refuse_what_runs_keep(folder: Path, place: Path, runs: Path) -> None:
    root, why = Path(os.path.realpath(runs)), ""
    if place == root:
        why = "all runs are kept there"
    elif root in place.parents:
        why = "it is within the folder of all runs"
    elif os.path.lexists(place / CARD):
        why = "it is the folder of a run"
    elif kept := why_kept(place / names.LIST, runs):
        why = kept
    if why:
        raise UsageError(f"{folder}: {why}", hint="Choose a folder of its own for the site.")


def _refuse_other_files(folder: Path, place: Path) -> None:
    """A folder that is there has to be empty, or a site of ours, whose folders are no links."""
    if not os.path.lexists(place):
        return
    if not place.is_dir():
        raise UsageError(f"{folder}: it is no folder", hint="Choose a folder for the site.")
    if noted.is_there(place):
        linked = [name for name in names.FOLDERS if (place / name).is_symlink()]
        if linked:
            raise UsageError(
                f"{folder}: {linked[0]} is a link, and a site writes nowhere but in its own folder",
                hint="Remove the link, or choose a new folder for the site.",
            )
        return
    if os.path.lexists(place / noted.FILE):
        raise UsageError(
            f"{folder}: it has a {noted.FILE}, but not one that this version wrote",
            hint="Choose a new folder, or an empty one; nothing was written.",
        )
    if not all(one.match(f"{noted.FILE}.*{_HALF}") for one in place.iterdir()):
        raise UsageError(
            f"{folder}: it is not empty, and no site of ours: it has no {noted.FILE}",
            hint="Choose a new folder, or an empty one; nothing was written.",
        )
