"""Faster, slower, the same, or not known: what starts of processes can say of two timings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from orchestrator.performance.family import FEWEST_STARTS, MOST_STARTS, Family, looks, starts_for
from orchestrator.performance.starts import Interval
from orchestrator.performance.stats import Ratio
from remote_payload.contract.case import Case
from remote_payload.contract.words import Method

# A difference below one percent is not worth a word even where it can be measured.
MINIMUM_EFFECT = 0.01
LARGEST_PRECISION = 0.20
ONE_ROW = Family()
ONE_START = "all samples came from one process start, which says nothing of the next"


class Verdict(str, Enum):
    """What can be said about two timings."""

    FASTER = "FASTER"
    SLOWER = "SLOWER"
    SAME = "SAME"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class Terms:
    """What the verdicts of one report go by.

    precision: half of an interval's width that is enough, relative. most: starts there could have
    been. taken_s: how long all of them took, 0 if unknown. crowded: races in which there were fewer
    CPUs than threads and others to use them.
    """

    family: Family = ONE_ROW
    precision: float = MINIMUM_EFFECT
    most: int = 64
    taken_s: float = 0.0
    crowded: frozenset[tuple[Case, Method]] = frozenset()


@dataclass(frozen=True)
class Judgement:
    """A verdict with its evidence.

    speedup: baseline time / our time, above 1 is faster, by its starts at the level of the family;
    of results without starts the samples' own. noise: how far the run's A/A pair may be apart,
    relative; None without one. advice: what to do; empty unless INCONCLUSIVE. by_graph: the GPU
    waited for the host in the timings compared, so their graphs were compared instead.
    """

    verdict: Verdict
    speedup: Ratio
    noise: float | None
    advice: str = ""
    by_graph: bool = False


def decide(found: Interval, precision: float) -> Verdict:
    """What an interval of a ratio shows by itself.

    SAME: it lies within ±precision, or holds 1 and is no wider than that. Whatever the truth is,
    an interval that is narrow enough decides.
    """
    low, high, enough = math.log(found.low), math.log(found.high), math.log1p(precision)
    if found.starts < FEWEST_STARTS:
        return Verdict.INCONCLUSIVE
    if -enough <= low and high <= enough:
        return Verdict.SAME
    if low > 0 or high < 0:
        return Verdict.FASTER if low > 0 else Verdict.SLOWER
    return Verdict.SAME if (high - low) / 2 <= enough else Verdict.INCONCLUSIVE


def noise_floor(control: Interval) -> float:
    """The largest relative difference that an A/A pair of this run cannot rule out."""
    return max(abs(1 - control.low), abs(control.high - 1))


def judge(speedup: Interval, noise: float | None, terms: Terms) -> Judgement:
    """The verdict on a speed-up, whose interval is one at the level of the family."""
    verdict = decide(speedup, terms.precision)
    told = Ratio(speedup.middle, speedup.low, speedup.high, speedup.starts)
    advice = _advice(speedup, terms) if verdict is Verdict.INCONCLUSIVE else ""
    return Judgement(verdict, told, noise, advice)


def starts_needed(seen: Interval, terms: Terms) -> int | None:
    """How many starts would decide, by the spread and the middle seen; None: not even the most."""
    wanted = max(math.log1p(terms.precision), abs(math.log(seen.middle)) / 2) - seen.rounding
    if wanted <= 0:
        return None
    needed: int | None = seen.starts
    for _ in range(2):  # more starts are looked at more often
        family = Family(terms.family.rows, len(looks(max(needed or MOST_STARTS, terms.most))))
        needed = starts_for(seen.spread, wanted, family.level)
    return needed


def _advice(seen: Interval, terms: Terms) -> str:
    if seen.starts < FEWEST_STARTS:
        how = _option(FEWEST_STARTS, seen.starts, terms)
        return f"{_starts(seen.starts)} are too few for a verdict, {FEWEST_STARTS} would do: {how}"
    if seen.rounding > math.log1p(terms.precision) / 2:
        return (
            f"the clock's steps leave {100 * math.expm1(seen.rounding):.2g} % open, which no "
            f"number of starts makes less{_coarser(seen)}"
        )
    needed, spread = starts_needed(seen, terms), f"{100 * seen.spread:.2g} %"
    if needed is None:
        return (
            f"starts differ by {spread}, so that not even {MOST_STARTS} of them would decide: use "
            f"a quiet machine (no other process, stable clocks){_coarser(seen)}"
        )
    how = _option(max(needed, seen.starts + 1), seen.starts, terms)
    return (
        f"{_starts(seen.starts)}, which differ by {spread}, leave it open; about "
        f"{max(needed, seen.starts + 1)} would decide: {how}{_coarser(seen)}"
    )


def _option(needed: int, had: int, terms: Terms) -> str:
    """Whatever kept the run from having as many: the most it was allowed, its budget, or both."""
    starts = f"--starts {needed}" if needed > terms.most else ""
    seconds = 1.2 * terms.taken_s * needed / max(had, 1)
    budget = f"--budget {_spoken(seconds)}" if seconds else "a longer --budget"
    return " ".join(part for part in (starts, "" if starts and not seconds else budget) if part)


def _coarser(seen: Interval) -> str:
    """The precision by which the interval would be enough as it is."""
    percent = math.ceil(100 * math.expm1(seen.half_width))
    enough = seen.low < 1 < seen.high and percent <= 100 * LARGEST_PRECISION
    return f"; or be content with --precision {percent}%" if enough else ""


def _starts(number: int) -> str:
    return f"{number} start{'' if number == 1 else 's'}"


def _spoken(seconds: float) -> str:
    return f"{math.ceil(seconds)}s" if seconds < 100 else f"{math.ceil(seconds / 60)}m"
