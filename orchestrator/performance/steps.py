"""Steps: a series that stood on one level first and on another later, which no one median tells.

Pettitt, A non-parametric approach to the change-point problem, Applied Statistics 28 (1979). It
takes values for independent, which those of one start are not: where there are several starts, a
step also has to be larger than what these differ by anyway.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.performance.family import critical
from orchestrator.performance.starts import medians_us
from orchestrator.performance.stats import usable
from remote_payload.contract.records import BenchRecord

P_STEP = 0.001
SMALLEST_STEP = 0.01  # a smaller one is found in much that is warm for longer, and moves no verdict
_FEWEST_BESIDE = 2  # starts on either side; one alone is an odd start, not a level


@dataclass(frozen=True)
class Step:
    """At which sample (counted from 0) the later level begins, and the levels in µs or as ratios.

    start: with which start, counted from 0; None where all samples are of one. parts: samples, or
    starts, in all.
    """

    at: int
    before: float
    after: float
    start: int | None
    parts: int


def step_of(record: BenchRecord) -> Step | None:
    """Where a record's time stepped, if it did."""
    if not usable(record.samples_us):
        return None
    logs = [math.log(us) for us in record.samples_us]
    of_starts = [None if us is None else math.log(us) for us in medians_us(record)]
    return find_step(logs, record.starts if of_starts else (), of_starts)


def step_between(base: BenchRecord, record: BenchRecord) -> Step | None:
    """Where the ratio base / record stepped, turn by turn; so it is free of what hit both."""
    pairs = list(zip(base.samples_us, record.samples_us, strict=False))
    if not pairs or not usable([us for pair in pairs for us in pair]):
        return None
    logs = [math.log(one / two) for one, two in pairs]
    both = zip(medians_us(base), medians_us(record), strict=False)
    of_starts = [math.log(one / two) if one and two else None for one, two in both]
    same_turns = base.starts == record.starts and bool(of_starts)
    return find_step(logs, record.starts if same_turns else (), of_starts if same_turns else ())


def find_step(
    logs: Sequence[float], starts: Sequence[int] = (), of_starts: Sequence[float | None] = ()
) -> Step | None:
    """logs: of all samples; starts: how many each start gave; of_starts: a middle of each."""
    at, p = pettitt(logs)
    if p >= P_STEP:
        return None
    number = None
    if len(starts) > 1:
        number = _between_starts(of_starts)
        if number is None:
            return None
        at = sum(starts[:number])
    before, after = (math.exp(statistics.median(part)) for part in (logs[:at], logs[at:]))
    if abs(math.log(after / before)) < math.log1p(SMALLEST_STEP):
        return None
    return Step(at, before, after, number, len(starts) if number is not None else len(logs))


def pettitt(values: Sequence[float]) -> tuple[int, float]:
    """After how many values the level most likely changed, and how likely chance did that.

    The probability is Pettitt's approximation, which is too large for short series: below 22
    values nothing reaches 0.001.
    """
    n = len(values)
    if n < 2:
        return 0, 1.0
    ranks, lead, total = _ranks(values), [], 0.0
    for count, value in enumerate(values[:-1], 1):
        total += ranks[value]
        lead.append(abs(2 * total - count * (n + 1)))
    most = max(lead)
    return lead.index(most) + 1, min(1.0, 2 * math.exp(-6 * most**2 / (n**3 + n**2)))


def _ranks(values: Sequence[float]) -> dict[float, float]:
    """By value its rank from 1 on; equal ones share the middle of theirs."""
    before, ranks = 0, {}
    for value, count in sorted(Counter(values).items()):
        ranks[value] = before + (count + 1) / 2
        before += count
    return ranks


def _between_starts(of_starts: Sequence[float | None]) -> int | None:
    """With which start a new level begins, if both differ by more than starts of one level do.

    The largest t of all places to cut, held against what it is by chance (Bonferroni).
    """
    known = [(number, value) for number, value in enumerate(of_starts) if value is not None]
    places = range(_FEWEST_BESIDE, len(known) - _FEWEST_BESIDE + 1)
    if not places:
        return None
    values = [value for _, value in known]
    found = max(places, key=lambda cut: _separation(values, cut))
    needed = critical(len(values) - 2, P_STEP / len(places))
    return known[found][0] if _separation(values, found) > needed else None


def _separation(values: Sequence[float], cut: int) -> float:
    """Student's t of the two sides of a cut; infinite where neither varies and they differ."""
    one, two = values[:cut], values[cut:]
    apart = abs(statistics.fmean(one) - statistics.fmean(two))
    within = sum(
        sum((value - middle) ** 2 for value in side)
        for side in (one, two)
        for middle in (statistics.fmean(side),)
    )
    variance = within / (len(values) - 2) * (1 / len(one) + 1 / len(two))
    if variance == 0:
        return math.inf if apart else 0.0
    return apart / math.sqrt(variance)
