"""The times of one run, for the page on which two stand beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.report.site.names import stem
from orchestrator.report.site.script import Pool, call, figure
from orchestrator.store.index.values import Figure


def data(run: str, figures: Sequence[Figure]) -> str:
    """A script that hands them to the page. run: the name of its folder."""
    pool = Pool()
    rows = [_row(one, pool) for one in figures]
    return call("siteRows", stem(run), pool.texts, rows)


def _row(one: Figure, pool: Pool) -> list[Any]:
    """In the order that compare.js reads; what is not there at the end is left out. Times are of
    what the operator's unit says: a call, or one of `per`."""
    row, per = one.row, max(one.row.per, 1)
    times = (row.median_us, row.low_us, row.high_us)
    cells = [
        *map(pool.place, (row.provider, row.case, row.method, row.unit or "µs", row.baseline)),
        *(figure(None if us is None else us / per) for us in times),
        *(figure(ratio) for ratio in (row.ratio, row.ratio_low, row.ratio_high)),
        1 if row.refuted else None,
    ]
    while cells[-1] is None:
        cells.pop()
    return cells
