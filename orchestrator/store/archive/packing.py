"""Folders of runs into one .tar.gz, which says nothing of this machine or its user."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from orchestrator.here.local_fault import told
from orchestrator.store.runs import run_files
from orchestrator.store.runs.naming import CARD, is_id
from remote_payload.contract import codec

_HALF = ".partial"


def pack(folders: Sequence[Path], target: Path) -> int:
    """Write the archive, whole or not at all; how many files are in it.

    Links and what is no regular file stay out: nothing of a run is either. The same runs give the
    same bytes, but for the times of their files. UsageError: target is there already, or a folder
    has a name that no run can have, or that of another. RunError: a card cannot be
    read, so nobody knows what it tells. LocalFault: it cannot be written.
    """
    for folder in folders:
        if not is_id(folder.name):
            raise UsageError(f"{folder} is called as no run can be", hint="Rename the folder.")
    twice = [name for name, number in Counter(one.name for one in folders).items() if number > 1]
    if twice:
        raise UsageError(
            f"several of these runs are called {twice[0]}",
            hint="In an archive each has a name of its own; pack them apart.",
        )
    if os.path.lexists(target):
        raise UsageError(f"{target} is there already", hint="Choose another with --to FILE.")
    try:
        return _written(folders, target, target.with_name(f"{target.name}{_HALF}"))
    except FileExistsError as exc:
        name = exc.filename2 or exc.filename
        raise UsageError(f"{name} is there already", hint="Remove it.") from exc
    except OSError as exc:
        raise told(exc, f"{target} was not written") from exc


def _written(folders: Sequence[Path], target: Path, half: Path) -> int:
    with half.open("xb") as out:  # one that is there already is not ours to remove
        try:
            number = _packed(folders, out)
            out.flush()
            os.fsync(out.fileno())
            os.link(half, target)  # unlike a rename, this takes nobody's place
        finally:
            with suppress(OSError):
                half.unlink()
    return number


def _packed(folders: Sequence[Path], out: IO[bytes]) -> int:
    number = 0
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=6, mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for folder in folders:
            for path in _files(folder):
                _add(archive, folder, path)
                number += 1
    return number


def _files(folder: Path) -> Iterator[Path]:
    """The card first, which tells whoever unpacks what to expect."""
    yield folder / CARD
    for base, names, files in os.walk(folder):
        names.sort()
        for name in sorted(files):
            path = Path(base, name)
            is_card = path == folder / CARD
            if (
                not is_card
                and not name.endswith(_HALF)
                and path.is_file()
                and not path.is_symlink()
            ):
                yield path


def _add(archive: tarfile.TarFile, folder: Path, path: Path) -> None:
    member = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
    member.mode = 0o644
    with regular_file.opened(path) as source:
        there = os.fstat(source.fileno())
        member.mtime, member.size = int(there.st_mtime), there.st_size
        if path == folder / CARD:
            card = _for_others(folder)
            member.size = len(card)
            archive.addfile(member, io.BytesIO(card))
            return
        archive.addfile(member, source)


def _for_others(folder: Path) -> bytes:
    """The card without what those of before tell of this machine."""
    return codec.dumps(run_files.card(folder).for_others()).encode("utf-8", "backslashreplace")
