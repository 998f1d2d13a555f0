"""Where runs keep what is theirs: nobody else writes there, by whatever name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from orchestrator.errors import RunError
from orchestrator.store.runs import run_files
from orchestrator.store.runs.run_store import CARD, LENT, RECORDS, REPORT
from remote_payload.contract.layout import ARTIFACTS

CHARTS = "charts"
_KEPT = (*RECORDS, ARTIFACTS, LENT)
_REPORTS = tuple(str(Path(REPORT).with_suffix(ending)) for ending in (".md", ".html", ".pdf"))
_DRAWN_ANEW = (*_REPORTS, CHARTS)
_ARRIVING = ".arriving-"


def why_kept(path: Path, root: Path, own: Path | None = None) -> str:
    """Why nothing may be written to path, which need not be there; empty where it may.

    root: the folder of all runs. own: the folder of the run whose report would be written.
    """
    place = Path(os.path.realpath(path))
    reasons = (_why_kept_in(folder, place, root, own) for folder in place.parents)
    return next(filter(None, reasons), "") or _why_kept_by_name(place, root, own)


def _why_kept_in(folder: Path, place: Path, root: Path, own: Path | None) -> str:
    """The same, as far as it follows from one folder above the place."""
    if folder.name.startswith(_ARRIVING):
        return "in this folder a run comes home"
    if not os.path.lexists(folder / CARD):
        return ""
    name, *below = place.relative_to(folder).parts
    if name.removesuffix(".partial") in _KEPT:
        return "a run keeps its records under this name"
    if not _is_run(folder, root):
        return ""
    if own is not None and not _is_one(folder, own):
        return f"it is in the folder of another run, {folder.name}"
    is_report = own is not None and name in _REPORTS and not below
    return "" if is_report or name not in _DRAWN_ANEW else "a run keeps its report under this name"


def _why_kept_by_name(place: Path, root: Path, own: Path | None) -> str:
    """The same for a file with several names, of which a run's may be one."""
    with suppress(OSError):
        there = place.stat()
        if stat.S_ISREG(there.st_mode) and there.st_nlink > 1:
            for file in _files(root, own):
                with suppress(OSError):
                    if os.path.samestat(file.stat(), there):
                        return f"by another name it is {file}, which a run keeps"
    return ""


def _files(root: Path, own: Path | None) -> Iterator[Path]:
    """All that runs keep, as far as it is files; of `own`, which may lie elsewhere, the records."""
    folders = {card.parent for card in root.glob(f"*/{CARD}")}
    for folder in sorted(folders | {own} if own else folders):
        drawn = () if own is not None and _is_one(folder, own) else _DRAWN_ANEW
        for name in (*_KEPT, *drawn):
            yield folder / name
            for base, _, files in os.walk(folder / name):
                yield from (Path(base, file) for file in files)


def _is_run(folder: Path, root: Path) -> bool:
    """Whether a folder with a run.json is a run's: another program's file may be called so."""
    if folder.parent == Path(os.path.realpath(root)):
        return True
    with suppress(RunError):
        return bool(run_files.card(folder))
    return False


def _is_one(folder: Path, other: Path) -> bool:
    return os.path.realpath(folder) == os.path.realpath(other)
