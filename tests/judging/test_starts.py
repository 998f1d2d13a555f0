"""What starts are condensed to, and the intervals over them."""

from __future__ import annotations

import math
import random
import statistics

import numpy as np
import pytest
from scipy import stats

from orchestrator.performance import starts
from orchestrator.performance.stats import summarize
from orchestrator.performance.verdict import Verdict, decide
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
    low, high = stats.t.interval(1 - 0.025, 7, statistics.fmean(logs), error)
    found, summary = starts.interval(mine), starts.summary_of(mine)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((math.exp(low), math.exp(high)))
    assert found.spread == pytest.approx(statistics.stdev(logs))
    assert (summary.low_us, summary.high_us, summary.starts) == (found.low, found.high, 8)
    assert found.low < summary.median_us == found.middle < found.high


def test_where_some_starts_are_odd_the_interval_is_that_of_the_inner_ones() -> None:
    """Yuen's: the error of a trimmed mean by the sample whose ends were drawn in."""
    logs = [0.001 * number for number in range(16)]
    logs[3], logs[7], logs[11] = 0.4, -0.3, 0.5
    found = starts.of_logs(logs, 0.01)
    assert found is not None
    ends_drawn_in = np.asarray(stats.mstats.winsorize(np.array(logs), (0.2, 0.2)))
    error = ends_drawn_in.std(ddof=1) * math.sqrt(15 / (10 * 9))
    middle = stats.trim_mean(logs, 0.2)
    low, high = stats.t.interval(1 - 0.01 / 4, 9, middle, error)
    assert (found.low, found.high) == pytest.approx((math.exp(low), math.exp(high)))
    assert found.middle == pytest.approx(math.exp(middle))
    assert found.spread == pytest.approx(error * 4)
    of_all = stats.t.interval(0.99, 15, statistics.fmean(logs), statistics.stdev(logs) / 4)
    assert found.half_width < (of_all[1] - of_all[0]) / 10


def test_of_fewer_than_sixteen_starts_none_is_left_out() -> None:
    logs = [0.0, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.9]
    found = starts.of_logs(logs, 0.01)
    assert found is not None
    assert found.middle == pytest.approx(math.exp(statistics.fmean(logs)))


def test_a_few_odd_starts_average_no_coarse_clock_out() -> None:
    """All but two lie on one step of it, as those of the other do on the next."""
    on_a_grid = [[100.0] * 3 + [101.0] * 2 for _ in range(14)] + [[140.0] * 5, [150.0] * 5]
    next_to_it = [[101.0] * 3 + [100.0] * 2 for _ in range(14)] + [[139.0] * 5, [149.0] * 5]
    found = starts.speedup(record("one", on_a_grid), record("two", next_to_it), 0.01)
    assert found is not None
    assert found.low < 1 < found.high


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


def test_a_clock_that_is_coarse_leaves_half_a_step_of_it_open_on_either_side() -> None:
    coarse = record("mine", [[5.0, 5.0, 5.0, 6.0, 5.0]] * 8)
    found = starts.interval(coarse)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((4.5, 5 / 0.9))
    other = starts.speedup(coarse, record("other", [[6.0, 6.0, 6.0, 5.0, 6.0]] * 8), 1e-4)
    assert other is not None
    assert other.high > 1 > 5 / 6 > other.low, "5 and 6 may be 5.5 and 5.5"


def test_a_grid_that_starts_average_out_or_that_is_none_leaves_nothing_open() -> None:
    wild = record("mine", [[float(us)] * 5 for us in (5, 6, 7, 5, 6, 8, 5, 7)])
    assert starts.rounding(wild) == 0
    assert starts.rounding(steady("mine")) == 0


def test_two_starts_that_are_worlds_apart_leave_everything_open_and_break_nothing() -> None:
    """One of them was held up: at the level of a report a t of one degree of freedom is hundreds."""
    base, mine = record("base", [[5000.0], [100.0]]), record("mine", [[130.0], [900.0]])
    found = starts.speedup(base, mine, 1e-4)
    assert found is not None
    assert 0 < found.low < 1e-20
    assert 1e20 < found.high < math.inf
    assert decide(found, 0.01) is Verdict.INCONCLUSIVE
    time = starts.interval(base, 1e-9)
    assert time is not None
    assert time.half_width == pytest.approx(starts.NOTHING_KNOWN)
