"""One time of all benchmarks, as the queue that a problem comes from ranks by."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from orchestrator.report.figures import Figures
from orchestrator.report.section import Section
from orchestrator.report.view.sections import RankingView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.facts import Rank, Ranking
from remote_payload.contract.words import Method

_HEADER = ("Provider", "Score in µs", "Reference's score / its own")
_METHOD = Method.COLD  # its harness flushes the cache before each call that counts, too
_MADE: dict[Rank, tuple[str, Callable[[Sequence[float]], float]]] = {
    Rank.LAST: ("the mean time of its last benchmark", lambda means: means[-1]),
    Rank.MEAN: ("the mean of the mean times of its benchmarks", statistics.fmean),
    Rank.GEOM: (
        "the geometric mean of the mean times of its benchmarks",
        statistics.geometric_mean,
    ),
}


def ranking(figures: Figures | None) -> tuple[RankingView, ...]:
    """The scores of a problem that is ranked; none of any other."""
    ranked = figures.result.operator.ranking if figures else None
    if figures is None or ranked is None or not ranked.cases or not figures.rows:
        return ()
    names = dict.fromkeys(row.record.provider for row in figures.rows)
    scores = {name: score_us(name, ranked, figures) for name in names}
    known = sorted((score, name) for name, score in scores.items() if score is not None)
    base = scores.get(figures.result.operator.baseline)
    rows = tuple(
        (name, fmt.rounded(score, None), f"{base / score:.3f}×" if base else fmt.NONE)
        for score, name in known
    )
    lacking = tuple(_lacking(name, ranked, figures) for name in names if scores[name] is None)
    return (RankingView(_how(ranked), Table(_HEADER, rows), lacking),)


def score_us(provider: str, ranking: Ranking, figures: Figures) -> float | None:
    """None unless all that it is made of was timed, and nothing refutes it."""
    means = _means_us(provider, figures)
    asked = _asked(ranking)
    if any(axes not in means for axes in asked):
        return None
    return _MADE[ranking.by][1]([means[axes] for axes in asked])


def _asked(ranking: Ranking) -> tuple[tuple[tuple[str, object], ...], ...]:
    """The cases that the score is made of."""
    return ranking.cases[-1:] if ranking.by is Rank.LAST else ranking.cases


def _means_us(provider: str, figures: Figures) -> dict[tuple[tuple[str, object], ...], float]:
    """By the axes of a case."""
    return {
        row.record.case.axes: statistics.fmean(row.record.samples_us)
        for row in figures.of_method(_METHOD)
        if row.record.provider == provider and row.trusted
    }


def _how(ranking: Ranking) -> str:
    made, several = _MADE[ranking.by][0], len(ranking.cases)
    return (
        f"Where this problem comes from, the least of this ranks first ({ranking.by.value}): "
        f"{made}, of {several}; here of calls with a cold cache. It is no verdict: whether a "
        "difference is more than noise stands in the table of times, for each case."
    )


def _lacking(provider: str, ranking: Ranking, figures: Figures) -> str:
    asked, means = _asked(ranking), _means_us(provider, figures)
    missing = sum(axes not in means for axes in asked)
    counted = f"{missing} of the {len(asked)} benchmarks" if len(asked) > 1 else "the benchmark"
    verb = "have" if missing > 1 else "has"
    return f"{provider}: no score; {counted} it is made of {verb} no sound time with a cold cache"


def _summary(view: RankingView) -> str:
    first = next(iter(view.table.rows), None)
    return f"Score: {first[0]} {first[1]} µs, the least" if first else "Score: nobody has one"


SECTION = Section(10, lambda page: ranking(page.figures), _summary, answers=lambda page: True)
