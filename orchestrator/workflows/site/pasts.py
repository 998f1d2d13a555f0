"""What earlier runs say of a run's figure, for many runs: each series is asked for once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cache

from orchestrator.report.figures import Figure, Figures
from orchestrator.report.past import Past, past_of
from orchestrator.store.index.values import Asked
from orchestrator.store.index.values import Figure as Kept
from orchestrator.values.run import Run

Key = tuple[str, ...]  # operator, provider, case, method


class Pasts:
    """figures: of all runs, as far as they fit what is asked for, the oldest first."""

    def __init__(self, figures: Callable[[Asked], Iterable[Kept]]) -> None:
        self._figures = figures
        self._of = cache(self._series)
        self._digests = cache(self._chain)

    def past(self, run: str, key: Key) -> Past | None:
        """run: the name of its folder."""
        return past_of(self._of(key), run)

    def digest(self, run: str, key: Key) -> str:
        """Of all that the past of a run is made from; "" where it has no such figure."""
        return self._digests(key).get(run, "")

    def _series(self, key: Key) -> list[Kept]:
        operator, provider, case, method = key
        asked = Asked(operator=operator, provider=provider, case=case, method=method)
        return [one for one in self._figures(asked) if one.row.case == case]

    def _chain(self, key: Key) -> dict[str, str]:
        """Each with all before it, so that one that comes in between changes all behind."""
        so_far, found = hashlib.sha256(), {}
        for one in self._of(key):
            so_far.update(repr((one.run, one.machine, one.row)).encode("utf-8", "replace"))
            found[one.run] = so_far.hexdigest()[:24]
        return found


def key_of(run: Run, row: Figure, figures: Figures) -> Key:
    """The series of a row of a report."""
    record = row.record
    of = figures.result.operator.name, record.provider, record.case.label, record.method.value
    return of if run.kept_as else ()
