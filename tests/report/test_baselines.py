"""The original report's rows, held against its own text."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.work import tflops
from orchestrator.report.baselines import Baseline, published
from remote_payload.operators import registry
from remote_payload.operators.attention.targets import CASE, TARGETS
from tests.report import synthetic


def original() -> Baseline:
    (base,) = published("attention")
    return base


def test_the_six_rows_are_the_published_ones() -> None:
    rows = [(row.case.size("H"), row.unit_us) for row in original().rows]
    assert rows == [(8, 4.559), (16, 4.354), (32, 4.097), (64, 3.903), (96, 3.820), (128, 3.921)]


def test_every_row_is_a_case_of_its_operator_and_differs_in_the_heads_alone() -> None:
    operator = registry.find(original().operator)
    for row in original().rows:
        assert operator.checked(row.case) == row.case
        assert row.case.at("H", 96) == CASE


def test_of_an_operator_that_nobody_published_nothing_is_known() -> None:
    assert published("nobody-s") == ()


def test_the_first_tier_is_the_row_of_the_target_case() -> None:
    (row,) = (row for row in original().rows if row.case == CASE)
    assert row.unit_us == TARGETS.tiers[0].limit_us
    # 366.7 µs in total, 28 % of the tensor peak: far from saturating it.
    facts = synthetic.ATTENTION.facts_of(CASE)
    assert round(tflops(facts, row.unit_us * facts.per) or 0) == 281


def test_only_the_same_gpu_and_torch_are_the_same_machine() -> None:
    base = original()
    there = synthetic.gpu_machine(torch="2.4.1+cu124")
    assert base.same_machine(there)
    assert not base.same_machine(synthetic.gpu_machine())
    assert base.same_gpu(synthetic.gpu_machine())
    assert not base.same_gpu(replace(there, gpu="NVIDIA H200"))
    assert not base.same_machine(None)
    assert not base.same_gpu(replace(there, sm_count=16)), "a slice of the GPU"
