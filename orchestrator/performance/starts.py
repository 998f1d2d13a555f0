"""What starts of a process gave: the unit of a verdict.

Samples of one process share where its memory lies and what the machine did meanwhile; only another
start of it tells how much that matters. So each start is condensed to one median, and intervals
are those of Student's t over the logarithms of these: over all of them, or without the outermost
fifth on either side, whichever is the narrower, as the two together may be wrong no more often.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from orchestrator.performance.family import ALONE, critical
from orchestrator.performance.stats import Summary, summarize, usable
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.tools.middles import is_coarse, middles, students

# In logarithms, on either side: no two times are so far apart, so this says nothing either way.
NOTHING_KNOWN = math.log(1e30)
# Each record is asked for some things once with everybody that it is compared with; so many are
# those of a large result.
_RECORDS = 512


@dataclass(frozen=True)
class Interval:
    """Between what the middle of all starts lies: a time in µs, or a ratio.

    middle: the geometric mean of the starts, of all or of the inner three fifths. spread: the
    standard deviation of their logarithms, or for the inner ones what has the same meaning for the
    width: error of the middle · sqrt(starts).
    rounding: of the half-width, in logarithms, what the clock's grid has in it.
    """

    middle: float
    low: float
    high: float
    starts: int
    spread: float
    rounding: float = 0.0

    @property
    def half_width(self) -> float:
        """In logarithms, which is relative as long as it is small."""
        return math.log(self.high / self.low) / 2


@lru_cache(maxsize=_RECORDS)
def _is_coarse(record: BenchRecord) -> bool:
    return is_coarse(kept_us(record))


def kept_us(record: BenchRecord) -> tuple[float, ...]:
    """The samples that count: all but those taken while the GPU held its clocks back."""
    held = frozenset(record.held_back)
    return tuple(us for number, us in enumerate(record.samples_us) if number not in held)


@lru_cache(maxsize=_RECORDS)
def medians_us(record: BenchRecord) -> tuple[float | None, ...]:
    """One median of each start; None where the clocks were held back all the time.

    () where nothing, or nothing sound, is said of starts.
    """
    if sum(record.starts) != len(record.samples_us) or not usable(record.samples_us):
        return ()
    if min(record.starts) < 1:
        return ()
    held, found, first = frozenset(record.held_back), [], 0
    for count in record.starts:
        numbers = [n for n in range(first, first + count) if n not in held]
        of_start = [record.samples_us[n] for n in numbers]
        found.append(statistics.median(of_start) if of_start else None)
        first += count
    return tuple(found)


def log_ratios(base: BenchRecord, record: BenchRecord) -> tuple[float, ...]:
    """log(base / record) of each start that both had; above 0 `record` is the faster."""
    pairs = zip(medians_us(base), medians_us(record), strict=False)
    return tuple(math.log(one / two) for one, two in pairs if one is not None and two is not None)


def interval(record: BenchRecord, level: float = ALONE) -> Interval | None:
    """Of one record's time in µs; None with less than two starts."""
    logs = [math.log(us) for us in medians_us(record) if us is not None]
    return of_logs(logs, level, rounding(record), _is_coarse(record))


def speedup(base: BenchRecord, record: BenchRecord, level: float = ALONE) -> Interval | None:
    """base / record, start by start; None with less than two starts that both had."""
    coarse = _is_coarse(base) or _is_coarse(record)
    rounded = rounding(base) + rounding(record)
    return of_logs(log_ratios(base, record), level, rounded, coarse)


def of_logs(
    logs: Sequence[float], level: float = ALONE, rounded: float = 0.0, coarse: bool = False
) -> Interval | None:
    """The interval around the middle of logarithms that misses it with the probability `level`.

    rounded: by how much each may be off for the clock's grid, all in the same direction. coarse:
    they lie on that grid, be it averaged out or not.
    """
    if len(logs) < 2:
        return None
    known = middles(logs, coarse)
    halves = [
        critical(each.freedom, level * each.share) * one.error
        for each, one in zip(students(len(logs), coarse), known, strict=True)
    ]
    half, chosen = min(zip(halves, known, strict=True), key=lambda pair: pair[0])
    half += rounded
    low, middle, high = around(chosen.at, half)
    return Interval(middle, low, high, len(logs), chosen.error * math.sqrt(len(logs)), rounded)


def around(middle: float, half: float) -> tuple[float, float, float]:
    """(low, middle, high) of an interval of logarithms, half as wide as NOTHING_KNOWN at the most.

    Two starts of which one was held up for milliseconds have one that no float can hold.
    """
    half = min(half, NOTHING_KNOWN)
    return math.exp(middle - half), math.exp(middle), math.exp(middle + half)


@lru_cache(maxsize=_RECORDS)
def rounding(record: BenchRecord) -> float:
    """By how much all starts may be off together as the clock has no finer step, in logarithms.

    0 where samples lie on no grid, or starts differ by half a step of it and so average it out.
    """
    samples = kept_us(record)
    values = sorted({float(f"{us:.9g}") for us in samples})
    if len(values) < 2 or not is_coarse(samples):
        return 0.0
    medians = [us for us in medians_us(record) if us is not None]
    half_step = min(two - one for one, two in pairwise(values)) / 2
    if len(medians) < 2 or _spread_us(medians) >= half_step:
        return 0.0
    return -math.log1p(-half_step / statistics.median(medians))


def _spread_us(medians: Sequence[float]) -> float:
    """That of the narrowest of their middles: a few odd starts average no grid out."""
    return min(one.error for one in middles(medians)) * math.sqrt(len(medians))


def summary_of(record: BenchRecord, level: float = ALONE) -> Summary:
    """A record condensed; its interval is that over the starts, where there are at least two.

    Raises ValueError unless the samples are `usable`.
    """
    found = interval(record, level)
    summary = summarize(kept_us(record) or record.samples_us)
    if found is None:
        return summary
    return replace(
        summary,
        median_us=found.middle,
        low_us=found.low,
        high_us=found.high,
        starts=found.starts,
    )
