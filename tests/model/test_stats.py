"""Medians, intervals and ratios, checked against exact binomial arithmetic."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.performance.stats import (
    median_interval,
    ratio,
    summarize,
    usable,
)

times = st.floats(min_value=1e-3, max_value=1e6)


def coverage(n: int) -> float:
    """Exact probability that the interval chosen for n samples covers the median."""
    interval = median_interval(range(n))
    assert interval is not None
    k = int(interval[0]) + 1
    return 1 - 2 * sum(math.comb(n, i) for i in range(k)) / float(2**n)


@pytest.mark.parametrize("n", range(1, 6))
def test_fewer_than_six_samples_give_no_interval(n: int) -> None:
    assert median_interval(range(n)) is None


@pytest.mark.parametrize("n", [6, 7, 8, 9, 15, 20, 50, 99, 100, 1000])
def test_the_interval_covers_the_median_with_at_least_95_percent_and_not_much_more(n: int) -> None:
    assert 0.95 <= coverage(n) < (0.995 if n < 50 else 0.975)


def test_the_textbook_interval_of_twenty_samples_is_the_sixth_to_the_fifteenth() -> None:
    assert median_interval(range(1, 21)) == (6, 15)


@pytest.mark.parametrize("n", [1023, 1024, 5000])
def test_any_number_of_samples_has_an_interval(n: int) -> None:
    low, high = median_interval([float(value) for value in range(n)]) or (None, None)
    assert low is not None
    assert high is not None
    # The normal approximation, 1.96 · sqrt(n) / 2 on either side.
    assert high - low == pytest.approx(1.96 * math.sqrt(n), abs=3)


def test_the_interval_covers_a_skewed_distribution_as_often_as_promised() -> None:
    draw = random.Random(7)
    trials = [
        median_interval([draw.expovariate(1.0) for _ in range(20)]) or (0.0, 0.0)
        for _ in range(1000)
    ]
    hits = sum(low <= math.log(2) <= high for low, high in trials)
    assert hits >= 940


@given(st.lists(times, min_size=6, max_size=60))
def test_the_median_lies_in_its_interval_and_between_the_quantiles(samples: list[float]) -> None:
    summary = summarize(samples)
    assert summary.low_us is not None
    assert summary.high_us is not None
    assert min(samples) <= summary.low_us <= summary.median_us <= summary.high_us <= max(samples)
    slack = 1 + 1e-12  # quantiles are interpolated
    assert summary.p20_us <= summary.median_us * slack
    assert summary.median_us <= summary.p80_us * slack


@given(st.lists(times, min_size=6, max_size=40), st.floats(min_value=1.0, max_value=100.0))
def test_slower_samples_never_give_a_smaller_summary(samples: list[float], factor: float) -> None:
    before, after = summarize(samples), summarize([factor * sample for sample in samples])
    assert after.median_us >= before.median_us
    assert after.p80_us >= before.p80_us
    assert after.cv == pytest.approx(before.cv, abs=1e-9)


@pytest.mark.parametrize("samples", [[], [0.0], [-1.0], [float("nan")], [1.0, float("inf")]])
def test_what_is_not_a_time_is_refused(samples: list[float]) -> None:
    assert not usable(samples)
    with pytest.raises(ValueError, match="above zero"):
        summarize(samples)


def test_a_single_sample_is_its_own_summary_without_an_interval() -> None:
    summary = summarize([3.0])
    assert (summary.median_us, summary.p20_us, summary.p80_us, summary.cv) == (3.0, 3.0, 3.0, 0.0)
    assert summary.half_width_us is None


def test_pairing_by_round_cancels_drift_that_hits_both() -> None:
    drift = [1 + 0.05 * n for n in range(20)]
    both = ratio([20 * d for d in drift], [10 * d for d in drift])
    assert both.low == pytest.approx(2.0)
    assert both.high == pytest.approx(2.0)


@given(st.lists(st.tuples(times, times), min_size=6, max_size=40))
def test_swapping_the_two_sides_inverts_the_interval(pairs: list[tuple[float, float]]) -> None:
    a, b = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = ratio(a, b), ratio(b, a)
    assert there.low is not None
    assert back.high is not None
    assert there.low == pytest.approx(1 / back.high)


def test_an_interrupted_provider_is_paired_as_far_as_it_got() -> None:
    assert ratio([2.0] * 9, [1.0] * 7).n == 7


def test_a_ratio_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        ratio([], [1.0])
