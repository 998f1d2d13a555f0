"""Steps are found where they are, and not where starts merely differ."""

from __future__ import annotations

import random

import pytest

from orchestrator.performance.steps import pettitt, step_between, step_of
from tests.judging.races import record, steady


def _series(levels: list[float], seed: int = 1, noise: float = 0.003) -> list[float]:
    rng = random.Random(seed)
    return [us * (1 + noise * rng.gauss(0, 1)) for us in levels]


def test_a_series_of_one_start_that_stepped_is_told_with_both_levels_and_when() -> None:
    found = step_of(record("mine", [_series([1247.0] * 60 + [1383.0] * 40)], starts=()))
    assert found is not None
    assert (found.at, found.start, found.parts) == (60, None, 100)
    assert (found.before, found.after) == pytest.approx((1247, 1383), rel=0.002)


def test_of_several_starts_it_is_told_with_which_the_new_level_begins() -> None:
    starts = [_series([us] * 5, seed) for seed, us in enumerate([100.0] * 5 + [110.0] * 3)]
    found = step_of(record("mine", starts))
    assert found is not None
    assert (found.at, found.start, found.parts) == (25, 5, 8)
    assert (found.before, found.after) == pytest.approx((100, 110), rel=0.003)


def test_starts_that_differ_from_one_another_are_no_steps() -> None:
    """Their samples are: without regard to starts most of these would be."""
    wild = [steady(f"p{n}", starts=16, noise=0.002, between=0.03) for n in range(200)]
    assert sum(pettitt(one.samples_us)[1] < 0.001 for one in wild) > 50
    assert sum(step_of(one) is not None for one in wild) <= 1


def test_a_level_of_one_start_alone_is_an_odd_start_and_no_step() -> None:
    starts = [_series([us] * 20, seed) for seed, us in enumerate([100.0] * 7 + [130.0])]
    assert step_of(record("mine", starts)) is None


def test_a_step_of_less_than_a_percent_is_not_worth_telling() -> None:
    assert step_of(record("mine", [_series([100.0] * 50 + [100.8] * 50, noise=0.0005)])) is None


def test_a_ratio_is_free_of_a_step_that_hit_both_and_not_of_one_that_hit_one() -> None:
    levels = [100.0] * 4 + [120.0] * 4
    both = [record(name, [_series([us] * 5, seed + 50 * n) for seed, us in enumerate(levels)])
            for n, name in enumerate(("base", "mine"))]  # fmt: skip
    assert all(step_of(one) for one in both)
    assert step_between(both[0], both[1]) is None
    found = step_between(steady("steady"), both[1])
    assert found is not None
    assert found.before / found.after == pytest.approx(1.2, rel=0.01)


def test_ties_and_short_series_are_no_trouble() -> None:
    assert pettitt([]) == (0, 1.0)
    assert pettitt([1.0]) == (0, 1.0)
    assert pettitt([5.0] * 400)[1] == 1.0
    assert pettitt([1.0] * 10 + [2.0] * 10)[1] > 0.001
    at, p = pettitt([1.0] * 30 + [2.0] * 30)
    assert at == 30
    assert p < 1e-9
