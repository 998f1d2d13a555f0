"""What starts of a process gave: the unit of a verdict.

Samples of one process share where its memory lies and what the machine did meanwhile; only another
start of it tells how much that matters. So each start is condensed to one median, and intervals
are those of Student's t over the logarithms of these.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.performance.family import ALONE, critical
from orchestrator.performance.stats import Summary, summarize, usable
from remote_payload.contract.records import BenchRecord


@dataclass(frozen=True)
class Interval:
    """Between what the middle of all starts lies: a time in µs, or a ratio.

    middle: the geometric mean of the starts. spread: the standard deviation of their logarithms.
    """

    middle: float
    low: float
    high: float
    starts: int
    spread: float

    @property
    def half_width(self) -> float:
        """In logarithms, which is relative as long as it is small."""
        return math.log(self.high / self.low) / 2


def kept_us(record: BenchRecord) -> tuple[float, ...]:
    """The samples that count: all but those taken while the GPU held its clocks back."""
    held = frozenset(record.held_back)
    return tuple(us for number, us in enumerate(record.samples_us) if number not in held)


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
    return of_logs([math.log(us) for us in medians_us(record) if us is not None], level)


def speedup(base: BenchRecord, record: BenchRecord, level: float = ALONE) -> Interval | None:
    """base / record, start by start; None with less than two starts that both had."""
    return of_logs(log_ratios(base, record), level)


def of_logs(logs: Sequence[float], level: float = ALONE) -> Interval | None:
    """The interval around the mean of logarithms that misses it with the probability `level`."""
    if len(logs) < 2:
        return None
    mean, spread = statistics.fmean(logs), statistics.stdev(logs)
    half = critical(len(logs) - 1, level) * spread / math.sqrt(len(logs))
    low, middle, high = (math.exp(at) for at in (mean - half, mean, mean + half))
    return Interval(middle, low, high, len(logs), spread)


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
