"""The original report's rows, held against its own text."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.attention import tflops

from orchestrator.performance.target import TARGET_CASE, TIERS
from orchestrator.report.baselines import original
from tests.report import synthetic


def test_the_six_rows_are_the_published_ones() -> None:
    rows = [(row.heads, row.per_head_us) for row in original().rows]
    assert rows == [(8, 4.559), (16, 4.354), (32, 4.097), (64, 3.903), (96, 3.820), (128, 3.921)]


def test_the_first_tier_is_the_row_of_the_target_shape() -> None:
    base = original()
    (row,) = (row for row in base.rows if base.case(row) == TARGET_CASE)
    assert row.per_head_us == TIERS[0].limit_us
    # 366.7 µs in total, 28 % of the tensor peak: far from saturating it.
    assert round(tflops(TARGET_CASE, row.per_head_us * row.heads)) == 281


def test_only_the_same_gpu_and_torch_are_the_same_machine() -> None:
    base = original()
    there = synthetic.gpu_machine(torch="2.4.1+cu124")
    assert base.same_machine(there)
    assert not base.same_machine(synthetic.gpu_machine())
    assert base.same_gpu(synthetic.gpu_machine())
    assert not base.same_gpu(replace(there, gpu="NVIDIA H200"))
    assert not base.same_machine(None)
    assert not base.same_gpu(replace(there, sm_count=16)), "a slice of the GPU"
