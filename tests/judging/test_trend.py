"""Steps of a history are found where they are, and not where runs merely differ."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy import stats

from benchmarks.calibration.history import false_share, found_share
from benchmarks.calibration.series import NOISES, ours
from orchestrator.performance.trend.levels import find_levels
from orchestrator.performance.trend.students import normal_of, student_of
from orchestrator.performance.trend.trend import Draw, State, Trend, trend_of


def draws(levels: list[float], sd: float = 0.01, each: int = 1, seed: int = 1) -> list[Draw]:
    """A commit for each level, and so many runs of each."""
    rng = random.Random(seed)
    return [
        Draw(f"commit {number}", math.log(level) + rng.gauss(0, sd), 0.002)
        for number, level in enumerate(levels)
        for _ in range(each)
    ]


def told(trend: Trend) -> list[int]:
    return [step.at for step in trend.steps]


@pytest.mark.parametrize("noise", [one for one in NOISES if not one.beyond], ids=lambda n: n.name)
def test_that_runs_that_merely_differ_have_no_step_whatever_their_noise(noise: object) -> None:
    assert isinstance(noise, type(NOISES[0]))
    for runs in (10, 40, 120):
        series = noise.draw(np.random.default_rng(runs), 80, runs)
        # Of 80, at most 1 % with a step: four would be there in one of 70 such tests of a true 1 %.
        assert false_share(ours, 0.03, series) <= 3 / 80


def test_that_a_step_is_found_and_is_where_it_is_said_to_be() -> None:
    series = NOISES[0].draw(np.random.default_rng(2), 60, 40)
    found = found_share(0.01, 0.05, series)
    assert found.found >= 0.95
    assert found.placed >= 0.95
    assert found_share(0.03, 0.03, series).found < 0.2, "which no 40 runs can tell"


def test_that_a_level_is_told_with_its_interval_and_between_which_commits_it_begins() -> None:
    trend = trend_of(draws([100.0] * 14 + [106.0] * 10))
    (step,) = trend.steps
    assert trend.state is State.FOUND
    assert (step.at, step.first <= 14 <= step.last) == (14, True)
    assert step.low < math.log(1.06) < step.high
    assert step.high - step.low < 0.05
    assert [math.exp(level) for level in trend.levels] == pytest.approx([100, 106], rel=0.01)


def test_that_a_step_up_and_one_down_are_two() -> None:
    assert told(trend_of(draws([100.0] * 12 + [110.0] * 9 + [100.0] * 12))) == [12, 21]


def test_that_a_level_begins_with_a_commit_and_never_among_its_runs() -> None:
    trend = trend_of(draws([100.0] * 4 + [108.0] * 3, each=4))
    assert told(trend) == [4]
    assert [point.runs for point in trend.points] == [4] * 7


def test_that_odd_runs_are_no_level_and_hide_none() -> None:
    odd = [100.0] * 12 + [140.0] + [100.0] * 8 + [170.0, 60.0] + [100.0] * 12
    assert trend_of(draws(odd)).state is State.NONE
    for number in (3, 17, 30):
        stepped = [100.0] * 18 + [106.0] * 18
        stepped[number] *= 1.5
        (step,) = trend_of(draws(stepped)).steps
        assert step.first <= 18 <= step.last
        assert abs(step.at - 18) <= 1, "where an odd run stands beside it"


def test_that_few_runs_are_called_so_and_no_step_is_only_said_with_what_would_have_shown() -> None:
    few = trend_of(draws([100.0] * 5 + [120.0] * 4))
    assert (few.state, few.smallest, few.spread) == (State.TOO_FEW, None, None)
    assert trend_of(draws([100.0], each=40)).state is State.TOO_FEW, "of one commit"
    none = trend_of(draws([100.0] * 20))
    assert none.state is State.NONE
    assert none.smallest is not None
    found = [trend_of(draws([100.0] * 10 + [100 * math.exp(none.smallest)] * 10, seed=seed))
             for seed in range(20)]  # fmt: skip
    assert sum(one.state is State.FOUND for one in found) >= 15


def test_that_a_point_is_as_sure_as_runs_repeat_and_never_surer_than_a_run_says_of_itself() -> None:
    once, often = (trend_of(draws([100.0] * 12, each=each)).points[0] for each in (1, 4))
    assert once.half is not None
    assert often.half is not None
    assert often.half < once.half
    alone = trend_of(draws([100.0, 101.0])).points[0]
    assert (alone.half, alone.by_runs) == (0.002, False)
    quiet = trend_of([Draw(str(number), 1.0, 0.05) for number in range(12)]).points[0]
    assert (quiet.half, quiet.by_runs) == (0.05, True)


@pytest.mark.parametrize(("alike", "each"), [(0.0, 3), (0.0, 7), (0.5, 1), (0.5, 2), (0.5, 5)])
def test_that_the_interval_of_a_point_holds_what_its_commit_takes(alike: float, each: int) -> None:
    rng = np.random.default_rng(each)
    held = []
    for _ in range(25):
        logs = [rng.normal(0, 0.01)]
        for noise in rng.normal(0, 0.01 * math.sqrt(1 - alike**2), 20 * each - 1):
            logs.append(alike * logs[-1] + noise)
        made = [Draw(f"commit {at // each}", log) for at, log in enumerate(logs)]
        held += [abs(point.log) <= (point.half or 0.0) for point in trend_of(made).points]
    assert np.mean(held) > 0.93  # of 500; 95 % and more are promised


def test_that_the_last_runs_off_their_level_are_told_before_they_are_one() -> None:
    trend = trend_of(draws([100.0] * 16 + [120.0] * 2))
    assert (trend.state, trend.outside) == (State.NONE, 2)
    assert trend.away == pytest.approx(math.log(1.2), abs=0.03)
    assert trend_of(draws([100.0] * 18)).outside == 0


def test_that_runs_without_any_scatter_are_judged_too() -> None:
    flat = trend_of(draws([100.0] * 6 + [103.0] * 6, sd=0.0))
    assert told(flat) == [6]
    assert trend_of(draws([100.0] * 6 + [100.5] * 6, sd=0.0)).state is State.NONE, "below 1 %"


def test_that_many_series_told_together_are_each_asked_for_more() -> None:
    logs = [one.log for one in draws([100.0] * 10 + [103.0] * 10)]
    alone, together = (find_levels(logs, range(1, 20), series).chance for series in (1, 100))
    assert together > alone + 0.7


@pytest.mark.parametrize("freedom", [5, 8, 30, 300])
def test_that_students_t_by_formulas_is_what_scipy_says(freedom: int) -> None:
    for level in (0.05, 0.01, 0.001):
        by_formula = student_of(float(stats.norm.isf(level / 2)), freedom)
        assert by_formula == pytest.approx(stats.t.isf(level / 2, freedom), rel=0.025)
    assert normal_of(student_of(3.0, freedom), freedom) == pytest.approx(3.0)
