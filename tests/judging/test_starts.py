"""What starts are condensed to, and the intervals over them."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from scipy import stats

from orchestrator.performance import starts
from orchestrator.performance.stats import summarize
from tests.judging.races import record, steady


def test_each_start_is_condensed_to_one_median() -> None:
    assert starts.medians_us(record("mine", [[3.0, 1.0, 2.0], [9.0], [4.0, 6.0]])) == (
        2.0,
        9.0,
        5.0,
    )


def test_what_was_taken_while_the_clocks_were_held_back_is_left_out() -> None:
    held = record("mine", [[1.0, 50.0, 2.0, 3.0], [50.0, 50.0]], held_back=(1, 4, 5))
    assert starts.kept_us(held) == (1.0, 2.0, 3.0)
    assert starts.medians_us(held) == (2.0, None)
    assert starts.summary_of(held).median_us == 2.0


def test_a_start_that_one_of_the_two_spent_held_back_is_no_pair_and_the_others_keep_theirs() -> (
    None
):
    base = record("base", [[10.0], [20.0], [40.0]])
    mine = record("mine", [[5.0], [9.0], [10.0]], held_back=(1,))
    assert starts.log_ratios(base, mine) == pytest.approx((math.log(2), math.log(4)))


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param((), id="a result of before"),
        pytest.param((2, 2), id="fewer than there are samples"),
        pytest.param((3, 3), id="more than there are samples"),
        pytest.param((5, 0), id="a start of nothing"),
        pytest.param((6, -1), id="less than nothing"),
    ],
)
def test_nothing_is_made_of_starts_that_do_not_add_up(sizes: tuple[int, ...]) -> None:
    odd = record("mine", [[1.0, 2.0, 3.0, 4.0, 5.0]], starts=sizes)
    assert starts.medians_us(odd) == ()
    assert starts.interval(odd) is None
    assert starts.summary_of(odd) == summarize(odd.samples_us)


def test_one_start_gives_no_interval_over_starts_and_its_own_is_marked_as_such() -> None:
    alone = steady("mine", starts=1, rounds=20)
    assert starts.interval(alone) is None
    summary = starts.summary_of(alone)
    assert summary.starts == 0
    assert summary.low_us is not None


def test_the_interval_is_students_over_the_logarithms_of_the_medians() -> None:
    mine = steady("mine", between=0.02)
    logs = [math.log(us) for us in starts.medians_us(mine) if us]
    error = statistics.stdev(logs) / math.sqrt(8)
    low, high = stats.t.interval(0.95, 7, statistics.fmean(logs), error)
    found, summary = starts.interval(mine), starts.summary_of(mine)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((math.exp(low), math.exp(high)))
    assert (summary.low_us, summary.high_us, summary.starts) == (found.low, found.high, 8)
    assert found.low < summary.median_us == found.middle < found.high


def test_a_speed_up_is_free_of_what_both_met_in_a_start() -> None:
    rng = random.Random(3)
    shared = [math.exp(rng.gauss(0, 0.2)) for _ in range(8)]
    base = record("base", [[30.0 * factor] * 3 for factor in shared])
    mine = record("mine", [[20.0 * factor] * 3 for factor in shared])
    found = starts.speedup(base, mine)
    assert found is not None
    assert (found.low, found.middle, found.high) == pytest.approx((1.5, 1.5, 1.5))


def test_trading_places_turns_a_speed_up_into_its_inverse() -> None:
    one, two = steady("one", 100.0), steady("two", 130.0)
    there, back = starts.speedup(one, two, 1e-4), starts.speedup(two, one, 1e-4)
    assert there is not None
    assert back is not None
    assert (there.low, there.middle) == pytest.approx((1 / back.high, 1 / back.middle))


def test_of_two_records_only_the_starts_that_both_had_are_compared() -> None:
    found = starts.speedup(steady("base", starts=12), steady("mine", starts=9))
    assert found is not None
    assert found.starts == 9
