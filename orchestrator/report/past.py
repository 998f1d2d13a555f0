"""What earlier runs here say of the figure that a report is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.store.index.values import Figure as Kept


@dataclass(frozen=True)
class Seen:
    """A run, and its figure: baseline time / own time where it is a ratio, else microseconds of a
    call."""

    run: str
    value: float


@dataclass(frozen=True)
class Past:
    """One provider on one case, by one method, on machines whose times may be compared.

    baseline: to whom the figures are ratios, above 1 is faster; "" where they are times. last: the
    run before this one; best: the best of all before it; runs: how many there are of these.
    """

    baseline: str
    now: Seen
    last: Seen
    best: Seen
    runs: int

    def gained(self, other: Seen) -> float:
        """How many times as fast this run is, by these figures."""
        now, then = self.now.value, other.value
        return now / then if self.baseline else then / now


def past_of(figures: Sequence[Kept], run: str) -> Past | None:
    """figures: of one provider, case, method and operator, in the order in which their runs were
    made. None where `run` is none of these runs, or the first one on its machine. By times where no
    earlier run was held against the same baseline."""
    place = next((at for at, one in enumerate(figures) if one.run == run), None)
    if place is None or not _value(figures[place], figures[place].row.baseline):
        return None
    now = figures[place]
    baselines = (now.row.baseline, "") if now.row.ratio else ("",)
    return next(filter(None, (_beside(figures[:place], now, one) for one in baselines)), None)


def _beside(earlier: Sequence[Kept], now: Kept, baseline: str) -> Past | None:
    """By ratios to the baseline, by times where that is ""; None where no earlier run has one."""
    before = [
        Seen(one.run, value)
        for one in earlier
        if one.machine == now.machine and (value := _value(one, baseline))
    ]
    if not before:
        return None
    best = (max if baseline else min)(before, key=lambda one: one.value)
    here = Seen(now.run, _value(now, baseline))
    return Past(baseline, here, before[-1], best, len(before))


def _value(one: Kept, baseline: str) -> float:
    """0 where it has none that counts."""
    row = one.row
    if row.refuted:
        return 0.0
    if not baseline:
        return row.median_us
    return (row.ratio or 0.0) if row.baseline == baseline else 0.0
