"""Manifests of snapshots sent lately, kept so that the next sync only has to say what changed.

Each lies under its own digest, so a wrong one is noticed and ignored: losing them costs time. What
lies in the place of a file of ours, a link or a FIFO, is never written to.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from orchestrator.here import regular_file, shipped
from orchestrator.values.snapshot import Snapshot
from orchestrator.values.workspace import WORKSPACE

KEEP = 4
# A manifest, or one that was never finished.
_OURS = re.compile(r"[0-9a-f]{64}(\.\d+\.partial)?")


def remembered(root: Path) -> dict[str, str]:
    """digest → manifest text of the snapshots last sent from `root`, newest first."""
    found = {}
    for file in _newest_first(_folder(root))[:KEEP]:
        try:
            text = regular_file.read_text(file)
        except (OSError, UnicodeDecodeError):
            continue
        if hashlib.sha256(text.encode()).hexdigest() == file.name and _is_manifest(text):
            found[file.name] = text
    return found


def _is_manifest(text: str) -> bool:
    """A file can lie under its own digest and still be none of ours."""
    try:
        Snapshot.from_manifest(text)
    except (ValueError, TypeError, RecursionError):
        return False
    return True


def remember(root: Path, snapshot: Snapshot) -> None:
    """Keep the snapshot's manifest; a disk that refuses costs only the shortcut."""
    folder = _folder(root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            _write_new(folder.parent / ".gitignore", "*\n")
        draft = folder / f"{snapshot.digest}.{os.getpid()}.partial"
        draft.unlink(missing_ok=True)  # of a process of before, which was killed
        _write_new(draft, snapshot.manifest)
        draft.replace(folder / snapshot.digest)
        for old in _newest_first(folder)[KEEP:]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _write_new(path: Path, text: str) -> None:
    """FileExistsError where anything lies there, be it a link to nothing."""
    with path.open("x", encoding="utf-8") as sink:
        sink.write(text)


def _folder(root: Path) -> Path:
    # Among installed packages nobody wants our notes, and not everybody may write there.
    place = Path(WORKSPACE).expanduser() if shipped.is_installed(root) else root
    return place / ".orchestrator" / "manifests"


def _newest_first(folder: Path) -> list[Path]:
    try:
        ours = [item for item in os.scandir(folder) if _OURS.fullmatch(item.name)]
        dated = [(item.stat().st_mtime_ns, Path(item.path)) for item in ours]
    except OSError:
        return []
    return [file for _, file in sorted(dated, reverse=True)]
