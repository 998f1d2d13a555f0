"""Where a series of runs goes over to another level: a scan that holds where runs that follow each
other are alike, and where an odd one is not.

Every place in every one of many overlapping stretches is tried (Kovács and others, Seeded binary
segmentation, Biometrika 110 (2023)), by Student's t of its two sides. What makes that honest:

- runs far from those around them count no further than the others scatter, so one is no level;
- runs of one day are alike. How much is told by differences of neighbours and of next neighbours,
  which steps hardly touch (after Chakar and others, A robust approach for estimating change-points
  in the mean of an AR(1) process, Bernoulli 23 (2017)); few runs tell little of it, so it is drawn
  to what is taken for usual;
- what the largest t of all places is by chance was simulated, for the worst of six kinds of noise:
  `python -m benchmarks.calibration.history`, docs/history.md.

All of it in plain Python: a history is to be there before NumPy is imported.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orchestrator.performance.trend.students import normal_of, shared

FEWEST_BESIDE = 5  # runs that make a level
FEWEST_RUNS = 2 * FEWEST_BESIDE
MOST_RUNS = 500  # up to which it was simulated; the latest count
SMALLEST_STEP = math.log1p(0.01)
# Runs whose neighbours are 4 on either side: of nine, four odd ones move no median.
_BESIDE = 4
_SHORTEST = 16  # stretch, beside the whole
_WIDEST = 3.0  # of the scatter of the others; further out a run counts no more
_OF_QUARTILE, _OF_MEDIAN = 1.15, 1.25  # normal: 3 of 4 lie within 1.15 sd; a median takes some
_INNER = 0.9  # of the differences; steps and odd runs are in the others
_USUAL, _AS_RUNS = 0.5, 60  # how alike neighbours are taken to be, and how many runs that weighs
_MOST_ALIKE = 0.95
# Of the squares of t, each twice the logarithm of a likelihood: the true place is then among those
# all but as clear in 95 of 100 series.
_AS_CLEAR = 16.0
# By chance the largest of all places exceeds this in less than 1 of 100 series of so many runs.
_CHANCE = (
    (10, 2.65), (16, 3.40), (24, 3.86), (32, 3.98), (48, 4.40), (64, 4.65), (128, 4.95),
    (256, 5.35), (500, 5.80),
)  # fmt: skip


@dataclass(frozen=True)
class Cut:
    """A new level begins with run `at`. first, last: with which one it may begin as well."""

    at: int
    first: int
    last: int


@dataclass(frozen=True)
class Levels:
    """cuts: in order. spread: of runs around their level, a standard deviation. freedom: degrees
    of it. widening: by how much alike neighbours widen an interval. chance: what the largest of all
    places may be by chance, as a deviate of the normal distribution."""

    cuts: tuple[Cut, ...]
    spread: float
    freedom: int
    widening: float
    chance: float


def find_levels(logs: Sequence[float], places: Sequence[int], series: int = 1) -> Levels:
    """logs: of runs, in order; at least FEWEST_RUNS. places: before which of them a level may
    begin, ascending, as runs of one commit are on one level. series: how many are looked at
    together."""
    kept = without_odd_ones(logs)
    widening = math.sqrt((1 + (alike := _alike(kept))) / (1 - alike))
    chance = shared(_chance(len(logs)), series)
    scan = _Scan(kept, tuple(places), widening, chance)
    found = scan.held(scan.split(0, len(kept)))
    odd = [one != two for one, two in zip(logs, kept, strict=True)]
    cuts = tuple(
        Cut(each[1], *_past_odd_ones(scan.around(*each), places, odd))
        for each in scan.beside(found)
    )
    spread, freedom = scan.spread(found)
    return Levels(cuts, spread, freedom, widening, chance)


def without_odd_ones(logs: Sequence[float]) -> list[float]:
    """The series with runs that are far from the nine around them brought as near as others are."""
    wide, last = 2 * _BESIDE + 1, len(logs) - 2 * _BESIDE - 1
    starts = [min(max(number - _BESIDE, 0), max(last, 0)) for number in range(len(logs))]
    middles = [statistics.median(logs[start : start + wide]) for start in starts]
    away = [one - middle for one, middle in zip(logs, middles, strict=True)]
    of_most = statistics.quantiles(map(abs, away), n=4, method="inclusive")[2]
    widest = _WIDEST * of_most * _OF_MEDIAN / _OF_QUARTILE
    return [
        middle + min(max(one, -widest), widest) for one, middle in zip(away, middles, strict=True)
    ]


def _past_odd_ones(
    span: tuple[int, int], places: Sequence[int], odd: Sequence[bool]
) -> tuple[int, int]:
    """The first and last place for a cut, where odd runs beside it may be of either level."""
    first, last = span
    for place in reversed(places[: bisect_left(places, first)]):
        if not all(odd[place:first]):
            break
        first = place
    for place in places[bisect_left(places, last) :]:
        if not all(odd[last:place]):
            break
        last = place
    return first, last


def _alike(logs: Sequence[float]) -> float:
    """The correlation of neighbours: differences over two runs by those over one, less one."""
    near, far = (
        _inner_mean([(two - one) ** 2 for one, two in zip(logs, logs[apart:], strict=False)])
        for apart in (1, 2)
    )
    seen = min(max(far / near - 1, -_USUAL), _MOST_ALIKE) if near else _USUAL
    number = len(logs)
    drawn = (number * seen + _AS_RUNS * _USUAL) / (number + _AS_RUNS)
    return min(max(drawn, 0.0), _MOST_ALIKE)


def _inner_mean(squares: Sequence[float]) -> float:
    return statistics.fmean(sorted(squares)[: max(int(_INNER * len(squares)), 1)])


def _chance(number: int) -> float:
    """From the table, in between by the logarithm of the number."""
    number = min(max(number, _CHANCE[0][0]), _CHANCE[-1][0])
    for (few, low), (many, high) in pairwise(_CHANCE):
        if number <= many:
            return low + (high - low) * math.log(number / few) / math.log(many / few)
    return _CHANCE[-1][1]


class _Scan:
    """One series, with its running sums."""

    def __init__(
        self, logs: Sequence[float], places: tuple[int, ...], widening: float, chance: float
    ) -> None:
        self._places, self._widening, self._chance = places, widening, chance
        middle = statistics.fmean(logs)  # of small numbers sums of squares are exact enough
        self._sums, self._squares, self._number = [0.0], [0.0], len(logs)
        for value in logs:
            self._sums.append(self._sums[-1] + value - middle)
            self._squares.append(self._squares[-1] + (value - middle) ** 2)

    def split(self, start: int, end: int) -> tuple[int, ...]:
        """Cuts between two ends: the clearest of all stretches, then those on either side."""
        best, at = 0.0, 0
        for one, two in stretches(start, end):
            clearest, place = self._clearest(one, two)
            if clearest > best:
                best, at = clearest, place
        if best <= self._chance:
            return ()
        return (*self.split(start, at), at, *self.split(at, end))

    def held(self, cuts: tuple[int, ...]) -> tuple[int, ...]:
        """Those that are cuts beside all others too, each at its clearest place."""
        while cuts:
            moved = [
                self._clearest(before, after)[1] or at
                for before, at, after in zip(
                    (0, *cuts), cuts, (*cuts[1:], self._number), strict=False
                )
            ]
            cuts = tuple(sorted(set(moved)))
            worth = [
                self._worth(cuts, *each)
                for each in zip((0, *cuts), cuts, (*cuts[1:], self._number), strict=False)
            ]
            if min(worth) > self._chance:
                break
            weakest = worth.index(min(worth))
            cuts = cuts[:weakest] + cuts[weakest + 1 :]
        return cuts

    def beside(self, cuts: tuple[int, ...]) -> list[tuple[int, int, int]]:
        """Each cut between those before and after it."""
        ends = (0, *cuts, self._number)
        return list(zip(ends, cuts, ends[2:], strict=False))

    def around(self, before: int, at: int, after: int) -> tuple[int, int]:
        """The first and the last place between two ends that is all but as clear as `at`."""
        best = self._t(before, at, after) ** 2
        near = [
            place
            for place in self._between(before, after, 1)
            if best - self._t(before, place, after) ** 2 <= _AS_CLEAR or place == at
        ]
        return min(near), max(near)

    def spread(self, cuts: tuple[int, ...]) -> tuple[float, int]:
        """Around the levels, and by how many degrees of freedom."""
        ends = (0, *cuts, self._number)
        freedom = self._number - len(ends) + 1
        return math.sqrt(sum(self._scatter(*part) for part in pairwise(ends)) / freedom), freedom

    def _worth(self, cuts: tuple[int, ...], before: int, at: int, after: int) -> float:
        """Of a cut, by how runs scatter around all levels; nothing for a step nobody asks for."""
        spread, freedom = self.spread(cuts)
        apart = abs(self._mean(before, at) - self._mean(at, after))
        if apart < SMALLEST_STEP:
            return 0.0
        error = spread * self._widening * math.sqrt(1 / (at - before) + 1 / (after - at))
        return normal_of(apart / error if error else math.inf, freedom)

    def _clearest(self, start: int, end: int) -> tuple[float, int]:
        """The most telling place of a stretch, and how telling; (0, 0) where it has none.

        That is where least is left of the scatter, so only there t is asked for.
        """
        sums, first, last = self._sums, self._sums[start], self._sums[end]
        most, at = -1.0, 0
        for place in self._between(start, end, FEWEST_BESIDE):
            before, after = sums[place] - first, last - sums[place]
            explained = before * before / (place - start) + after * after / (end - place)
            if explained > most:
                most, at = explained, place
        return (normal_of(self._t(start, at, end), end - start - 2), at) if at else (0.0, 0)

    def _between(self, start: int, end: int, beside: int) -> tuple[int, ...]:
        """The places with so many runs on either side."""
        first = bisect_left(self._places, start + beside)
        return self._places[first : bisect_right(self._places, end - beside)]

    def _t(self, start: int, place: int, end: int) -> float:
        apart = abs(self._mean(start, place) - self._mean(place, end))
        within = self._scatter(start, place) + self._scatter(place, end)
        freedom = end - start - 2
        variance = within / freedom * (1 / (place - start) + 1 / (end - place)) if freedom else 0.0
        if variance <= 0:
            return math.inf if apart > SMALLEST_STEP else 0.0
        return apart / math.sqrt(variance) / self._widening

    def _mean(self, start: int, end: int) -> float:
        return (self._sums[end] - self._sums[start]) / (end - start)

    def _scatter(self, start: int, end: int) -> float:
        """The sum of squares around their mean."""
        total = self._sums[end] - self._sums[start]
        return max(self._squares[end] - self._squares[start] - total**2 / (end - start), 0.0)


def stretches(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The whole, then ever shorter ones that overlap by half or more."""
    yield start, end
    number = end - start
    length = number / math.sqrt(2)
    while length >= _SHORTEST:
        many = 2 * math.ceil(number / length) - 1
        for one in range(many):
            first = start + math.floor(one * (number - length) / (many - 1))
            yield first, min(first + math.ceil(length), end)
        length /= math.sqrt(2)
