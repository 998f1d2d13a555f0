"""Sources as they were at a revision: laid out beside, looked at as those of now are, then kept as
bytes that travel."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import committed
from orchestrator.here.committed import Commit
from orchestrator.sync import sources
from orchestrator.values.snapshot import Extra, Kind
from orchestrator.workflows.user_providers import MOST_FOLDER_BYTES

Contents = dict[str, str]  # path below a provider's own folder → what stands there, as a digest


def lay_out(of: Commit, folder: Path, into: Path, *, whole: bool) -> Path:
    """The folder as it was then, below the empty folder `into`; its path, there or not.

    whole: a submodule in it would be missed; else only who needs it will miss it. UsageError: it
    holds one, or more than sources are.
    """
    inside = folder.resolve().relative_to(of.top).as_posix()
    found = committed.files(of, ["" if inside == "." else inside])
    blobs = [blob for blob in found if whole or not blob.is_module]
    size_bytes = sum(blob.size_bytes for blob in blobs)
    if size_bytes > MOST_FOLDER_BYTES:
        raise UsageError(
            f"--against {of.revision}: {folder} held {size_bytes / 1e6:,.0f} MB then; at most "
            f"{MOST_FOLDER_BYTES / 1e6:,.0f} MB are read as sources",
            hint="Keep providers in a folder of their own.",
        )
    committed.write(of, blobs, into)
    return into / inside


def contents(extra: Extra, below: str, root: Path) -> Contents:
    """What travels by `extra`, by its path below the folder `below` of the snapshot."""
    entries = sources.scan(root, parts=(), extra=extra).snapshot.entries
    return {one.path.removeprefix(f"{below}/"): one.content for one in entries}


def kept(extra: Extra, root: Path) -> Extra:
    """The same as bytes, for when the files are gone. UsageError: a link leads to no file."""
    scan = sources.scan(root, parts=(), extra=extra)
    found: list[tuple[str, bytes]] = []
    for entry in scan.snapshot.entries:
        place = scan.local(entry)
        if entry.kind is Kind.LINK and not place.is_file():
            raise UsageError(
                f"{entry.path} was a link to {entry.content} then, which is no file there",
                hint="Race what does not need it.",
            )
        found.append((entry.path, place.read_bytes()))
    return tuple(found)
