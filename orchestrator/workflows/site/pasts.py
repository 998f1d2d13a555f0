"""What earlier runs say of a run's figure, for many runs at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache

from orchestrator.report.figures import Figure, Figures
from orchestrator.report.past import Past, past_of
from orchestrator.store.index.values import Figure as Kept
from orchestrator.values.run import Run

_DIGITS = 24


class Pasts:
    """figures: of all runs, the oldest first.

    A series, of one provider on one case of an operator by one method, goes by a digest, as its
    names may be for nobody else.
    """

    def __init__(self, figures: Iterable[Kept]) -> None:
        self._of: dict[str, list[Kept]] = {}
        for one in figures:
            of = _series(one.operator, one.row.provider, one.row.case, one.row.method)
            self._of.setdefault(of, []).append(one)
        self._digests = cache(self._chain)

    def past(self, run: str, series: str) -> Past | None:
        """run: the name of its folder."""
        return past_of(self._of.get(series, ()), run)

    def digest(self, run: str, series: str) -> str:
        """Of all that the past of a run is made from; "" where it has no such figure."""
        return self._digests(series).get(run, "")

    def _chain(self, series: str) -> dict[str, str]:
        """Each with all before it, so that one that comes in between changes all behind."""
        so_far, found = hashlib.sha256(), {}
        for one in self._of.get(series, ()):
            so_far.update(repr((one.run, one.machine, one.row)).encode("utf-8", "replace"))
            found[one.run] = so_far.hexdigest()[:_DIGITS]
        return found


def series_of(run: Run, row: Figure, figures: Figures) -> str:
    """That of a row of a report; "" for a run that is not kept with others."""
    record = row.record
    words = figures.result.operator.name, record.provider, record.case.label, record.method.value
    return _series(*words) if run.kept_as else ""


@cache
def _series(*words: str) -> str:
    told = "\n".join(words).encode("utf-8", "backslashreplace")
    return hashlib.sha256(told).hexdigest()[:_DIGITS]
