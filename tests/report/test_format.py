"""Numbers carry no more digits than their interval warrants."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.performance.stats import Ratio, summarize
from orchestrator.report.wording import format as fmt


@pytest.mark.parametrize(
    ("value", "half_width", "text"),
    [
        (366.7183, 0.81, "366.7"),
        (366.7183, 0.12, "366.72"),
        (366.7183, 3.2, "366.7"),
        (366.7183, 5.0, "367"),
        (366.7183, 12.0, "367"),
        (366.7183, 60.0, "370"),
        (12345.6, 700.0, "12300"),
        (3.8199, 0.009, "3.820"),
        (366.7183, None, "367"),
        (0.012345, None, "0.0123"),
        (12345.6, None, "12300"),
        (366.7183, 1e-9, "366.718"),
        (0.0, 1.0, "0"),
    ],
)
def test_the_last_digit_is_the_first_uncertain_one(
    value: float, half_width: float | None, text: str
) -> None:
    assert fmt.rounded(value, half_width) == text


@given(st.floats(1e-3, 1e7), st.floats(1e-6, 1e3))
def test_rounding_never_moves_a_value_by_more_than_its_half_width(
    value: float, half_width: float
) -> None:
    finest = 10 ** (math.floor(math.log10(value)) - 5)
    assert abs(float(fmt.rounded(value, half_width)) - value) <= max(half_width, finest)


def test_a_time_is_printed_with_its_interval_or_without_one() -> None:
    samples = [360.0 + n for n in range(20)]
    assert fmt.with_interval(summarize(samples)) == "370 (365–374)"
    assert fmt.with_interval(summarize(samples), per=96) == "3.85 (3.80–3.90)"
    assert fmt.with_interval(summarize(samples[:3])) == "361 (no interval)"


def test_a_ratio_is_printed_with_its_interval_or_without_one() -> None:
    assert fmt.times(Ratio(1.2345, 1.21, 1.26, 20)) == "1.234× (1.210–1.260)"
    assert fmt.times(Ratio(1.2345, None, None, 3)) == "1.23× (no interval)"


def test_percentages_counts_and_unknowns_read_like_a_sentence() -> None:
    assert [fmt.percent(f) for f in (0.0025, 0.05, 0.123, 1.07)] == [
        "0.25 %",
        "5 %",
        "12 %",
        "107 %",
    ]
    assert [fmt.count(n, "call") for n in (0, 1, 2)] == ["0 calls", "1 call", "2 calls"]
    assert fmt.optional(None, "MHz") == "—"
    assert fmt.optional(1755.4, "MHz") == "1755 MHz"
    assert fmt.error(None) == "—"
