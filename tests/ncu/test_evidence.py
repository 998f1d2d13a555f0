"""Counters of real GPUs as evidence, and whether what is found in them is sane."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrator.model.bottleneck import Bottleneck, bottleneck
from orchestrator.model.bottleneck_evidence import Limit
from orchestrator.ncu.capture import KernelCapture, Measurement
from orchestrator.ncu.evidence import of_call, of_launches
from orchestrator.ncu.metrics import QUANTITIES
from orchestrator.ncu.read import read_file
from tests.ncu.places import SAMPLES, needs_samples

DENSE = "9.0"


def kernel(capability: str = DENSE, /, **values: float) -> KernelCapture:
    metrics = {
        QUANTITIES[key].metric: Measurement(value, QUANTITIES[key].unit)
        for key, value in values.items()
    }
    return KernelCapture(0, "k", metrics, compute_capability=capability)


def judged(path: str, name: str) -> Bottleneck:
    held = read_file(SAMPLES / path).captures.kernels
    return bottleneck(of_launches([one for one in held if name in one.kernel]))


@needs_samples
@pytest.mark.parametrize(
    ("path", "name", "limits"),
    [
        ("ncu-rep/rtx3050_basic_2025.1.0.ncu-rep", "filter_warp_k", (Limit.DRAM,)),
        ("derived-csv/h100pcie_silu_full_2025.1.0.csv", "silu", (Limit.DRAM,)),
        ("ncu-csv/sm100_details_rules_superbench_cublaslt.log", "cutlass", (Limit.LATENCY,)),
        # Two sections only, and none says what share of the DRAM's peak was reached.
        ("ncu-rep/gh200_sm90_two_sections_2025.1.0.ncu-rep", "silu", (Limit.UNDETERMINED,)),
        ("ncu-csv/b200_raw_sdpa_flash_mha_bf16_16k.csv", "flash", (Limit.UNDETERMINED,)),
        ("ncu-csv/sm120_metrics_gemm_naive.csv", "gemm", (Limit.UNDETERMINED,)),
    ],
)
def test_findings_from_real_counters_are_sane(
    path: str, name: str, limits: tuple[Limit, ...]
) -> None:
    if path.endswith(".ncu-rep"):
        pytest.importorskip("ncu_report")
    assert judged(path, name).limits == limits


@needs_samples
def test_a_cudnn_kernel_on_a_b200_computes_with_tcgen05_which_another_pipe_counts() -> None:
    found = judged("ncu-csv/b200_raw_sdpa_cudnn_gqa_bf16.csv", "sdpa_sm100_flash_fprop")
    (share,) = [one for one in found.verdict.evidence if one.key == "tc_pipe"]
    assert share.value == pytest.approx(36.5, abs=0.5)
    assert "sm__pipe_tc_cycles_active" in share.source


@needs_samples
def test_the_wave_count_that_ncu_gave_a_b200_shows_the_tail() -> None:
    found = judged("ncu-csv/b200_raw_sdpa_flash_mha_bf16_16k.csv", "flash")
    assert any("waves per SM 1.73" in one.words for one in found.remarks)


def keys(evidence: Sequence[object]) -> set[str]:
    return {one.key for one in evidence}  # type: ignore[attr-defined]


def test_where_tcgen05_was_not_measured_the_old_tensor_pipe_says_nothing() -> None:
    values = {"tensor_pipe": 3.5, "exp_pipe": 70.0, "dram": 5.0}
    assert "tensor_pipe" in keys(of_launches([kernel(**values)]))
    assert "tensor_pipe" in keys(of_launches([kernel("12.0", **values)]))
    assert "tensor_pipe" not in keys(of_launches([kernel("10.0", **values)]))
    assert "exp_pipe" in keys(of_launches([kernel("10.0", **values)]))


def test_traffic_is_compared_with_what_the_shape_needs_only_where_both_are_known() -> None:
    one = kernel(dram_read=600e6, dram_written=200e6)
    (ratio,) = of_call([one], minimum_bytes=400_000_000)
    assert (ratio.key, ratio.value, ratio.unit) == ("traffic_ratio", 2.0, "×")
    assert "dram__bytes_read.sum + dram__bytes_write.sum" in ratio.source
    assert of_call([one]) == ()
    assert of_call([kernel(dram_read=600e6)], minimum_bytes=400_000_000) == ()


def test_a_duration_is_in_microseconds_and_named_as_taken_under_ncu() -> None:
    (one,) = of_call([kernel(duration=366528.0)])
    assert (one.value, one.unit) == (366.528, "µs")
    assert one.source.endswith("under ncu")


def test_a_counter_that_one_launch_lacks_is_no_evidence_of_them_all() -> None:
    launches = [kernel(exp_pipe=10), kernel(exp_pipe=20), kernel(exp_pipe=90)]
    (share,) = of_launches(launches)
    assert share.value == 20
    assert of_launches([*launches, kernel()]) == ()
    assert of_launches([]) == ()
