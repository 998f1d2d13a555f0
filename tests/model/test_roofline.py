"""Time floors of the original report's case, against figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.performance.device import DEVICES, Device, find
from orchestrator.performance.roofline import (
    Resource,
    Roof,
    binding,
    busy_clock,
    exp_tflops,
    roofs,
    special_roofs,
)
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import CaseFacts, Work
from remote_payload.contract.machine import GpuState
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.words import Method, Status
from remote_payload.operators.attention.definition import OPERATOR, attention_case
from remote_payload.operators.attention.targets import CASE

cases = st.builds(
    attention_case,
    batch=st.integers(1, 32),
    heads=st.integers(1, 128),
    seq=st.sampled_from([1, 7, 64, 512, 4096]),
    dim=st.sampled_from([32, 64, 128]),
    dtype=st.sampled_from(OPERATOR.dtypes),
    causal=st.booleans(),
)


def h100() -> Device:
    device = find("NVIDIA H100 80GB HBM3")
    assert device is not None
    return device


def of(case: Case) -> CaseFacts:
    return OPERATOR.facts_of(case)


def binds(case: Case, device: Device) -> Roof:
    """The roof that binds cold calls."""
    found = binding(roofs(of(case), device, Method.COLD))
    assert found is not None
    return found


def by_resource(case: Case, method: Method = Method.COLD) -> dict[Resource, Roof]:
    return {roof.resource: roof for roof in roofs(of(case), h100(), method)}


def test_the_floors_of_the_target_case_on_an_h100_are_the_published_ones() -> None:
    floors = by_resource(CASE)
    assert floors[Resource.TENSOR].floor_us == pytest.approx(104.2, abs=0.1)
    assert floors[Resource.EXP].floor_us == pytest.approx(104.2, abs=0.1)
    assert floors[Resource.MEMORY].floor_us == pytest.approx(120.1, abs=0.1)


def test_the_limits_use_the_highest_clock() -> None:
    limits = by_resource(CASE)
    assert limits[Resource.TENSOR].limit_us == pytest.approx(96.3, abs=0.1)
    assert limits[Resource.EXP].limit_us == pytest.approx(96.3, abs=0.1)


def test_memory_binds_the_target_case_on_h100_and_compute_on_h200() -> None:
    h200 = find("NVIDIA H200")
    assert h200 is not None
    assert binds(CASE, h100()).resource is Resource.MEMORY
    assert binds(CASE, h200).resource is not Resource.MEMORY


def test_warm_calls_that_fit_the_cache_have_no_memory_roof() -> None:
    small = CASE.at("H", 8)
    assert Resource.MEMORY not in by_resource(small, Method.BACK_TO_BACK)
    assert Resource.MEMORY in by_resource(small, Method.COLD)


def test_half_the_percent_means_twice_the_time() -> None:
    roof = by_resource(CASE)[Resource.TENSOR]
    assert roof.percent(roof.floor_us) == pytest.approx(100)
    assert roof.percent(2 * roof.floor_us) == pytest.approx(50)


def test_exponentials_fill_up_at_the_tensor_peak_for_dim_64_and_at_twice_it_for_128() -> None:
    assert exp_tflops(of(CASE), h100()) == pytest.approx(989.4, rel=0.001)
    assert exp_tflops(of(CASE.at("D", 128)), h100()) == pytest.approx(1979, rel=0.001)


@given(cases, st.sampled_from(DEVICES), st.sampled_from(Method))
def test_a_limit_never_exceeds_its_floor(case: Case, device: Device, method: Method) -> None:
    for roof in roofs(of(case), device, method):
        assert 0 <= roof.limit_us <= roof.floor_us * (1 + 1e-9)


@given(cases, st.sampled_from(DEVICES))
def test_twice_the_batch_takes_twice_the_time_cold(case: Case, device: Device) -> None:
    one = binds(case, device).floor_us
    two = binds(case.at("B", 2 * case.size("B")), device).floor_us
    assert two == pytest.approx(2 * one, rel=0.5 if case.size("S") < 8 else 0.02)


def special(device: Device) -> dict[Resource, Roof]:
    return {roof.resource: roof for roof in special_roofs(of(CASE), device)}


def test_mma_sync_on_hopper_reaches_two_thirds_of_wgmma_and_binds_nobody_else() -> None:
    roof = special(h100())[Resource.MMA_SYNC]
    assert roof.floor_us == pytest.approx(104.2 * 1.5, abs=0.2)
    assert Resource.MMA_SYNC not in by_resource(CASE)
    a100, b200 = find("NVIDIA A100-SXM4-80GB"), find("NVIDIA B200")
    assert a100 is not None
    assert b200 is not None
    assert Resource.MMA_SYNC not in special(a100)  # it is the whole rate there
    assert Resource.MMA_SYNC not in special(b200)  # nobody says what it is there


def test_fp32_without_tensor_cores_is_fifteen_times_slower_on_an_h100() -> None:
    assert special(h100())[Resource.FP32].floor_us == pytest.approx(103079.2 / 66.9, rel=0.001)


def test_the_l2_floor_is_the_compulsory_traffic_at_5120_bytes_per_clock() -> None:
    roof = by_resource(CASE, Method.BACK_TO_BACK)[Resource.L2]
    assert roof.floor_us == pytest.approx(402.65e6 / (5120 * 1830e6) * 1e6, rel=0.001)
    assert roof.limit_us == 0
    l40s = find("NVIDIA L40S")
    assert l40s is not None
    assert Resource.L2 not in {r.resource for r in roofs(of(CASE), l40s, Method.COLD)}


def test_at_another_clock_all_but_the_memory_roof_move() -> None:
    slow = {r.resource: r for r in roofs(of(CASE), h100().at(915), Method.COLD)}
    documented = by_resource(CASE)
    for resource in (Resource.TENSOR, Resource.EXP, Resource.L2):
        assert slow[resource].floor_us == pytest.approx(2 * documented[resource].floor_us)
    assert slow[Resource.MEMORY] == documented[Resource.MEMORY]
    assert h100().at(990).fp32_tflops == pytest.approx(66.9 / 2)


def raced(**state: float) -> BenchRecord:
    return BenchRecord(
        "sdpa",
        CASE,
        Method.COLD,
        Status.OK,
        before=GpuState(sm_clock_mhz=345.0, power_w=70.0, power_limit_w=700.0),
        after=GpuState(**state),  # type: ignore[arg-type]
    )


def test_a_clock_counts_only_where_the_power_shows_work() -> None:
    busy = busy_clock(raced(sm_clock_mhz=1755.0, power_w=512.0, power_limit_w=700.0), h100())
    assert busy is not None
    assert (busy.mhz, busy.how) == (1755, "sampled at the end of the race, drawing 512 W")
    for idle in (
        {"sm_clock_mhz": 1980.0, "power_w": 120.0, "power_limit_w": 700.0},
        {"sm_clock_mhz": 1980.0, "power_w": 512.0},
        {"power_w": 512.0, "power_limit_w": 700.0},
        {"sm_clock_mhz": 19800.0, "power_w": 512.0, "power_limit_w": 700.0},
    ):
        assert busy_clock(raced(**idle), h100()) is None


def test_nobody_knows_a_roof_of_work_that_nobody_counted() -> None:
    unknown = CaseFacts(CASE, None)
    for method in Method:
        assert roofs(unknown, h100(), method) == ()
    assert special_roofs(unknown, h100()) == ()
    assert exp_tflops(unknown, h100()) is None
    assert binding(()) is None


def test_only_the_memory_binds_work_that_is_nothing_but_traffic() -> None:
    moved = CaseFacts(CASE, Work(0, 10**9, 10**8, matrix=False))
    assert {roof.resource for roof in roofs(moved, h100(), Method.COLD)} == {
        Resource.MEMORY,
        Resource.L2,
    }
    assert special_roofs(moved, h100()) == ()


def test_sums_that_are_no_matrix_product_have_no_tensor_roof() -> None:
    added = CaseFacts(CASE, Work(10**9, 10**9, 10**8, matrix=False))
    found = {roof.resource for roof in roofs(added, h100(), Method.COLD)}
    assert Resource.TENSOR not in found
    assert {roof.resource for roof in special_roofs(added, h100())} == {Resource.FP32}


@pytest.mark.parametrize(
    ("dtype", "times"),
    [(DType.FP16, 1.0), (DType.BF16, 1.0), (DType.FP32, 0.5), (DType.FP8_E4M3, 2.0)],
)
def test_tensor_cores_take_each_element_type_at_its_own_rate(dtype: DType, times: float) -> None:
    work = of(CASE).work
    roof, *_ = roofs(CaseFacts(replace(CASE, dtype=dtype), work), h100(), Method.COLD)
    assert roof.resource is Resource.TENSOR
    assert roof.floor_us == pytest.approx(104.2 / times, abs=0.1)


def test_fp64_has_no_tensor_roof_here() -> None:
    found = roofs(CaseFacts(replace(CASE, dtype=DType.FP64), of(CASE).work), h100(), Method.COLD)
    assert Resource.TENSOR not in {roof.resource for roof in found}
