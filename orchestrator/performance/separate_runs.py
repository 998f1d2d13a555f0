"""What two separate runs say of each other: less than one run in which both race.

Between runs everything may have changed that a run cannot see, so each run is one draw, however
many samples it has. Only ratios within a run are compared, ours to that run's own baseline, in
which what hits the whole machine cancels. How far such a ratio moves from run to run of one code
is learnt from earlier runs; without any it is taken to be as much as has been seen to happen.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.performance.family import FEWEST_STARTS, critical
from orchestrator.performance.starts import Interval, around, of_logs
from orchestrator.performance.stats import Ratio
from orchestrator.performance.verdict import ONE_START, Judgement, Terms, Verdict, decide

# The largest standard deviation of a ratio between runs of one code that was measured so far.
ASSUMED_SPREAD = 0.03
MOST_RUNS = 1000
_FEWEST_ROWS = 5  # that tell how alike rows are
_AS_GOOD_AS_KNOWN = 1000  # degrees of freedom
_USE_AGAINST = "separate runs: inconclusive; use --against REV, which races both in one run"


@dataclass(frozen=True)
class RunRatio:
    """log(baseline / ours) of one run: its mean over the starts, and that mean's standard error."""

    log: float
    error: float
    starts: int


def run_ratio(logs: Sequence[float]) -> RunRatio | None:
    """From the logarithms of the starts' ratios; None with fewer starts than a verdict needs."""
    found = of_logs(logs) if len(logs) >= FEWEST_STARTS else None
    if found is None:
        return None
    return RunRatio(math.log(found.middle), found.spread / math.sqrt(found.starts), found.starts)


@dataclass(frozen=True)
class Spread:
    """Of a ratio between runs of one code, on this row. sd: by `freedom` degrees of freedom; None
    where no code was run twice. assumed: what it is taken not to exceed."""

    sd: float | None
    freedom: int
    assumed: float = ASSUMED_SPREAD


def spread_of(groups: Sequence[Sequence[RunRatio]]) -> Spread:
    """Pooled over groups of runs, each of one code."""
    several = [[run.log for run in group] for group in groups if len(group) > 1]
    freedom = sum(len(logs) - 1 for logs in several)
    if freedom == 0:
        return Spread(None, 0)
    squares = sum(statistics.variance(logs) * (len(logs) - 1) for logs in several)
    return Spread(math.sqrt(squares / freedom), freedom)


def moderated(rows: Sequence[Spread]) -> tuple[Spread, ...]:
    """The spreads of all rows of a report, each with what the others tell of it.

    A few runs leave the spread of one row all but unknown; that of ninety rows is known, and how
    alike rows are in it shows too. The more alike, the more each takes from the common one; where
    they are not, it is left with its own (Smyth, Linear models and empirical Bayes methods,
    Statistical Applications in Genetics and Molecular Biology 3 (2004), section 6.2).
    """
    known = [one for one in rows if one.sd and one.freedom]
    if len(known) < _FEWEST_ROWS:
        return tuple(rows)
    sd, freedom = _common([(one.sd or 0.0, one.freedom) for one in known])
    return tuple(
        one if not one.sd or not one.freedom else _drawn_to(one, one.sd, sd, freedom)
        for one in rows
    )


