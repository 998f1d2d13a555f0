"""Drawings of charts, kept by what they show and by what draws them, so that none is drawn twice.

They lie beside the runs, where nobody but us writes: what comes along with a run from elsewhere is
never taken for a drawing of ours. Losing them costs time; one that is damaged is drawn again. A
folder of runs may come from elsewhere as well: no link in it is followed, and nothing goes but what
has the name of a drawing.
"""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.here import regular_file
from orchestrator.report.charts import pen
from orchestrator.report.charts.drawing import Chart
from remote_payload.contract import writing

FOLDER = ".charts"
# About 5 kB each.
MOST_BYTES = 32 << 20
# A drawing, or what was written of one when its process was killed.
_OURS = re.compile(r"[0-9a-f]{64}(?:\..*)?")
_DIGEST_BYTES = hashlib.sha256().digest_size
# A drawing of more is none of ours; a small file could unpack to gigabytes.
_MOST_SVG_BYTES = 16 << 20


def drawings(
    charts: Sequence[Chart], runs: Path | None, most_bytes: int = MOST_BYTES
) -> dict[str, str]:
    """SVG by file name, each as it was kept or else drawn, the same bytes either way.

    runs: the folder of all runs, beside which they are kept; None: nothing is. most_bytes: of what
    is kept, from which on the drawings that were not used for the longest time go.
    """
    keep = runs / FOLDER if runs is not None and runs.is_dir() and pen.drawn_by() else None
    if keep is None or keep.is_symlink():
        return {chart.name: chart.svg for chart in charts}
    found, is_new = {}, False
    for chart in charts:
        file = keep / _key(chart)
        svg = _kept(file)
        if svg is None:
            svg, is_new = chart.svg, True
            _put(file, svg)
        found[chart.name] = svg
    if is_new:
        _drop_oldest(keep, most_bytes)
    return found


def _key(chart: Chart) -> str:
    shows = chart.sketch.text if chart.sketch else ""
    return hashlib.sha256(f"{pen.drawn_by()}\n{shows}".encode()).hexdigest()


def _kept(file: Path) -> str | None:
    """The drawing, whole and as it was kept; None where there is none such."""
    with suppress(OSError, zlib.error, UnicodeDecodeError):
        data = regular_file.read_bytes(file)
        svg = zlib.decompressobj().decompress(data[_DIGEST_BYTES:], _MOST_SVG_BYTES)
        if hashlib.sha256(svg).digest() == data[:_DIGEST_BYTES]:
            os.utime(file)
            return svg.decode()
    return None


def _put(file: Path, svg: str) -> None:
    """Whole or not at all, whoever else does the same; a disk that refuses costs the next one."""
    data = svg.encode()
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        kept = hashlib.sha256(data).digest() + zlib.compress(data)
        writing.write_whole(regular_file.own(file), kept)


def _drop_oldest(folder: Path, most_bytes: int) -> None:
    kept = []
    with suppress(OSError):
        for entry in os.scandir(folder):
            if not _OURS.fullmatch(entry.name):
                continue
            with suppress(FileNotFoundError):
                facts = entry.stat(follow_symlinks=False)
                kept.append((facts.st_mtime_ns, facts.st_size, entry.path))
    size = sum(one for _, one, _ in kept)
    for _, bytes_, path in sorted(kept):
        if size <= most_bytes:
            break
        with suppress(OSError):
            Path(path).unlink()
        size -= bytes_
