"""From figures of many runs to series: one provider on one case, by one method, on one machine.

Times of two machines are never in one series. Of a run the ratio to its baseline is told where one
ran beside it in most runs, as what a run has of its own cancels in that; else its time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from orchestrator.performance.trend.trend import Draw, Trend, trend_of
from orchestrator.store.index.values import Figure
from orchestrator.store.runs.marks import utc

AT = "@"  # remote_payload.contract.request.AT, which takes as long to import as all of this
# Of the runs of a series, so many have to have the baseline beside them for its ratio to be told.
_ENOUGH = 0.75
# Beyond these a card was edited, and what an interval is made of leaves what a float can hold.
_TIMES_US, _RATIOS = (1e-6, 1e15), (1e-9, 1e9)
Key = tuple[str, str, str, str, str]
Beside = Callable[[Figure, str], float | None]  # of a baseline in the run of a figure, in µs


@dataclass(frozen=True)
class Shown:
    """A run. value: its figure, with its own interval where it has one. is_clean: made at its
    commit as that is; None where nobody knows."""

    run: str
    commit: str
    at: str
    committed_at: str
    is_clean: bool | None
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Series:
    """baseline: to whom the ratio is, above 1 is faster; "" where times are told. unit: of those.

    runs: that stand for their commit, in the order of these; the trend's points are of them.
    beside: made with uncommitted edits, or nobody knows. left_out: words, and how many runs.
    """

    machine: str
    operator: str
    provider: str
    case: str
    method: str
    baseline: str
    unit: str
    trend: Trend
    runs: tuple[Shown, ...]
    beside: tuple[Shown, ...]
    left_out: tuple[tuple[str, int], ...]

    @property
    def name(self) -> str:
        return f"{self.provider} on {self.case}, {self.method}"

    @property
    def what(self) -> str:
        """What its figures are."""
        return f"times as fast as {self.baseline}" if self.baseline else self.unit


def series_of(figures: Iterable[Figure], baseline_us: Beside, by_time: bool) -> list[Series]:
    """In the order of machine, operator, provider, case and method.

    baseline_us: asked where a run was judged against a revision instead. by_time: tell times,
    whatever ran beside.
    """
    groups: dict[Key, list[Figure]] = {}
    for one in figures:
        if AT not in one.row.provider:
            key = (one.machine, one.operator, one.row.provider, one.row.case, one.row.method)
            groups.setdefault(key, []).append(one)
    found = [_drawn(key, groups[key], baseline_us, by_time) for key in sorted(groups)]
    together = sum(bool(one.runs) for one in found)
    return [_with_trend(one, together) for one in found]


def _drawn(key: Key, figures: Sequence[Figure], baseline_us: Beside, by_time: bool) -> Series:
    left_out: Counter[str] = Counter()
    kept = []
    for one in figures:
        why = _unfit(one)
        left_out.update([why] if why else [])
        kept += [] if why else [one]
    baseline = "" if by_time else _baseline(kept)
    # An operator may come to be told by another unit; a call is the same, so all go by the latest.
    per, unit = max(figures[-1].row.per, 1), figures[-1].row.unit or "µs"
    shown = [_ratio(one, baseline, baseline_us) if baseline else _time(one, per) for one in kept]
    without = sum(one is None for one in shown)
    left_out.update({f"without {baseline} beside it": without} if without else {})
    all_shown = [one for one in shown if one is not None]
    clean = [one for one in all_shown if one.is_clean]
    others = tuple(one for one in all_shown if not one.is_clean)
    machine, operator, provider, case, method = key
    told = tuple(left_out.items())
    return Series(
        *(machine, operator, provider, case, method, baseline, unit),
        *(trend_of(()), _in_order(clean), others, told),
    )


def _with_trend(of: Series, together: int) -> Series:
    draws = [Draw(one.commit, math.log(one.value), _half(one)) for one in of.runs]
    return replace(of, trend=trend_of(draws, together))


def _unfit(one: Figure) -> str:
    if one.row.refuted:
        return "that cannot be true, as its report says"
    if not one.commit:
        return "of no commit that is known"
    if one.row.median_us <= 0:
        return "without a time"
    row = one.row
    times, ratios = (
        (row.median_us, row.low_us, row.high_us),
        (row.ratio, row.ratio_low, row.ratio_high),
    )
    is_possible = _lie_in(_TIMES_US, times) and _lie_in(_RATIOS, ratios)
    return "" if is_possible else "whose figures nothing can have"


def _lie_in(bounds: tuple[float, float], figures: Iterable[float | None]) -> bool:
    """Those that are there; an interval from 0 on is none."""
    return all(bounds[0] <= one <= bounds[1] for one in figures if one)


def _baseline(figures: Sequence[Figure]) -> str:
    """Whom most runs have beside them; "" where too few do. A run against a revision has whom the
    others have."""
    usual = Counter(one.row.baseline for one in figures if AT not in one.row.baseline)
    usual.pop("", None)
    if not usual:
        return ""
    name, number = usual.most_common(1)[0]
    against = sum(AT in one.row.baseline for one in figures)
    return name if number >= _ENOUGH * (len(figures) - against) else ""


def _ratio(one: Figure, baseline: str, baseline_us: Beside) -> Shown | None:
    row = one.row
    if row.baseline == baseline and row.ratio:
        return _shown(one, row.ratio, row.ratio_low, row.ratio_high)
    beside = baseline_us(one, baseline)
    return _shown(one, beside / row.median_us, None, None) if beside else None


def _time(one: Figure, per: int) -> Shown:
    low, high = (None if us is None else us / per for us in (one.row.low_us, one.row.high_us))
    return _shown(one, one.row.median_us / per, low, high)


def _shown(one: Figure, value: float, low: float | None, high: float | None) -> Shown:
    at = one.created_at if one.created_at.endswith("Z") else _utc(one.created_at)
    made = at or one.created_at, _utc(one.committed_at)
    return Shown(one.run, one.commit, *made, one.is_clean, value, low, high)


_utc = lru_cache(maxsize=None)(utc)  # of a commit there are many runs


def _half(one: Shown) -> float:
    if not one.low or not one.high or one.high <= one.low:
        return 0.0
    return math.log(one.high / one.low) / 2


def _in_order(runs: Sequence[Shown]) -> tuple[Shown, ...]:
    """By when their commit was made, else first run; those of one commit in a row."""
    first: dict[str, tuple[str, str]] = {}
    for one in runs:
        known = first.get(one.commit, ("", one.at))
        first[one.commit] = (known[0] or one.committed_at, min(known[1], one.at))
    place: Mapping[str, tuple[str, str, str]] = {
        commit: (committed or at, at, commit) for commit, (committed, at) in first.items()
    }
    return tuple(sorted(runs, key=lambda one: (place[one.commit], one.at)))