def _common(known: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """The spread that all rows scatter around, and by how many degrees of freedom they hold to it:
    infinite where they scatter no more than so few runs explain."""
    from scipy.special import digamma, polygamma

    logs = [2 * math.log(sd) - digamma(of / 2) + math.log(of / 2) for sd, of in known]
    middle = statistics.fmean(logs)
    more = statistics.variance(logs) - statistics.fmean(polygamma(1, of / 2) for _, of in known)
    if more <= 0:
        squares = sum(sd**2 * of for sd, of in known)
        return math.sqrt(squares / sum(of for _, of in known)), math.inf
    low, high = 1e-3, 1e6  # polygamma(1, x) falls from 1e6 to 1e-6 between them
    for _ in range(60):
        half = math.sqrt(low * high)
        low, high = (half, high) if polygamma(1, half) > more else (low, half)
    return math.exp((middle + digamma(low) - math.log(low)) / 2), 2 * low


def _drawn_to(one: Spread, own: float, sd: float, freedom: float) -> Spread:
    if math.isinf(freedom):
        return Spread(max(own, sd), _AS_GOOD_AS_KNOWN, one.assumed)
    together = freedom + one.freedom
    pooled = math.sqrt((freedom * sd**2 + one.freedom * own**2) / together)
    return Spread(pooled, min(int(together), _AS_GOOD_AS_KNOWN), one.assumed)


def judge(
    before: Sequence[RunRatio],
    after: Sequence[RunRatio],
    spread: Spread,
    terms: Terms,
) -> Judgement:
    """The verdict on what changed between two codes, of each of which there is a run or several.

    Above 1 `after` is the faster. The interval is the narrower of two that each may be wrong half
    as often: one by the spread seen, one by the spread assumed. noise: the spread used, relative.
    """
    if not before or not after:
        return Judgement(Verdict.INCONCLUSIVE, Ratio(1.0, None, None, 0), None, ONE_START)
    change = statistics.fmean(one.log for one in after) - statistics.fmean(
        one.log for one in before
    )
    half = _half_width(before, after, spread, terms.family.level)
    low, middle, high = around(change, half)
    # That there are starts enough in each was asked by `run_ratio`.
    found = Interval(middle, low, high, min(one.starts for one in (*before, *after)), 0.0)
    verdict = decide(found, terms.precision)
    told = Ratio(middle, low, high, min(len(before), len(after)))
    used = spread.assumed if spread.sd is None else spread.sd
    advice = _advice(before, after, spread, terms) if verdict is Verdict.INCONCLUSIVE else ""
    return Judgement(verdict, told, used, advice)


def runs_needed(
    one: RunRatio, spread: Spread, terms: Terms, effect: float | None = None
) -> int | None:
    """How many runs a side give an interval of ±effect (else: the precision); None: over 1000.

    Each like `one`. The spread of those runs will be known from themselves.
    """
    wanted = math.log1p(terms.precision if effect is None else effect)
    sd = spread.assumed if spread.sd is None else spread.sd
    sd = max(sd, one.error)
    for runs in range(1, MOST_RUNS + 1):
        freedom = max(spread.freedom + 2 * (runs - 1), 1)
        half = critical(freedom, terms.family.level / 2) * sd * math.sqrt(2 / runs)
        if half <= wanted:
            return runs
    return None


def _half_width(
    before: Sequence[RunRatio], after: Sequence[RunRatio], spread: Spread, level: float
) -> float:
    """In logarithms."""
    own = _Mean.of(before), _Mean.of(after)
    by_assumed = _by_assumed(own, spread.assumed, level / 2)
    if spread.sd is None:
        return by_assumed
    variance = sum(max(spread.sd**2 / side.runs, side.error**2) for side in own)
    return min(by_assumed, critical(spread.freedom, level / 2) * math.sqrt(variance))


@dataclass(frozen=True)
class _Mean:
    """Of the runs of one side, with its own error. freedom: of that error."""

    runs: int
    error: float
    freedom: float

    @staticmethod
    def of(side: Sequence[RunRatio]) -> _Mean:
        squares = sum(one.error**2 for one in side)
        fourths = sum(one.error**4 / (one.starts - 1) for one in side)
        freedom = squares**2 / fourths if fourths else math.inf
        return _Mean(len(side), math.sqrt(squares) / len(side), freedom)


def _by_assumed(own: Sequence[_Mean], assumed: float, level: float) -> float:
    """The spread is known then, and only the runs' own errors are not (Welch and Satterthwaite)."""
    known = sum(assumed**2 / side.runs for side in own)
    seen = sum(side.error**2 for side in own)
    unsure = sum(side.error**4 / side.freedom for side in own)
    freedom = (known + seen) ** 2 / unsure if unsure else math.inf
    return critical(freedom, level) * math.sqrt(known + seen)


def _advice(
    before: Sequence[RunRatio], after: Sequence[RunRatio], spread: Spread, terms: Terms
) -> str:
    worst = max((*before, *after), key=lambda one: one.error)
    needed = runs_needed(worst, spread, terms)
    percent = f"{100 * (spread.assumed if spread.sd is None else spread.sd):.2g} %"
    seen = f"runs of one code differ by {percent} here"
    if spread.sd is None:
        seen = f"no code was run twice, so runs are taken to differ by up to {percent}"
    many = f"over {MOST_RUNS}" if needed is None else f"about {needed}"
    return f"{_USE_AGAINST}; {seen}, of which {many} a side would do"
