"""By what a page is told from the same one of before: digests of all that it is made from."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from orchestrator import __version__
from orchestrator.here import shipped
from orchestrator.store.runs.records import CHARTS
from orchestrator.store.runs.run_store import REPORT

# A clock of a file system may stand still for so long: what was written meanwhile would not show.
_SETTLED_NS = 50_000_000
_PROGRAMS = ("orchestrator", "remote_payload")
# Made from all else in a run's folder.
_DRAWN = (REPORT, "report.html", "report.pdf", CHARTS)


def program(templates: Path | None, masked_by: str) -> str:
    """Of all that makes pages: this code, the templates, those of the user's, and whatever says
    which words are private."""
    found = hashlib.sha256(f"{__version__}\n{masked_by}\n".encode())
    package = Path(__file__).resolve().parents[2]
    for place, ending in _sources(package, templates):
        for path in sorted(place.rglob(f"*{ending}")):
            if path.is_file():
                found.update(f"{path.relative_to(place)}\n".encode("utf-8", "replace"))
                found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _sources(package: Path, templates: Path | None) -> Iterator[tuple[Path, str]]:
    for name in _PROGRAMS:
        yield package.parent / name, ".py"
    yield package, ".j2"
    yield shipped.folder("templates"), ""
    if templates is not None:
        yield templates, ""


def run(folder: Path, *words: str) -> str:
    """Of the files of a run, by sizes, times and inodes, and what else its page says; "" where one
    was written this very moment, so that the page has to be made anew the next time."""
    found, latest_ns = hashlib.sha256("\n".join(words).encode("utf-8", "backslashreplace")), 0
    now_ns = time.time_ns()
    for path, there in sorted(_files(str(folder), "")):
        facts = (there.st_size, there.st_mtime_ns, there.st_ctime_ns, there.st_ino)
        found.update(f"{path}\n{facts}\n".encode("utf-8", "backslashreplace"))
        latest_ns = max(latest_ns, there.st_ctime_ns)
    return found.hexdigest() if now_ns - latest_ns > _SETTLED_NS else ""


def _files(folder: str, before: str) -> Iterator[tuple[str, os.stat_result]]:
    """What lies in a folder that can be looked at; links as what they lead to."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if not before and entry.name in _DRAWN:
            continue
        try:
            there = entry.stat()
            is_folder = entry.is_dir(follow_symlinks=False)
        except OSError:
            continue
        if is_folder:
            yield from _files(entry.path, f"{before}{entry.name}/")
        else:
            yield f"{before}{entry.name}", there
