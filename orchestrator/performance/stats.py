"""What a handful of timings can honestly say: medians, spread and distribution-free intervals."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

CONFIDENCE = 0.95
# A tenth of a nanosecond is less than one clock of any GPU; no call is waited for a day.
SHORTEST_US, LONGEST_US = 1e-4, 86_400e6


@dataclass(frozen=True)
class Summary:
    """Samples in microseconds, condensed.

    low_us, high_us: an interval that holds the true median with at least 95 % probability;
    None when there are too few samples to say (fewer than six). cv: standard deviation / mean.
    starts: over how many starts of the process the interval is, with the middle of these for the
    median (`starts.summary_of`); 0: it holds within one start alone.
    """

    median_us: float
    p20_us: float
    p80_us: float
    cv: float
    n: int
    low_us: float | None
    high_us: float | None
    starts: int = 0

    @property
    def half_width_us(self) -> float | None:
        if self.low_us is None or self.high_us is None:
            return None
        return (self.high_us - self.low_us) / 2


@dataclass(frozen=True)
class Ratio:
    """How many times as long the first of two things took; n is the number of pairs."""

    median: float
    low: float | None
    high: float | None
    n: int


def usable(samples: Sequence[float]) -> bool:
    """Whether every sample is a time that a call can take, and there is at least one."""
    return bool(samples) and all(SHORTEST_US <= sample <= LONGEST_US for sample in samples)


def median_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Order statistics that enclose the population median with at least 95 % probability.

    The number of samples below the true median is Binomial(n, 1/2) whatever the distribution, so
    [x(k), x(n+1-k)] covers it with probability 1 - 2·P(Bin(n, 1/2) < k); the largest such k is
    taken. David and Nagaraja, Order Statistics, 3rd ed., section 7.1. Assumes independent samples.
    None for n < 6, where even the full range covers less than 95 %.
    """
    k = _rank(len(values))
    if k == 0:
        return None
    ordered = sorted(values)
    return ordered[k - 1], ordered[len(values) - k]


@cache
def _rank(n: int) -> int:
    """The k of `median_interval`; in whole numbers, as 2^n is no float from n = 1024 on."""
    one_in = round(2 / (1 - CONFIDENCE))  # a tail of 2.5 % is one in forty
    tail, ways, k = 0, 1, 0
    while k < n // 2 and one_in * (tail + ways) <= 2**n:
        tail, ways, k = tail + ways, ways * (n - k) // (k + 1), k + 1
    return k


def summarize(samples_us: Sequence[float]) -> Summary:
    """Condense timings. Raises ValueError unless they are `usable`."""
    if not usable(samples_us):
        raise ValueError("samples must be finite times above zero, and at least one")
    if len(samples_us) == 1:
        p20 = p80 = samples_us[0]
        cv = 0.0
    else:
        fifths = statistics.quantiles(samples_us, n=5, method="inclusive")
        p20, p80 = fifths[0], fifths[3]
        cv = statistics.stdev(samples_us) / statistics.fmean(samples_us)
    low, high = median_interval(samples_us) or (None, None)
    median = statistics.median(samples_us)
    return Summary(median, p20, p80, cv, len(samples_us), low, high)


def ratio(a_us: Sequence[float], b_us: Sequence[float]) -> Ratio:
    """a / b from paired samples: both were taken in the same rounds, so entry i meets entry i.

    Pairing cancels drift that hits both. A longer list is cut to the shorter one's length.
    Raises ValueError when nothing can be paired.
    """
    pairs = list(zip(a_us, b_us, strict=False))
    if not pairs or not usable([value for pair in pairs for value in pair]):
        raise ValueError("a ratio needs at least one pair of finite times above zero")
    quotients = [a / b for a, b in pairs]
    low, high = median_interval(quotients) or (None, None)
    return Ratio(statistics.median(quotients), low, high, len(pairs))
