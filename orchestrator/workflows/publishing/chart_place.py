"""Where the charts of a report lie, so that no report draws over what another one shows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from orchestrator.errors import LocalFault
from orchestrator.here import regular_file
from orchestrator.report.wording.plain import plain, private
from orchestrator.store.runs.records import CHARTS
from orchestrator.store.runs.run_store import REPORT
from remote_payload.contract import writing

# A file's name has 255 bytes at most.
_NAME_BYTES = 200


@dataclass(frozen=True)
class ChartPlace:
    """report: the file that shows the charts. is_its_runs: they lie where a run keeps its own."""

    report: Path
    folder: Path
    is_its_runs: bool

    @property
    def link(self) -> str:
        """The folder, as a link from the report."""
        return quote(os.fsencode(self.folder.name))

    def require_free(self, drawings: Mapping[str, str]) -> None:
        """LocalFault for a chart whose name something else has there: a file of a person, or what
        another report shows. drawings: SVG by file name."""
        for name, svg in drawings.items():
            place = self.folder / name
            if os.path.lexists(place) and not self._may_take(place, svg):
                raise LocalFault(
                    f"{place}: something else has the name of a chart; nothing was written",
                    hint="Move it away, or choose another -o FILE.",
                )

    def _may_take(self, place: Path, svg: str) -> bool:
        """Whether it is the chart already, or lies in no linked place and is the run's own, or one
        that this very report showed until now."""
        with suppress(OSError):
            if regular_file.read_bytes(place) == svg.encode():
                return True
        straight = Path(os.path.realpath(self.folder.parent), self.folder.name, place.name)
        if place.is_symlink() or Path(os.path.realpath(place)) != straight:
            return False
        return self.is_its_runs or f"({plain(f'{self.link}/{place.name}')})" in self._shown()

    def _shown(self) -> str:
        """What the report says before it is written anew."""
        with suppress(OSError):
            return regular_file.read_text(self.report, "replace")
        return ""


def chart_place(report: Path, run_folder: Path) -> ChartPlace:
    """`charts/` for the report in its run's folder, and beside a device, a FIFO or a descriptor,
    where nothing is put; for any other a folder of its own, called after the report."""
    is_usual = os.path.realpath(report) == os.path.realpath(run_folder / REPORT)
    if is_usual or not writing.is_plain(report):
        return ChartPlace(report, run_folder / CHARTS, True)
    return ChartPlace(report, report.parent / _name(report.name), False)


def _name(report: str) -> str:
    """A name that no other report's charts have, and that the report may print."""
    name = f"{report}-{CHARTS}"
    link = quote(os.fsencode(name))
    is_private = private(report) != report or private(link) != link
    if len(os.fsencode(name)) <= _NAME_BYTES and not is_private:
        return name
    return f"{CHARTS}-{hashlib.sha256(os.fsencode(report)).hexdigest()[:12]}"
