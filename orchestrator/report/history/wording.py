"""A history in words, for a terminal: a table of commits, what stepped, and what is not known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from orchestrator.performance.trend.levels import FEWEST_RUNS, MOST_RUNS
from orchestrator.performance.trend.trend import Point, State, Step
from orchestrator.report.history.series import Series, Shown
from orchestrator.report.wording.digits import count, percent, rounded
from orchestrator.values.text import one_line

DIGITS = 10  # of a commit
_UNCLEAN = "uncommitted edits, so it does not count"
_UNKNOWN = "git did not say whether it is as committed, so it does not count"


def lines(every: Sequence[Series]) -> Iterator[str]:
    """One series in full; of several a line each, and the steps of those that have some."""
    if len(every) == 1:
        yield from _whole(every[0])
        return
    for machine in dict.fromkeys(one.machine for one in every):
        yield f"on {_machine(machine)}:"
        for one in every:
            if one.machine == machine:
                yield f"  {_brief(one)}"
                yield from (f"    {words}" for words in steps(one))


def _whole(one: Series) -> Iterator[str]:
    yield f"{one_line(one.name)}, on {_machine(one.machine)}"
    yield figures(one)
    yield from _table(one)
    yield verdict(one)
    yield from steps(one)
    yield from notes(one)


def figures(one: Series) -> str:
    """What its figures are, and how to read them."""
    if not one.baseline:
        return f"{one.unit}, lower is faster; no baseline ran beside most of the runs"
    cancels = "what a run has of its own cancels in that"
    return f"times as fast as {one.baseline}, which ran beside it in each run: {cancels}"


def _table(one: Series) -> Iterator[str]:
    rows = [("commit", "made", "runs", "figure (95 %)", ""), *points(one)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        yield "  ".join((*cells, row[4])).rstrip()


def points(one: Series) -> Iterator[tuple[str, str, str, str, str]]:
    """Each commit, when it was made, of how many runs, its figure, and what is to be said of it;
    then the runs that stand for none."""
    dates: dict[str, str] = {}
    for run in one.runs:
        dates.setdefault(run.commit, (run.committed_at or run.at)[:10])
    begins = {step.at: step for step in one.trend.steps}
    for number, point in enumerate(one.trend.points):
        note = f"<- {change(one, begins[number])}" if number in begins else ""
        yield point.commit[:DIGITS], dates[point.commit], str(point.runs), figure(point), note
    yield from map(_beside, one.beside)


def _beside(run: Shown) -> tuple[str, str, str, str, str]:
    mark, why = ("+", _UNCLEAN) if run.is_clean is False else ("?", _UNKNOWN)
    value = rounded(run.value, (run.high - run.low) / 2 if run.high and run.low else None)
    return f"{run.commit[:DIGITS]}{mark}", run.at[:10], "1", value, why


def _brief(one: Series) -> str:
    points = one.trend.points
    if not points:
        beside = [f"{count(len(one.beside), 'run')} for no commit"] if one.beside else []
        return "; ".join((f"{one_line(one.name)}: {verdict(one)}", *beside, *_left_out(one)))
    many = f"{count(one.trend.runs, 'run')} of {count(len(points), 'commit')}"
    return f"{one_line(one.name)}: {verdict(one)}; {many}, last {figure(points[-1])} {one.what}"


def figure(point: Point) -> str:
    """`1.203 (1.190–1.217)`; `*` where the interval is by what one run says of itself."""
    middle = math.exp(point.log)
    if point.half is None:
        return f"{rounded(middle, None)} (no interval)"
    low, high = (math.exp(point.log + sign * point.half) for sign in (-1, 1))
    half = (high - low) / 2
    own = "" if point.by_runs else "*"
    return f"{rounded(middle, half)} ({rounded(low, half)}–{rounded(high, half)}){own}"


def verdict(one: Series) -> str:
    """What is known of steps; "no step" always with what would have been found."""
    trend = one.trend
    if trend.state is State.FOUND:
        return f"{count(len(trend.steps), 'step')} found"
    if trend.state is State.TOO_FEW:
        why = "of one commit" if len(trend.points) == 1 else f"{FEWEST_RUNS} are the fewest"
        return f"not enough runs: {trend.runs}, {why}"
    assert trend.smallest is not None
    return f"no step found; one of {percent(math.expm1(trend.smallest))} halfway would have been"


def steps(one: Series) -> Iterator[str]:
    """Each step, with where it may lie."""
    for step in one.trend.steps:
        yield f"{change(one, step)} with {_where(one, step)}"


def change(one: Series, step: Step) -> str:
    """`slower by 5.1 % (4.0–6.2 %)`: of the time that a call takes, whatever is told."""
    sign = -1 if one.baseline else 1  # a ratio is the other way round
    log, *ends = (sign * each for each in (step.log, step.low, step.high))
    low, high = sorted(ends)
    word = "slower" if log > 0 else "faster"
    if log < 0:
        log, low, high = -log, -high, -low
    told = (percent(math.expm1(each)) for each in (log, low, high))
    middle, least, most = told
    return f"{word} by {middle} ({least} to {most}, 99 %)"


def is_slower(one: Series, step: Step) -> bool:
    return (step.log < 0) is bool(one.baseline)


def _where(one: Series, step: Step) -> str:
    points = one.trend.points
    if step.first == step.last:
        return f"{points[step.at].commit[:DIGITS]}, after {points[step.at - 1].commit[:DIGITS]}"
    between = f"{points[step.first].commit[:DIGITS]} to {points[step.last].commit[:DIGITS]}"
    return f"one of {between}, most likely {points[step.at].commit[:DIGITS]}"


def notes(one: Series) -> Iterator[str]:
    """What has to be known of the figures."""
    trend = one.trend
    if trend.spread is not None:
        yield (
            f"runs on one level differ by {percent(trend.spread)} (standard deviation), by "
            "which every interval is made"
        )
    elif trend.points:
        yield "* by what a run says of itself alone: no commit was run often enough to tell more"
    if trend.outside:
        way = "above" if trend.away > 0 else "below"
        far = percent(abs(math.expm1(trend.away)))
        last = "the last run lies" if trend.outside == 1 else f"the last {trend.outside} runs lie"
        yield f"{last} {far} {way} the level before: too few to be one; run it again"
    if trend.left_out:
        early = count(trend.left_out, "earlier run")
        yield f"{early} left out: the latest {MOST_RUNS} are looked at"
    yield from _left_out(one)


def _left_out(one: Series) -> Iterator[str]:
    return (f"{count(number, 'run')} left out, {why}" for why, number in one.left_out)


def _machine(machine: str) -> str:
    return one_line(machine) or "a machine of which nothing is known"
