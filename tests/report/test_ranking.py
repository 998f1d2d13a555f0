"""The score of a problem that a queue somewhere ranks: whose it is, and who has none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.report.figures import Figures, figures
from orchestrator.report.render import render
from orchestrator.report.sections.findings.ranking import ranking, score_us
from orchestrator.values.run import Run
from remote_payload.contract.facts import Rank, Ranking
from remote_payload.contract.words import Method, Status
from tests.report import synthetic

TIMES_US = {
    8: 1000.0,
    16: 2000.0,
    96: 8000.0,
}  # by the case's heads; the mean of samples is their median


def ranked(by: Rank, **slower: float) -> Figures:
    """SYNTHETIC: sdpa takes TIMES_US with a cold cache, and others so many times more."""
    cases = [synthetic.case(heads) for heads in TIMES_US]
    names = ("sdpa", *slower)
    checks = tuple(synthetic.check(name, of) for of in cases for name in names)
    records = [
        synthetic.bench(
            name, of, synthetic.samples(TIMES_US[of.size("H")] * factor), method=method, calls=1
        )
        for of in cases
        for name, factor in {"sdpa": 1.0, **slower}.items()
        for method in (Method.BACK_TO_BACK, Method.COLD)
    ]
    result = synthetic.described(
        replace(synthetic.gpu_result(), checks=checks, bench=tuple(records))
    )
    facts = replace(result.operator, ranking=Ranking(by, tuple(one.axes for one in cases)))
    return figures(replace(result, operator=facts))


@pytest.mark.parametrize(
    ("by", "score"),
    [(Rank.LAST, 8000.0), (Rank.MEAN, 11000 / 3), (Rank.GEOM, (1.0 * 2 * 8) ** (1 / 3) * 1000)],
)
def test_that_a_score_is_made_as_the_task_says(by: Rank, score: float) -> None:
    found = ranked(by)
    rule = found.result.operator.ranking
    assert rule is not None
    assert score_us("sdpa", rule, found) == pytest.approx(score, rel=1e-6)


def test_that_the_least_is_first_beside_the_reference() -> None:
    (view,) = ranking(ranked(Rank.GEOM, mine=0.5, theirs=2.0))
    assert [(row[0], row[2]) for row in view.table.rows] == [
        ("mine", "2.000×"),
        ("sdpa", "1.000×"),
        ("theirs", "0.500×"),
    ]
    assert not view.lacking


def test_that_who_lacks_a_time_has_no_score_and_is_named() -> None:
    whole = ranked(Rank.MEAN, mine=0.5)
    bench = tuple(
        replace(one, status=Status.FAILED)
        if one.provider == "mine" and one.method is Method.COLD and one.case.size("H") == 16
        else one
        for one in whole.result.bench
    )
    (view,) = ranking(figures(replace(whole.result, bench=bench)))
    assert [row[0] for row in view.table.rows] == ["sdpa"]
    assert view.lacking == (
        "mine: no score; 1 of the 3 benchmarks it is made of has no sound time with a cold cache",
    )


def test_that_the_last_alone_counts_where_the_last_is_ranked() -> None:
    whole = ranked(Rank.LAST, mine=0.5)
    bench = tuple(one for one in whole.result.bench if one.case.size("H") == 96)
    (view,) = ranking(figures(replace(whole.result, bench=bench)))
    assert [row[0] for row in view.table.rows] == ["mine", "sdpa"]


def test_that_a_problem_that_nobody_ranks_has_no_score() -> None:
    assert "## Score" not in render(synthetic.run(synthetic.gpu_result())).markdown
    assert ranking(None) == ()
    whole = ranked(Rank.MEAN).result
    nothing = replace(whole.operator, ranking=Ranking(Rank.MEAN, ()))
    assert ranking(figures(replace(whole, operator=nothing))) == ()


def test_that_the_report_says_what_the_score_is() -> None:
    run: Run = synthetic.run(ranked(Rank.GEOM, mine=0.5).result)
    text = render(run).markdown
    assert "## Score" in text
    assert "the geometric mean of the mean times of its benchmarks, of 3" in text
