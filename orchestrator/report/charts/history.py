"""A figure over commits: a line for each machine, its levels, and where it steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from orchestrator.performance.trend.trend import Trend
from orchestrator.report.charts.drawing import INK, MUTED, Chart, Sketch, blank, label, sketched
from orchestrator.report.history.series import Series
from orchestrator.report.history.wording import DIGITS, change

_LOOKS = (
    *(("#D55E00", "o"), ("#0072B2", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v")),
    *(("#56B4E9", "P"), ("#332288", "X"), ("#882255", "*"), ("#999933", "<"), ("#117733", ">")),
)
_MOST_NAMES = 24  # of commits below the axis


def history(every: Sequence[Series]) -> Chart:
    """One drawing of all, which are of the same figure; the commits of one machine stand where they
    follow those of the others."""
    first = every[0]
    title = f"{first.provider}, {first.case}, {first.method}"
    if len({one.provider for one in every}) > 1 or len({one.case for one in every}) > 1:
        title = f"History of {first.operator}"
    return sketched("history.svg", title, lambda: _draw(title, every))


def _draw(title: str, every: Sequence[Series]) -> Sketch:
    places = _places(every)
    sketch = blank(title)
    axes = sketch.axes
    sketch.figure.set_size_inches(max(7.6, min(0.28 * len(places), 20)), 4.4)
    for number, one in enumerate(every):
        color, marker = _LOOKS[number % len(_LOOKS)]
        points = one.trend.points
        across = [places[point.commit] for point in points]
        middles = [math.exp(point.log) for point in points]
        downs, ups = _ends(one.trend)
        axes.errorbar(
            across,
            middles,
            yerr=[downs, ups],
            color=color,
            marker=marker,
            markersize=5,
            linewidth=0.8,
            elinewidth=1.2,
            capsize=2,
            label=label(_name(one, every)),
        )
        _levels(axes, one, across, color)
        _unclean(axes, one, places, color, marker)
    shown = sorted(places.items(), key=lambda each: each[1])
    step = max(1, math.ceil(len(shown) / _MOST_NAMES))
    named = shown[::step]
    axes.set_xticks(
        [place for _, place in named],
        [label(commit[:DIGITS]) for commit, _ in named],
        rotation=60,
        ha="right",
        fontsize=8,
    )
    axes.set_xlabel("commit, in order; + edited since, of no account")
    axes.set_ylabel(label(every[0].what) + " (median, 95 % interval)")
    axes.legend(loc="best", fontsize=8)
    return sketch


def _places(every: Sequence[Series]) -> dict[str, int]:
    """Each commit's place, by when it was made, else first run."""
    when: dict[str, tuple[str, str]] = {}
    for one in every:
        for run in (*one.runs, *one.beside):
            known = when.get(run.commit, ("", run.at))
            when[run.commit] = (known[0] or run.committed_at, min(known[1], run.at))
    ordered = sorted(when, key=lambda commit: (when[commit][0] or when[commit][1], when[commit][1]))
    return {commit: place for place, commit in enumerate(ordered)}


def _ends(trend: Trend) -> tuple[list[float], list[float]]:
    """How far intervals reach down and up."""
    halves = [(math.exp(point.log), point.half or 0.0) for point in trend.points]
    downs = [middle - middle * math.exp(-half) for middle, half in halves]
    return downs, [middle * math.exp(half) - middle for middle, half in halves]


def _name(one: Series, every: Sequence[Series]) -> str:
    alone = len({(each.provider, each.case, each.method) for each in every}) == 1
    return one.machine if alone else f"{one.name}, {one.machine}"


def _levels(axes: Any, one: Series, across: list[int], color: str) -> None:
    trend = one.trend
    ends = (0, *(step.at for step in trend.steps), len(across))
    for level, start, end in zip(trend.levels, ends, ends[1:], strict=False):
        axes.hlines(
            math.exp(level),
            across[start] - 0.4,
            across[end - 1] + 0.4,
            color=color,
            linewidth=2.4,
            alpha=0.5,
        )
    for step in trend.steps:
        axes.axvspan(
            across[step.first] - 0.5, across[step.last] - 0.3, color=MUTED, alpha=0.25, linewidth=0
        )
        axes.annotate(
            label(change(one, step).partition(" (")[0]),
            (across[step.at], math.exp(trend.points[step.at].log)),
            xytext=(4, 10),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )


def _unclean(axes: Any, one: Series, places: dict[str, int], color: str, marker: str) -> None:
    """Runs that stand for no commit: hollow, and joined to nothing."""
    if one.beside:
        axes.plot(
            [places[run.commit] + 0.3 for run in one.beside],
            [run.value for run in one.beside],
            linestyle="none",
            marker=marker,
            markerfacecolor="none",
            color=color,
        )
