"""Which interval is which verdict, and what is advised where there is none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.performance.family import Family, looks
from orchestrator.performance.starts import Interval
from orchestrator.performance.verdict import (
    Terms,
    Verdict,
    decide,
    judge,
    noise_floor,
    starts_needed,
)


def interval(low: float, high: float, starts: int = 8, spread: float = 0.01) -> Interval:
    return Interval(math.sqrt(low * high), low, high, starts, spread)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.20, 1.30, Verdict.FASTER),
        (0.70, 0.80, Verdict.SLOWER),
        (0.995, 1.005, Verdict.SAME),
        (1.002, 1.004, Verdict.SAME),
        (0.992, 0.998, Verdict.SAME),
        (1.005, 1.02, Verdict.FASTER),
        (0.98, 0.999, Verdict.SLOWER),
        (0.995, 1.012, Verdict.SAME),
        (0.99, 1.08, Verdict.INCONCLUSIVE),
        (0.1, 70.0, Verdict.INCONCLUSIVE),
    ],
)
def test_a_verdict_follows_from_the_interval_and_the_precision(
    low: float, high: float, verdict: Verdict
) -> None:
    assert decide(interval(low, high), 0.01) is verdict


@given(
    truth=st.floats(0.5, 2.0), off=st.floats(-1, 1), width=st.floats(1e-6, 0.0099), starts=st.integers(8, 64)
)  # fmt: skip
def test_whatever_the_truth_is_a_narrow_interval_decides(
    truth: float, off: float, width: float, starts: int
) -> None:
    middle = truth * math.exp(off * width)
    found = Interval(middle, middle * math.exp(-width), middle * math.exp(width), starts, 0.01)
    assert decide(found, 0.01) is not Verdict.INCONCLUSIVE


@given(low=st.floats(0.5, 2.0), width=st.floats(0, 0.5), tighter=st.floats(0.001, 1))
def test_a_narrower_interval_of_the_same_middle_takes_no_verdict_back(
    low: float, width: float, tighter: float
) -> None:
    high = low * math.exp(width)
    wide = decide(interval(low, high), 0.01)
    middle, half = math.sqrt(low * high), tighter * width / 2
    narrow = decide(interval(middle * math.exp(-half), middle * math.exp(half)), 0.01)
    assert wide is Verdict.INCONCLUSIVE or narrow is not Verdict.INCONCLUSIVE
    assert {wide, narrow} != {Verdict.FASTER, Verdict.SLOWER}


@given(low=st.floats(0.5, 2.0), width=st.floats(0, 1))
def test_trading_places_turns_faster_into_slower(low: float, width: float) -> None:
    high = low * math.exp(width)
    opposite = {Verdict.FASTER: Verdict.SLOWER, Verdict.SLOWER: Verdict.FASTER}
    there = decide(interval(low, high), 0.01)
    assert decide(interval(1 / high, 1 / low), 0.01) is opposite.get(there, there)


def test_below_8_starts_there_is_no_verdict_however_clear_it_seems() -> None:
    found = judge(interval(1.9, 2.1, starts=7), 0.001, Terms(most=7, taken_s=7.0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.advice == "7 starts are too few for a verdict, 8 would do: --starts 8 --budget 10s"


def test_what_is_open_is_told_with_the_starts_that_would_do_and_how_to_get_them() -> None:
    terms = Terms(Family(90, 4), most=64, taken_s=60.0)
    seen = interval(0.97, 1.03, starts=64, spread=0.06)
    needed = starts_needed(seen, terms)
    assert needed is not None
    assert needed > 64
    advice = judge(seen, 0.01, terms).advice
    assert advice.startswith(
        f"64 starts, which differ by 6 %, leave it open; about {needed} would "
    )
    assert f": --starts {needed} --budget " in advice
    assert advice.endswith("; or be content with --precision 4%")


def test_where_the_budget_ended_before_the_most_starts_more_of_it_is_advised_alone() -> None:
    terms = Terms(Family(1, 4), most=64, taken_s=30.0)
    advice = judge(interval(0.97, 1.03, starts=9, spread=0.02), 0.01, terms).advice
    assert "--starts" not in advice
    assert "--budget" in advice


def test_where_not_even_the_most_would_do_a_quiet_machine_is_asked_for() -> None:
    advice = judge(interval(0.5, 2.0, spread=0.9), 0.5, Terms(Family(90, 4))).advice
    assert "not even 1024 of them would decide: use a quiet machine" in advice
    assert "--precision" not in advice


def test_the_starts_needed_would_decide_if_they_were_like_those_seen() -> None:
    terms = Terms(Family(90, 4), most=64)
    seen = interval(0.97, 1.03, starts=64, spread=0.06)
    needed = starts_needed(seen, terms)
    assert needed is not None
    from orchestrator.performance.family import critical

    level = Family(90, len(looks(needed))).level
    assert critical(needed - 1, level) * 0.06 / math.sqrt(needed) <= math.log1p(0.01)


def test_the_noise_floor_is_the_largest_difference_an_aa_pair_allows() -> None:
    assert noise_floor(interval(0.99, 1.03)) == pytest.approx(0.03)
    assert noise_floor(interval(0.95, 1.03)) == pytest.approx(0.05)
