"""Measured ceilings as roofs of a case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.performance.practical import practical
from orchestrator.performance.roofline import Resource
from remote_payload.contract.dtypes import DType
from remote_payload.contract.records import CeilingRecord
from remote_payload.contract.words import Status
from remote_payload.operators.attention import targets
from tests.report import synthetic

RECORDS = (
    CeilingRecord("copy", Status.OK, "", "copy_", "byte", 3e9, (1000.0, 1001.0, 2000.0)),
    CeilingRecord("gemm-fp16", Status.OK, "", "cuBLAS", "flop", 1e11, (125.0,)),
    CeilingRecord("gemm-fp8", Status.OK, "", "cuBLAS", "flop", 2e11, (125.0,)),
    CeilingRecord("exp", Status.FAILED, "raised", "", "exp", 1e9, (1000.0,)),
    CeilingRecord("tea", Status.OK, "", "", "cups", 3.0, (10.0,)),
)


def test_a_measured_ceiling_is_a_roof_of_its_kind_and_a_failed_or_strange_one_is_none() -> None:
    result = replace(synthetic.gpu_result(), ceilings=RECORDS)
    copy, gemm = practical(result, targets.CASE)
    assert (copy.resource, copy.name) == (Resource.MEMORY, "copy")
    assert copy.per_second == pytest.approx(3e9 / 1001e-6)
    assert copy.floor_us == pytest.approx(402.65e6 / copy.per_second * 1e6, rel=1e-4)
    assert gemm.resource is Resource.TENSOR
    assert gemm.per_second == pytest.approx(8e14)
    assert gemm.floor_us == pytest.approx(128.8, abs=0.1)


def test_a_gemm_of_another_element_type_is_no_roof() -> None:
    result = replace(synthetic.gpu_result(), ceilings=RECORDS)
    other = replace(targets.CASE, dtype=DType.BF16)
    found = practical(replace(result, cases=(synthetic.ATTENTION.facts_of(other),)), other)
    assert [one.name for one in found] == ["copy"]


def test_a_rate_beyond_the_gpu_is_no_roof() -> None:
    wrong = CeilingRecord("copy", Status.OK, "", "copy_", "byte", 3e9, (100.0,))
    assert practical(replace(synthetic.gpu_result(), ceilings=(wrong,)), targets.CASE) == ()
