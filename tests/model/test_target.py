"""Tiers are bound to their shape and judged one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.stats import Summary, summarize
from orchestrator.model.target import TARGET_SHAPE, TIERS, Outcome, judge_tiers
from remote_payload.contract import DType

P, F, I = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE  # noqa: E741


def summary(low: float, high: float) -> Summary:
    """A summary whose interval is [low, high] µs per head."""
    heads = TARGET_SHAPE.heads
    low_us, high_us = low * heads, high * heads
    return Summary((low_us + high_us) / 2, low_us, high_us, 0.01, 20, low_us, high_us)


def outcomes(of: Summary | None) -> list[Outcome]:
    return [judged.outcome for judged in judge_tiers(TARGET_SHAPE, of, on_gpu=True)]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (3.846, 3.860, [F, F, F]),
        (3.810, 3.846, [I, F, F]),
        (3.810, 3.820, [P, F, F]),
        (2.990, 3.000, [P, I, F]),
        (2.980, 2.999, [P, P, F]),
        (1.900, 1.990, [P, P, P]),
        (1.990, 2.000, [P, P, I]),
        (2.000, 2.010, [P, P, F]),
        (3.820, 3.820, [P, F, F]),
    ],
)
def test_every_tier_is_judged_by_the_whole_interval(
    low: float, high: float, expected: list[Outcome]
) -> None:
    assert outcomes(summary(low, high)) == expected


def test_a_few_samples_are_inconclusive_however_fast() -> None:
    assert outcomes(summarize([100.0] * 5)) == [I, I, I]


@pytest.mark.parametrize(
    "changes",
    [
        {"heads": 64},
        {"seq": 4096},
        {"dim": 128},
        {"batch": 1},
        {"causal": True},
        {"dtype": DType.BF16},
    ],
)
def test_another_shape_is_not_judged_and_named(changes: dict[str, object]) -> None:
    other = replace(TARGET_SHAPE, **changes)  # type: ignore[arg-type]
    for judged in judge_tiers(other, summary(1.0, 1.1), on_gpu=True):
        assert judged.outcome is Outcome.NOT_JUDGED
        assert other.label in judged.reason


def test_a_cpu_is_not_judged() -> None:
    judged = judge_tiers(TARGET_SHAPE, summary(1.0, 1.1), on_gpu=False)
    assert {j.outcome for j in judged} == {Outcome.NOT_JUDGED}


def test_without_a_trustworthy_timing_nothing_is_judged() -> None:
    assert outcomes(None) == [Outcome.NOT_JUDGED] * 3


@given(st.floats(0.5, 6.0), st.floats(0.0, 0.5))
def test_a_harder_tier_never_passes_where_an_easier_one_does_not(low: float, width: float) -> None:
    found = outcomes(summary(low, low + width))
    for easier, harder in pairwise(found):
        assert harder is not P or easier is P


def test_the_criteria_are_the_original_reports() -> None:
    assert [tier.criterion for tier in TIERS] == [
        "at most 3.820 µs/head",
        "below 3.000 µs/head",
        "below 2.000 µs/head",
    ]
