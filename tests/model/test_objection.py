"""Lies a report must not tell, several of them taken from results that did."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.performance.objection import Severity, device_of
from orchestrator.performance.objections.every import objections
from orchestrator.performance.work import tflops
from remote_payload.contract.dtypes import DType
from remote_payload.contract.result import Result
from remote_payload.contract.words import Device, Method, Status
from remote_payload.operators.attention.definition import attention_case
from tests.model.objections.objecting import CASE, only, result_of
from tests.report import synthetic

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "results"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no collected results here")


def test_an_honest_run_meets_no_objection() -> None:
    assert objections(synthetic.gpu_result()) == ()


def test_causal_work_counted_as_dense_shows_up_above_the_roof() -> None:
    # "1 075 TFLOPS" on an H100: causal work timed, dense work counted.
    fast = synthetic.bench("sdpa", CASE, synthetic.samples(103.08e9 / 1075e6))
    found = only(result_of(fast))
    assert found.severity is Severity.ERROR
    assert "roof" in found.text


def test_each_roof_can_be_hit() -> None:
    tensor = synthetic.case(8, dim=128)
    memory = synthetic.case(96, seq=64)
    exp = synthetic.case(8, dim=32)
    for case, method, name in (
        (tensor, Method.BACK_TO_BACK, "tensor"),
        (memory, Method.COLD, "HBM"),
        (exp, Method.BACK_TO_BACK, "exp"),
    ):
        fast = synthetic.bench("sdpa", case, synthetic.samples(1.0), method=method)
        assert f"above the {name} roof" in only(result_of(fast)).text


def test_a_time_between_the_documented_peak_and_the_highest_clock_is_doubted() -> None:
    fast = synthetic.bench("sdpa", CASE, synthetic.samples(106.0))
    found = only(result_of(fast))
    assert found.severity is Severity.DOUBT
    assert "documented HBM peak of H100 SXM" in found.text


def test_a_time_just_under_every_peak_is_believed() -> None:
    fine = synthetic.bench("sdpa", CASE, synthetic.samples(121.0))
    assert objections(result_of(fine)) == ()


def test_a_cpu_run_on_a_machine_with_a_gpu_has_no_gpu_roof() -> None:
    # Faster than an H100 can be, and slower than 512 CPUs of which nothing is known.
    result = result_of(synthetic.bench("sdpa", CASE, synthetic.samples(60.0)))
    assert only(result).severity is Severity.ERROR
    machine = synthetic.gpu_machine(cpu_count=512)
    slow = replace(result, request=synthetic.request(device=Device.CPU), machine=machine)
    assert device_of(slow) is None
    assert objections(slow) == ()


@pytest.mark.parametrize("samples", [(), (0.0,) * 9, (-1.0,) * 9, (5.0, float("nan"))])
def test_samples_that_are_no_times_are_an_error(samples: tuple[float, ...]) -> None:
    found = only(result_of(synthetic.bench("sdpa", CASE, samples)))
    assert found.severity is Severity.ERROR
    assert "samples" in found.text


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED, Status.TIMEOUT, None])
def test_a_timing_without_a_passed_check_is_an_error(status: Status | None) -> None:
    timed = synthetic.bench("sparsek", CASE, synthetic.samples(300.0))
    checks = () if status is None else (synthetic.check("sparsek", CASE, status=status),)
    found = only(replace(result_of(timed), checks=checks))
    assert found.severity is Severity.ERROR
    assert found.text == "timed without a passed check"


def test_a_silent_fallback_is_flagged() -> None:
    # The predecessor timed SDPA under its own name: max_diff 0.0, 21592 against 21463 µs.
    ours = synthetic.bench("sparsek", CASE, synthetic.samples(21592.0))
    theirs = synthetic.bench("sdpa", CASE, synthetic.samples(21463.0))
    checks = tuple(synthetic.check(p, CASE, output_digest="same") for p in ("sparsek", "sdpa"))
    found = only(replace(result_of(ours, theirs), checks=checks))
    assert found.severity is Severity.DOUBT
    assert "bit-identical output and equal time as sdpa" in found.text


def test_equal_bits_at_another_speed_are_no_fallback() -> None:
    ours = synthetic.bench("sparsek", CASE, synthetic.samples(300.0))
    theirs = synthetic.bench("sdpa", CASE, synthetic.samples(370.0))
    checks = tuple(synthetic.check(p, CASE, output_digest="same") for p in ("sparsek", "sdpa"))
    assert objections(replace(result_of(ours, theirs), checks=checks)) == ()


def test_pytorchs_default_being_one_of_its_backends_is_only_a_note() -> None:
    names = ("sdpa", "sdpa-flash")
    timed = (synthetic.samples(370.0), synthetic.samples(370.1))
    records = [synthetic.bench(*row) for row in zip(names, (CASE, CASE), timed, strict=True)]
    checks = tuple(synthetic.check(name, CASE, output_digest="same") for name in names)
    assert only(replace(result_of(*records), checks=checks)).severity is Severity.NOTE


def test_wild_samples_are_doubted() -> None:
    wild = synthetic.bench("sdpa", CASE, synthetic.samples(370.0, spread=0.3))
    found = only(result_of(wild))
    assert found.severity is Severity.DOUBT
    assert found.text.startswith("1 of 1 timings vary by more than 10 %")


def test_throttling_is_doubted_and_idling_is_not() -> None:
    def with_reasons(*reasons: str) -> Result:
        state = synthetic.state(throttle_reasons=reasons)
        return result_of(synthetic.bench("sdpa", CASE, synthetic.samples(370.0), after=state))

    assert objections(with_reasons("gpu_idle")) == ()
    assert "sw_power_cap" in only(with_reasons("gpu_idle", "sw_power_cap")).text


def test_a_moving_clock_is_doubted() -> None:
    records = [
        synthetic.bench("sdpa", synthetic.case(heads), synthetic.samples(time_us), after=state)
        for heads, time_us, state in (
            (8, 37.0, synthetic.state(sm_clock_mhz=1755.0)),
            (96, 370.0, synthetic.state(sm_clock_mhz=1410.0)),
        )
    ]
    assert "between 1410 and 1755 MHz" in only(result_of(*records)).text


def test_company_on_the_gpu_is_doubted() -> None:
    state = synthetic.state(other_processes=2)
    found = only(result_of(synthetic.bench("sdpa", CASE, synthetic.samples(370.0), after=state)))
    assert "2 other processes" in found.text


def test_the_gravest_objection_comes_first() -> None:
    state = synthetic.state(other_processes=1)
    records = [
        synthetic.bench("sdpa", CASE, synthetic.samples(370.0), after=state),
        synthetic.bench("sparsek", CASE, synthetic.samples(10.0)),
    ]
    assert [found.severity for found in objections(result_of(*records))] == [
        Severity.ERROR,
        Severity.DOUBT,
    ]


@needs_samples
def test_the_107_percent_roofline_is_doubted_and_a_little_faster_it_is_an_error() -> None:
    lie = json.loads((SAMPLES / "l4_baseline_107pct_roofline.json").read_text())
    config = lie["config"]
    case = attention_case(
        config["batch_size"], config["num_heads"], config["seq_len"], config["head_dim"], DType.FP16
    )
    time_us = lie["performance"]["mean_time_ms"] * 1e3
    timed = synthetic.bench("sdpa", case, synthetic.samples(time_us), method=Method.COLD)
    found = only(result_of(timed, gpu="NVIDIA L4", sm_count=58))
    assert found.severity is Severity.DOUBT
    assert "more than the documented HBM peak" in found.text
    # A flushed cache must load q, k and v: 42 µs of the claimed 52 at 300 GB/s.
    faster = synthetic.bench("sdpa", case, synthetic.samples(time_us * 0.75), method=Method.COLD)
    assert "HBM roof" in only(result_of(faster, gpu="NVIDIA L4", sm_count=58)).text


@needs_samples
def test_tflops_of_causal_rows_are_half_of_what_was_claimed() -> None:
    with (SAMPLES / "l4_baseline_sdpa.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        causal = row["causal"] == "True"
        batch, heads, seq, dim = (int(row[axis]) for axis in "BHSD")
        case = attention_case(batch, heads, seq, dim, DType.FP16, causal)
        true = tflops(synthetic.ATTENTION.facts_of(case), float(row["p50_ms"]) * 1e3)
        assert true is not None
        assert float(row["tflops_p50"]) == pytest.approx(true * (2 if causal else 1), rel=0.02)


@needs_samples
def test_tflops_that_are_four_times_too_high_do_not_follow_from_their_own_times() -> None:
    (row,) = json.loads((SAMPLES / "l4_comparison_inconsistent.json").read_text())
    facts = synthetic.ATTENTION.facts_of(attention_case(8, 16, 1024, 64, DType.FP16))
    assert tflops(facts, row["ours_p50_ms"] * 1e3) == pytest.approx(row["ours_tflops"], rel=0.01)
    theirs = tflops(facts, row["sdpa_p50_ms"] * 1e3)
    assert theirs is not None
    assert row["sdpa_tflops"] == pytest.approx(4 * theirs, rel=0.01)
