"""Times that no machine can reach, whatever is known of the one they are said to come from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.performance.device import DEVICES, Device, find
from orchestrator.performance.objections.every import objections
from remote_payload.contract.dtypes import DType
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method
from tests.model.objections.objecting import (
    CASE,
    cpu_result_of,
    doubt,
    doubts_of_one,
    error,
    result_of,
)
from tests.report import synthetic, traces

UNKNOWN = "NVIDIA GeForce 256"


def on(gpu: str, time_us: float, sm_count: int | None = None, **changes: object) -> Result:
    timed = synthetic.bench("sdpa", CASE, synthetic.samples(time_us), **changes)
    return result_of(timed, gpu=gpu, sm_count=sm_count)


@pytest.mark.parametrize(
    ("gpu", "honest_us"),
    [
        pytest.param("NVIDIA GH200 480GB", 370.0, id="GH200"),
        pytest.param("NVIDIA H800", 370.0, id="H800"),
        pytest.param("NVIDIA GeForce RTX 5090", 900.0, id="RTX 5090"),
        pytest.param("NVIDIA B300 SXM6 AC", 150.0, id="B300"),
        pytest.param("NVIDIA A10", 2200.0, id="A10"),
        pytest.param("Tesla T4", 5000.0, id="T4"),
        pytest.param("NVIDIA GB300", 120.0, id="one without peaks"),
        pytest.param(UNKNOWN, 5000.0, id="one nobody knows"),
    ],
)
def test_a_thousand_times_too_fast_is_an_error_on_every_gpu_and_honest_is_silent(
    gpu: str, honest_us: float
) -> None:
    assert objections(on(gpu, honest_us)) == ()
    assert "roof" in error(on(gpu, honest_us / 1000))


@pytest.mark.parametrize("name", ["NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3 MIG 1g.10gb"])
def test_a_slice_of_a_gpu_has_the_roofs_of_its_sms(name: str) -> None:
    assert objections(on(name, 1000.0, sm_count=16)) == ()
    text = error(on(name, 500.0, sm_count=16))
    assert "above the tensor roof: H100 SXM with 16 of its 132 SMs needs at least 794.4 µs" in text


def test_nobody_says_how_slices_share_a_memory_so_that_they_may_have_all_of_it() -> None:
    small = synthetic.case(8)
    cold = synthetic.bench("sdpa", small, synthetic.samples(80.0), method=Method.COLD)
    assert objections(result_of(cold, gpu=synthetic.H100, sm_count=16)) == ()


def test_a_gpu_that_is_newer_than_our_tables_is_doubted_before_it_is_refused() -> None:
    # The fastest we know needs 43 µs; what is twice as fast may be of the next generation.
    text = doubt(on("NVIDIA R200", 21.0))
    assert "the fastest GPU we know for it allows" in text
    assert "there are no peaks for NVIDIA R200" in text
    assert "4 times as fast as the fastest GPU we know" in error(on("NVIDIA R200", 9.0))
    assert objections(on("NVIDIA R200", 60.0)) == ()


def test_an_unknown_gpu_with_few_sms_is_held_to_as_many_of_the_fastest() -> None:
    assert objections(on(UNKNOWN, 60.0)) == ()
    assert "with 24 of its" in error(on(UNKNOWN, 60.0, sm_count=24))


def test_an_unknown_gpu_is_held_to_the_ceilings_of_the_same_run() -> None:
    # A GEMM of 723 TFLOPS there: the case takes as fast a kernel 142 µs.
    ceilings = tuple(one for one in traces.CEILINGS if one.name == "gemm-fp16")
    assert objections(replace(on(UNKNOWN, 150.0), ceilings=ceilings)) == ()
    assert "2 times the rate of a ceiling: gemm-fp16 takes 142.5 µs" in doubt(
        replace(on(UNKNOWN, 60.0), ceilings=ceilings)
    )
    text = error(replace(on(UNKNOWN, 30.0), ceilings=ceilings))
    assert "above the gemm-fp16 roof" in text
    assert "as measured in this run" in text


def test_a_cpu_is_held_to_more_than_any_cpu_can_do() -> None:
    case = synthetic.case(8, seq=64, dtype=DType.FP32)
    honest = synthetic.bench("sdpa", case, synthetic.samples(960.0, 0.03), calls=10)
    assert objections(cpu_result_of(honest)) == ()
    text = error(cpu_result_of(replace(honest, samples_us=synthetic.samples(0.96, 0.03))))
    assert "8 CPUs at 6.5 GHz with 128 FLOP a clock, more than any we know" in text


def test_a_cpu_is_held_to_the_ceilings_of_the_same_run() -> None:
    case = synthetic.case(8, dtype=DType.FP32)
    gemm = traces.ceiling("gemm-fp32", "flop", 2 * 1024.0**3, 4000.0)  # 537 GFLOPS
    work_us = 16_000.0  # 8.6 GFLOP
    for time_us, wrong in ((work_us, False), (work_us / 1000, True)):
        timed = synthetic.bench("sdpa", case, synthetic.samples(time_us, 0.03))
        result = replace(cpu_result_of(timed), ceilings=(gemm,))
        if wrong:
            assert "gemm-fp32 takes 1.6e+04 µs for as much, as measured in this run" in error(
                result
            )
        else:
            assert objections(result) == ()


def test_a_cpus_gemm_says_something_of_fewer_bits_too() -> None:
    gemm = traces.ceiling("gemm-fp32", "flop", 2 * 1024.0**3, 4000.0)  # 537 GFLOPS
    for time_us, wrong in ((10_000.0, False), (160.0, True)):  # 54 TFLOPS in FP16: 100 times it
        timed = synthetic.bench("sdpa", synthetic.case(8), synthetic.samples(time_us, 0.03))
        result = replace(cpu_result_of(timed), ceilings=(gemm,))
        if wrong:
            assert "above the gemm-fp32 × 16 roof" in error(result)
        else:
            assert objections(result) == ()


@pytest.mark.parametrize(
    ("cpu", "flop"), [("AMD EPYC 9654", 256), ("Intel Xeon", 1024), ("Apple M4", 1024)]
)
def test_what_a_cpu_can_do_with_sixteen_bits_depends_on_its_maker(cpu: str, flop: int) -> None:
    timed = synthetic.bench("sdpa", synthetic.case(8), synthetic.samples(10.0, 0.03))
    machine = replace(synthetic.cpu_machine(), cpu=cpu)
    text = error(replace(cpu_result_of(timed), machine=machine))
    assert f"8 CPUs at 6.5 GHz with {flop} FLOP a clock" in text


def test_some_samples_beyond_a_roof_are_counted_and_enough_of_them_refute() -> None:
    honest = synthetic.samples(370.0, count=20)
    lie = (0.5, *honest[1:9], *(0.4 + n / 100 for n in range(9)), *honest[18:])
    text = error(result_of(synthetic.bench("sdpa", CASE, lie)))
    assert text.startswith("10 of 20 samples (50 %) lie above the HBM roof, down to 0.4 µs")
    one = (0.5, *honest[1:])
    (text,) = doubts_of_one(result_of(synthetic.bench("sdpa", CASE, one)))
    assert text.startswith("1 of 20 samples (5 %)")


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.model)
def test_every_gpu_at_its_own_peak_meets_no_objection(device: Device) -> None:
    dense = synthetic.case(96, seq=4096, dim=128)
    work = synthetic.ATTENTION.facts_of(dense).work
    assert work is not None
    slowest_us = max(
        work.flop / device.tensor_tflops / 1e6,
        work.exponentials / (device.sm_count * device.exponentials_per_clock * device.peak_mhz),
    )
    timed = synthetic.bench("sdpa", dense, synthetic.samples(1.02 * slowest_us))
    assert find(device.gpu_names[0]) is device
    result = result_of(timed, gpu=device.gpu_names[0], sm_count=device.sm_count)
    assert objections(result) == ()
