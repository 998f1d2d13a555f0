"""Whether ours / baseline of one run differs from that of another, and what else may explain it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.performance import separate_runs
from orchestrator.performance.family import FEWEST_STARTS
from orchestrator.performance.separate_runs import RunRatio, Spread
from orchestrator.performance.starts import Interval
from orchestrator.performance.stats import Ratio
from orchestrator.performance.verdict import Judgement, Terms, Verdict, decide
from orchestrator.report.comparing.alike import Key
from orchestrator.report.comparing.condition import Condition
from orchestrator.report.comparing.speedups import Past, Told

SEPARATE = "separate runs: inconclusive"
AGAINST = "use --against REV, which races both in one run"
IN_ONE_RUN = "race both in one run"
# A program against its copy does not show that runs differ by less: what moves one program against
# another, such as a warmer GPU, may move those two alike. From so many degrees of freedom on the
# pair's own runs are believed instead, and rows tell of each other's spread. Even if all rows of a
# run moved as one, so that ninety told no more than one does, a false SLOWER would be in fewer than
# 1 % of reports: that often Student's t of four degrees lies beyond what is critical for many; that
# of three does more often.
LEAST_SPREAD, ENOUGH_OF_ITS_OWN = 0.003, 4


@dataclass(frozen=True)
class History:
    """What earlier runs tell of a row. spread: how much runs of one code differ; runs: on how many
    it rests; before, after: the runs of either side, the compared one first."""

    spread: Spread
    runs: int
    before: tuple[RunRatio, ...]
    after: tuple[RunRatio, ...]


@dataclass(frozen=True)
class Between:
    """A verdict on a row. judged.speedup: against the baseline after, over that before; above 1 is
    faster now; without an interval where it says nothing of the code. doubts: the conditions that
    widened the interval or took it away."""

    judged: Judgement
    history: History | None = None
    doubts: tuple[Condition, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return self.judged.verdict


def histories(keys: Sequence[Key], past: Past) -> dict[Key, History]:
    """Of all rows together, from runs of one kind; none of a row of which one of the compared runs
    tells nothing."""
    told = {key: _told_of(key, past) for key in keys if _in_both(key, past)}
    own = _together({key: one.own for key, one in told.items()})
    return {
        key: History(_larger(own[key], one.control), one.runs, one.before, one.after)
        for key, one in told.items()
    }


@dataclass(frozen=True)
class _Row:
    """As History. own: how much the pair differs from run to run; control: the baseline's two."""

    own: Spread
    control: Spread
    runs: int
    before: tuple[RunRatio, ...]
    after: tuple[RunRatio, ...]


def _in_both(key: Key, past: Past) -> bool:
    return key in past.before.pairs and key in past.after.pairs


def _told_of(key: Key, past: Past) -> _Row:
    """Runs of the code of one that is compared stand beside it, unless both are of that code."""
    provider, case, method = key
    before, after = past.before, past.after
    every = {one.run_id: one for one in (*past.others, before, after)}
    codes: dict[object, dict[str, RunRatio]] = {}
    for one in every.values():
        if key in one.pairs:
            codes.setdefault(one.code(provider), {})[one.run_id] = one.pairs[key]
    control = {one.run_id: one.controls[case, method] for one in every.values()
               if (case, method) in one.controls}  # fmt: skip
    repeated = [group for group in codes.values() if len(group) > 1]
    told = (*repeated, control) if len(control) > 1 else tuple(repeated)
    known = {run for group in told for run in group}
    return _Row(
        separate_runs.spread_of([tuple(group.values()) for group in repeated]),
        _around_one(control),
        len(known),
        _side(key, before, after, codes, past.beside),
        _side(key, after, before, codes, past.beside),
    )


def _side(
    key: Key,
    run: Told,
    other: Told,
    codes: dict[object, dict[str, RunRatio]],
    beside: frozenset[str],
) -> tuple[RunRatio, ...]:
    own = run.code(key[0])
    if own == other.code(key[0]):
        return (run.pairs[key],)
    rest = (ratio for name, ratio in codes[own].items() if name in beside)
    return (run.pairs[key], *rest)


def _together(rows: dict[Key, Spread]) -> dict[Key, Spread]:
    """With what those that were seen often enough tell of each other."""
    often = {key: one for key, one in rows.items() if one.freedom >= ENOUGH_OF_ITS_OWN}
    return {**rows, **dict(zip(often, separate_runs.moderated(tuple(often.values())), strict=True))}


def _larger(ours: Spread, theirs: Spread) -> Spread:
    """Of the pair itself in runs of one code, and of the baseline against its control in all."""
    known = [one.sd for one in (ours, theirs) if one.sd is not None]
    if not known:
        return ours
    if ours.freedom >= ENOUGH_OF_ITS_OWN:
        return replace(ours, sd=max(known))
    return replace(ours, sd=max(*known, LEAST_SPREAD), freedom=max(ours.freedom, theirs.freedom))


def _around_one(control: dict[str, RunRatio]) -> Spread:
    """One program against itself: the truth is known, so no mean is taken off."""
    if len(control) < 2:
        return Spread(None, 0)
    squares = sum(ratio.log**2 for ratio in control.values())
    return Spread(math.sqrt(squares / len(control)), len(control))


def judge(
    history: History, terms: Terms, doubts: Sequence[Condition], race: str = AGAINST
) -> Between:
    """doubts: what differs and can explain a difference. race: how to compare both in one run."""
    judged = separate_runs.judge(history.before, history.after, history.spread, terms)
    judged = replace(judged, advice=judged.advice.replace(AGAINST, race))
    unbounded = [one for one in doubts if one.up_to is None]
    if unbounded:
        why = "; ".join(f"{one.words}: {one.why}" for one in unbounded)
        advice = f"{SEPARATE}, under other conditions: {why}; {race}"
        speedup = replace(judged.speedup, low=None, high=None)
        judged = replace(judged, verdict=Verdict.INCONCLUSIVE, speedup=speedup, advice=advice)
    elif doubts:
        judged = _widened(judged, doubts, terms, race)
    return Between(judged, history, tuple(doubts))


def _widened(judged: Judgement, doubts: Sequence[Condition], terms: Terms, race: str) -> Judgement:
    """With as much on either side of the interval as the conditions can explain."""
    more = 1 + sum(one.up_to or 0.0 for one in doubts)
    speedup = judged.speedup
    if speedup.low is None or speedup.high is None:
        return judged
    wider = Ratio(speedup.median, speedup.low / more, speedup.high * more, speedup.n)
    starts = max(speedup.n, FEWEST_STARTS)
    verdict = decide(
        Interval(speedup.median, speedup.low / more, speedup.high * more, starts, 0.0),
        terms.precision,
    )
    advice = judged.advice
    if verdict is Verdict.INCONCLUSIVE and judged.verdict is not verdict:
        names = "; ".join(f"{one.words}: {one.why}" for one in doubts)
        percent = f"{100 * math.expm1(math.log(more)):.2g} %"
        advice = f"{SEPARATE}: other conditions can explain up to {percent}, {names}; {race}"
    return replace(judged, verdict=verdict, speedup=wider, advice=advice)


def unjudged(reason: str) -> Between:
    """Of a row that says nothing, and why."""
    return Between(Judgement(Verdict.INCONCLUSIVE, Ratio(1.0, None, None, 0), None, reason))
