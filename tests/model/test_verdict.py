"""Verdicts need an interval and a noise floor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.performance.stats import Ratio
from orchestrator.performance.verdict import Verdict, judge, noise_floor


@pytest.mark.parametrize(
    ("low", "high", "noise", "verdict"),
    [
        (1.20, 1.30, 0.005, Verdict.FASTER),
        (0.70, 0.80, 0.005, Verdict.SLOWER),
        (0.995, 1.005, 0.005, Verdict.SAME),
        (0.99, 1.08, 0.005, Verdict.INCONCLUSIVE),
        (1.005, 1.02, 0.005, Verdict.INCONCLUSIVE),
        (1.02, 1.04, 0.03, Verdict.INCONCLUSIVE),
        (1.002, 1.004, 0.0, Verdict.SAME),
        (0.96, 1.04, 0.05, Verdict.SAME),
        (0.96, 1.04, 0.06, Verdict.INCONCLUSIVE),
        (0.1, 70.0, 190.0, Verdict.INCONCLUSIVE),
    ],
)
def test_a_verdict_follows_from_interval_noise_and_minimum_effect(
    low: float, high: float, noise: float, verdict: Verdict
) -> None:
    assert judge(Ratio((low + high) / 2, low, high, 20), noise).verdict is verdict


def test_too_few_rounds_are_inconclusive_and_say_so() -> None:
    judgement = judge(Ratio(2.0, None, None, 5), 0.001)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "at least 6 rounds" in judgement.advice


def test_without_a_control_nothing_is_concluded() -> None:
    judgement = judge(Ratio(2.0, 1.9, 2.1, 20), None)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "A/A control" in judgement.advice


def test_a_noisy_machine_is_told_to_be_quiet_and_a_quiet_one_to_go_on() -> None:
    straddling = Ratio(1.05, 0.9, 1.2, 20)
    assert "quiet machine" in judge(straddling, 0.10).advice
    assert "80 samples" in judge(straddling, 0.01).advice


@given(
    st.floats(min_value=0.2, max_value=5.0),
    st.floats(min_value=0.0, max_value=0.5),
    st.floats(min_value=0.0, max_value=0.3),
)
def test_trading_places_turns_faster_into_slower(low: float, width: float, noise: float) -> None:
    high = low + width
    opposite = {Verdict.FASTER: Verdict.SLOWER, Verdict.SLOWER: Verdict.FASTER}
    there = judge(Ratio(low, low, high, 20), noise).verdict
    back = judge(Ratio(1 / low, 1 / high, 1 / low, 20), noise).verdict
    if there in opposite:
        assert back is opposite[there]


@given(st.floats(min_value=0.2, max_value=5.0), st.floats(min_value=0.0, max_value=1.0))
def test_more_noise_never_makes_a_verdict_bolder(median: float, noise: float) -> None:
    speedup = Ratio(median, median * 0.98, median * 1.02, 20)
    bold = (Verdict.FASTER, Verdict.SLOWER)
    if judge(speedup, noise + 0.1).verdict in bold:
        assert judge(speedup, noise).verdict in bold


def test_the_noise_floor_is_the_largest_difference_an_aa_pair_allows() -> None:
    assert noise_floor(Ratio(1.0, 0.97, 1.01, 20)) == pytest.approx(0.03)
    assert noise_floor(Ratio(1.0, None, None, 3)) is None
