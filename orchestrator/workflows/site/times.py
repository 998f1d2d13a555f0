"""What a site says of times: those of each run for the comparison, and histories."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.report.history.series import Beside, Series, series_of
from orchestrator.report.site import history, names, rows
from orchestrator.store.index.values import Entry, Figure
from orchestrator.values.progress import Progress
from orchestrator.workflows.site import place

_MARK = "<!-- of {} -->"


@dataclass(frozen=True)
class Times:
    """files: all that were written or kept, by which those of before are known that go."""

    files: tuple[str, ...]
    histories: int
    size_bytes: int


def put(
    site: Path,
    runs: Sequence[Entry],
    figures: Sequence[Figure],
    program: str,
    progress: Progress,
) -> Times:
    """Write them. figures: also those of other runs. OSError: a file cannot be written."""
    told: dict[str, list[Figure]] = {run.name: [] for run in runs}
    figures = [one for one in figures if one.run in told]
    for one in figures:
        told[one.run].append(one)
    files, size = [], 0
    for run, mine in told.items():
        files.append(names.rows_of(run))
        size += place.put(site, files[-1], rows.data(run, mine))
    every = series_of(figures, beside(figures), by_time=False)
    size += place.put(site, names.HISTORY, history.overview(every))
    known = history.providers(every)
    for number, ((operator, provider), series) in enumerate(known.items(), 1):
        files.append(names.history_of(operator, provider))
        size += _put_history(site, files[-1], series, program)
        progress.step("histories", number, len(known), provider)
    return Times(tuple(files), len(known), size)


def _put_history(site: Path, file: str, series: list[Series], program: str) -> int:
    """Charts are not drawn again for what a page says already: it names what it was made from."""
    digest = hashlib.sha256(f"{program}\n{series!r}".encode("utf-8", "backslashreplace"))
    mark, path = _MARK.format(digest.hexdigest()), site / file
    if not path.is_symlink() and path.is_file() and _last(path, len(mark)) == mark:
        return path.stat().st_size
    told = history.of_provider(series[0].operator, series[0].provider, series)
    return place.put(site, file, f"{told}{mark}")


def _last(path: Path, length: int) -> str:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - length, 0))
        return file.read().decode("utf-8", "replace")


def beside(figures: Sequence[Figure]) -> Beside:
    """The times of baselines in the runs of others: only runs against a revision do not tell the
    ratio themselves."""
    known: dict[tuple[str, str, str, str], float] = {}

    def time_us(one: Figure, baseline: str) -> float | None:
        if not known:
            for each in figures:
                if not each.row.refuted:
                    key = (each.run, each.row.case, each.row.method, each.row.provider)
                    known[key] = each.row.median_us
        return known.get((one.run, one.row.case, one.row.method, baseline))

    return time_us
