"""Tiers are bound to their case, GPU and method, and judged one by one by the interval of starts."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.performance.starts import Interval, of_logs
from orchestrator.performance.targets.interval import interval_of, why_none
from orchestrator.performance.targets.judging import (
    Outcome,
    criterion,
    elsewhere,
    in_force,
    is_for,
    judge_tiers,
    weight,
)
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import CaseFacts, Tier
from remote_payload.contract.words import Device
from remote_payload.operators.attention.targets import ORIGINAL as TARGETS
from tests.report.synthetic import (
    ATTENTION,
    bench,
    case,
    gpu_machine,
    gpu_result,
    samples,
)
from tests.targets.starting import AIMS, judged_by

AIM = ATTENTION.facts_of(TARGETS.case)
P, F, I = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE  # noqa: E741


def interval(low: float, high: float) -> Interval:
    """[low, high] µs per head."""
    heads = TARGETS.case.size("H")
    low_us, high_us = low * heads, high * heads
    return Interval(middle=(low_us + high_us) / 2, low=low_us, high=high_us, starts=8, spread=0.01)


def outcomes(of: Interval | None) -> list[Outcome]:
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
    assert outcomes(interval(low, high)) == expected


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        (3.01, "about 30 starts would do, there are 10"),
        (3.0001, "it is so near that not even 1024 starts would do"),
    ],
)
def test_an_open_tier_says_how_many_starts_would_decide_it(limit: float, told: str) -> None:
    """A spread of 0.5 % of starts around 3 µs/head."""
    heads, logs = TARGETS.case.size("H"), [0.005, -0.005] * 5
    seen = of_logs([one + math.log(3.0 * heads) for one in logs], 0.0025)
    one = replace(TARGETS, tiers=(Tier("near", limit, inclusive=True),))
    (judged,) = judge_tiers(one, AIM, seen, level=0.0025)
    assert judged.outcome is I
    assert judged.reason == f"the limit lies within the interval; {told}"


def test_without_an_interval_a_tier_is_open_however_fast_and_says_why() -> None:
    found = judge_tiers(TARGETS, AIM, None, "all samples came from one process start")
    assert {(one.outcome, one.reason) for one in found} == {
        (I, "all samples came from one process start")
    }


@pytest.mark.parametrize(
    ("starts", "held_back", "why"),
    [
        ((), (), "all samples came from one process start"),
        ((20,), (), "1 process start; at least 8 are needed"),
        ((3, 3, 3, 3, 3, 3, 2), (), "7 process starts; at least 8 are needed"),
        # A start whose every sample was taken while the clocks were held back tells nothing.
        ((6, *(2,) * 7), tuple(range(6)), "7 process starts; at least 8 are needed"),
        ((2,) * 9, (), "nothing sound is said of its process starts"),
        ((2,) * 10, (), ""),
    ],
)
def test_fewer_than_eight_starts_decide_nothing(
    starts: tuple[int, ...], held_back: tuple[int, ...], why: str
) -> None:
    record = bench("sparsek", case(), samples(283.4, count=20), starts=starts, held_back=held_back)
    assert why_none(record) == why
    assert (interval_of(record) is None) == bool(why)


def test_samples_taken_while_the_clocks_were_held_back_move_no_interval() -> None:
    clean = bench("sparsek", case(), samples(283.4, count=20), starts=(2,) * 10)
    slow = replace(clean, samples_us=(900.0, *clean.samples_us[1:]), held_back=(0,))
    without = replace(clean, samples_us=(clean.samples_us[1], *clean.samples_us[1:]))
    assert interval_of(slow) == interval_of(without)


def test_more_that_is_judged_together_makes_the_interval_wider() -> None:
    record = bench("sparsek", case(), samples(283.4, count=20), starts=(2,) * 10)
    narrow, wide = interval_of(record, 0.01), interval_of(record, 0.0001)
    assert narrow is not None
    assert wide is not None
    assert wide.low < narrow.low < narrow.middle < narrow.high < wide.high


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
    for judged in judge_tiers(TARGETS, ATTENTION.facts_of(other), interval(1.0, 1.1)):
        assert judged.outcome is Outcome.NOT_JUDGED
        assert other.label in judged.reason


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


def test_a_cpu_run_on_a_machine_with_the_targets_gpu_is_not_on_it() -> None:
    request = replace(gpu_result().request, device=Device.CPU)
    assert elsewhere(replace(gpu_result(), request=request), TARGETS).endswith("this is a CPU")


def test_the_whole_h100_sxm_is_the_targets_own() -> None:
    assert elsewhere(gpu_result(), TARGETS) == ""


def test_a_gpu_that_we_know_nothing_of_goes_by_its_own_name() -> None:
    theirs = replace(TARGETS, gpu="NVIDIA GH200 480GB")
    there = replace(gpu_result(), machine=gpu_machine(gpu="NVIDIA GH200 480GB"))
    assert elsewhere(there, theirs) == ""
    assert elsewhere(gpu_result(), theirs).startswith("the targets are for NVIDIA GH200 480GB, ")


def test_a_model_may_be_called_as_nvidia_smi_does_and_a_slice_is_still_another() -> None:
    theirs = replace(TARGETS, gpu="NVIDIA H100 80GB HBM3")
    assert elsewhere(gpu_result(), theirs) == ""
    sliced = replace(gpu_result(), machine=gpu_machine(sm_count=16))
    assert "a slice of" in elsewhere(sliced, theirs)


def test_limits_on_a_whole_call_are_not_divided() -> None:
    whole = replace(TARGETS, whole_call=True)
    judged = judge_tiers(whole, AIM, interval(0.01, 0.02))  # 0.96 to 1.92 µs a call
    assert [one.outcome for one in judged] == [P, P, P]
    assert [one.outcome for one in judge_tiers(whole, AIM, interval(1.0, 1.1))] == [F, F, F]


def test_the_axes_of_a_users_own_operator_may_stand_in_any_order() -> None:
    theirs = replace(TARGETS, case=Case("layer.py", (("N", 4), ("M", 2)), DType.FP32))
    assert is_for(theirs, Case("layer.py", (("M", 2), ("N", 4)), DType.FP32))
    assert not is_for(theirs, Case("layer.py", (("M", 2), ("N", 4)), DType.FP16))
    assert not is_for(theirs, Case("other.py", (("M", 2), ("N", 4)), DType.FP32))
    assert not is_for(theirs, Case("layer.py", (("M", 2),), DType.FP32))


def test_what_travelled_with_a_run_counts_and_else_what_its_operator_said() -> None:
    assert in_force(judged_by(gpu_result(), AIMS)) == (AIMS,)
    assert in_force(judged_by(gpu_result())) == ()
    assert in_force(gpu_result()) == (ATTENTION.targets,)


@given(st.floats(0.5, 6.0), st.floats(0.0, 0.5))
def test_a_harder_tier_never_passes_where_an_easier_one_does_not(low: float, width: float) -> None:
    found = outcomes(interval(low, low + width))
    for easier, harder in pairwise(found):
        assert harder is not P or easier is P


def test_the_criteria_are_the_original_reports() -> None:
    assert [criterion(tier, ATTENTION.unit) for tier in TARGETS.tiers] == [
        "at most 3.820 µs/head",
        "below 3.000 µs/head",
        "below 2.000 µs/head",
    ]


def test_the_goal_comes_on_top_of_the_original_reports_tiers() -> None:
    assert ATTENTION.targets is not None
    *original, goal = ATTENTION.targets.tiers
    assert tuple(original) == TARGETS.tiers
    assert criterion(goal, ATTENTION.unit) == "at most 1.750 µs/head"


def test_the_targets_case_tells_most_of_a_run_and_then_the_one_with_most_work() -> None:
    huge, small = case(128, seq=4096), case(8)
    unknown = CaseFacts(case(64), None)
    facts = [unknown, *(ATTENTION.facts_of(one) for one in (small, TARGETS.case, huge))]
    found = sorted(facts, key=lambda one: weight(one, (TARGETS,)))
    assert [one.case for one in found] == [unknown.case, small, huge, TARGETS.case]
    assert max(facts, key=lambda one: weight(one, ())).case == huge
