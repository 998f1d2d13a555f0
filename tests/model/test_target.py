"""Tiers are bound to their case and judged one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.performance.stats import Summary, summarize
from orchestrator.performance.target import Outcome, criterion, elsewhere, judge_tiers, weight
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import CaseFacts
from remote_payload.contract.words import Device
from remote_payload.operators.attention.targets import TARGETS
from tests.report.synthetic import ATTENTION, case, gpu_machine, gpu_result

AIM = ATTENTION.facts_of(TARGETS.case)
P, F, I = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE  # noqa: E741


def summary(low: float, high: float) -> Summary:
    """A summary whose interval is [low, high] µs per head."""
    heads = TARGETS.case.size("H")
    low_us, high_us = low * heads, high * heads
    return Summary((low_us + high_us) / 2, low_us, high_us, 0.01, 20, low_us, high_us)


def outcomes(of: Summary | None) -> list[Outcome]:
    return [judged.outcome for judged in judge_tiers(TARGETS, AIM, of)]


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
def test_another_case_is_not_judged_and_named(changes: dict[str, object]) -> None:
    other = case(**changes)  # type: ignore[arg-type]
    for judged in judge_tiers(TARGETS, ATTENTION.facts_of(other), summary(1.0, 1.1)):
        assert judged.outcome is Outcome.NOT_JUDGED
        assert other.label in judged.reason


def test_a_cpu_is_not_judged() -> None:
    judged = judge_tiers(
        TARGETS, AIM, summary(1.0, 1.1), elsewhere="the targets are for H100 SXM, this is a CPU"
    )
    assert {j.outcome for j in judged} == {Outcome.NOT_JUDGED}


@pytest.mark.parametrize(
    ("machine", "named"),
    [
        ({"gpu": "NVIDIA H200"}, "this is NVIDIA H200"),
        ({"gpu": "NVIDIA H100 PCIe", "sm_count": 114}, "this is NVIDIA H100 PCIe"),
        ({"gpu": "NVIDIA GH200 480GB"}, "this is NVIDIA GH200 480GB"),
        ({"gpu": "NVIDIA H100 80GB HBM3 MIG 1g.10gb", "sm_count": 16}, "MIG 1g.10gb"),
        ({"sm_count": 16}, "this is a slice of NVIDIA H100 80GB HBM3, 16 of 132 SMs"),
        ({"gpu": None}, "this is a CPU"),
    ],
)
def test_the_targets_are_for_their_own_model_of_gpu_alone(
    machine: dict[str, object], named: str
) -> None:
    there = replace(gpu_result(), machine=gpu_machine(**machine))
    why = elsewhere(there, TARGETS)
    assert why.startswith("the targets are for H100 SXM, ")
    assert named in why
    judged = judge_tiers(TARGETS, AIM, summary(1.0, 1.1), why)
    assert {(one.outcome, one.reason) for one in judged} == {(Outcome.NOT_JUDGED, why)}


def test_a_cpu_run_on_a_machine_with_the_targets_gpu_is_not_on_it() -> None:
    request = replace(gpu_result().request, device=Device.CPU)
    assert elsewhere(replace(gpu_result(), request=request), TARGETS).endswith("this is a CPU")


def test_the_whole_h100_sxm_is_the_targets_own() -> None:
    assert elsewhere(gpu_result(), TARGETS) == ""


def test_without_a_trustworthy_timing_nothing_is_judged() -> None:
    assert outcomes(None) == [Outcome.NOT_JUDGED] * 3


@given(st.floats(0.5, 6.0), st.floats(0.0, 0.5))
def test_a_harder_tier_never_passes_where_an_easier_one_does_not(low: float, width: float) -> None:
    found = outcomes(summary(low, low + width))
    for easier, harder in pairwise(found):
        assert harder is not P or easier is P


def test_the_criteria_are_the_original_reports() -> None:
    assert [criterion(tier, ATTENTION.unit) for tier in TARGETS.tiers] == [
        "at most 3.820 µs/head",
        "below 3.000 µs/head",
        "below 2.000 µs/head",
    ]


def test_the_targets_case_tells_most_of_a_run_and_then_the_one_with_most_work() -> None:
    huge, small = case(128, seq=4096), case(8)
    unknown = CaseFacts(case(64), None)
    facts = [unknown, *(ATTENTION.facts_of(one) for one in (small, TARGETS.case, huge))]
    found = sorted(facts, key=lambda one: weight(one, ATTENTION.facts))
    assert [one.case for one in found] == [unknown.case, small, huge, TARGETS.case]
    aimless = replace(ATTENTION.facts, targets=None)
    assert max(facts, key=lambda one: weight(one, aimless)).case == huge
