"""Counters of real GPUs as evidence, and whether what is found in them is sane."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrator.ncu.evidence import of_call, of_launches
from orchestrator.performance.bottleneck.evidence import Limit
from orchestrator.performance.bottleneck.rules import Bottleneck, bottleneck
from orchestrator.readers.ncu.capture import KernelCapture, Measurement
from orchestrator.readers.ncu.quantities.metrics import QUANTITIES
from orchestrator.readers.ncu.read import read_file, read_text
from tests.ncu.places import SAMPLES, fixture, needs_samples

DENSE = "9.0"


OF_ACTIVE = ".avg.pct_of_peak_sustained_active"
OF_ELAPSED = ".avg.pct_of_peak_sustained_elapsed"


def kernel(capability: str = DENSE, /, **values: float) -> KernelCapture:
    metrics = {
        QUANTITIES[key].metric: Measurement(value, QUANTITIES[key].unit)
        for key, value in values.items()
    }
    return KernelCapture(0, "k", metrics, compute_capability=capability)


def named(capability: str = DENSE, /, **shares: float) -> KernelCapture:
    """A kernel with shares of a peak under names of ncu's own; `_of_active` ends one of those."""
    metrics = {}
    for name, value in shares.items():
        over = OF_ACTIVE if name.endswith("_of_active") else OF_ELAPSED
        metrics[name.removesuffix("_of_active") + over] = Measurement(value, "%")
    return KernelCapture(0, "k", metrics, compute_capability=capability)


def limits(one: KernelCapture) -> tuple[Limit, ...]:
    return bottleneck(of_launches([one])).limits


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
        # Two sections only: no share of the DRAM's own, but no part of the memory system is above
        # its busiest link, which was at 84 %.
        ("ncu-rep/gh200_sm90_two_sections_2025.1.0.ncu-rep", "silu", (Limit.MEMORY,)),
        ("failing/l1-bound-called-latency.raw.csv", "k", (Limit.L1,)),
        ("failing/dram__throughput-called-not-measured.details.csv", "k", (Limit.DRAM,)),
        ("failing/stall-unit-inst.raw.csv", "k", (Limit.LATENCY,)),
        ("failing/n2_empty_units.csv", "attention", (Limit.UNDETERMINED,)),
        ("ncu-csv/b200_raw_sdpa_flash_mha_bf16_16k.csv", "flash", (Limit.UNDETERMINED,)),
        ("ncu-csv/sm120_metrics_gemm_naive.csv", "gemm", (Limit.UNDETERMINED,)),
    ],
)
def test_findings_from_real_counters_are_sane(
    path: str, name: str, limits: tuple[Limit, ...]
) -> None:
    if path.endswith(".ncu-rep"):
        pytest.importorskip("ncu_report")
    if not (SAMPLES / path).is_file():
        pytest.skip("no such sample beside this checkout")
    assert judged(path, name).limits == limits


@needs_samples
def test_the_stall_reasons_of_a_real_file_are_what_its_warps_wait_for() -> None:
    if not (SAMPLES / "failing").is_dir():
        pytest.skip("no such sample beside this checkout")
    words = judged("failing/stall-unit-inst.raw.csv", "k").verdict.words
    assert "stall long scoreboard 25.9 (smsp__average_warps_issue_stalled_long" in words
    assert "undetermined" not in words


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


def test_traffic_is_compared_with_what_the_case_needs_only_where_both_are_known() -> None:
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


IDLE = {"gpu__dram_throughput": 9.0, "sm__throughput": 20.0}


@pytest.mark.parametrize(
    ("shares", "limit"),
    [
        ({"l1tex__throughput_of_active": 97.0}, Limit.L1),
        ({"l1tex__throughput": 97.0}, Limit.L1),
        ({"lts__throughput": 88.0}, Limit.L2),
        ({"gpu__compute_memory_throughput": 88.0}, Limit.MEMORY),
        ({"gpu__compute_memory_access_throughput": 88.0}, Limit.MEMORY),
        ({"gpu__compute_memory_request_throughput": 88.0}, Limit.MEMORY),
        ({"sm__memory_throughput": 88.0}, Limit.MEMORY_PIPES),
        ({"l1tex__data_pipe_lsu_wavefronts_mem_shared": 88.0}, Limit.SHARED),
        ({"sm__throughput": 88.0}, Limit.COMPUTE),
        ({"sm__instruction_throughput_of_active": 88.0}, Limit.COMPUTE),
        ({"sm__inst_executed": 88.0}, Limit.ISSUE),
        ({"smsp__issue_active_of_active": 88.0}, Limit.ISSUE),
        ({"sm__inst_executed_pipe_fp64_of_active": 88.0}, Limit.FP64),
        ({"sm__pipe_fp64_cycles_active": 88.0}, Limit.FP64),
        ({"sm__inst_executed_pipe_uniform_of_active": 88.0}, Limit.PIPE),
        ({"sm__inst_executed_pipe_tex": 88.0}, Limit.PIPE),
        ({"sm__pipe_alu_cycles_active": 88.0}, Limit.ALU),
        ({"sm__inst_executed_pipe_xu": 88.0}, Limit.EXP),
        ({"sm__pipe_tensor_op_hmma_cycles_active_of_active": 88.0}, Limit.TENSOR),
        ({"dram__throughput": 88.0}, Limit.DRAM),
        ({"ltc__throughput": 88.0}, Limit.UNIT),
        ({"gpu__pcie_throughput": 88.0}, Limit.UNIT),
    ],
)
def test_every_throughput_that_ncu_printed_may_limit(
    shares: dict[str, float], limit: Limit
) -> None:
    rest = dict(IDLE)
    if "dram__throughput" in shares:
        del rest["gpu__dram_throughput"]  # the same share by its other name
    assert limits(named(**{**rest, **shares})) == (limit,)


@pytest.mark.parametrize(
    "name",
    [
        "sm__warps_active_of_active",
        "smsp__issue_inst0_of_active",
        "smsp__cycles_active",
        "gpu__compute_memory_access_throughput_internal_activity",
    ],
)
def test_a_share_that_is_no_throughput_limits_nothing(name: str) -> None:
    assert limits(named(**IDLE, **{name: 97.0})) == (Limit.LATENCY,)


def test_the_old_tensor_pipe_is_no_candidate_under_any_name_where_tcgen05_is() -> None:
    shares = {**IDLE, "sm__pipe_tensor_op_hmma_cycles_active_of_active": 88.0}
    assert limits(named("9.0", **shares)) == (Limit.TENSOR,)
    assert limits(named("10.0", **shares)) == (Limit.LATENCY,)


@pytest.mark.parametrize(
    ("pattern", "unit", "words"),
    [
        ("smsp__average_warps_issue_stalled_{}_per_issue_active.ratio", "inst", "9.5 ("),
        ("smsp__warp_issue_stalled_{}_per_warp_active.pct", "%", "9.5 % ("),
        ("smsp__average_warp_latency_issue_stalled_{}.ratio", "cycle", "9.5 ("),
        ("smsp__pcsamp_warps_issue_stalled_{}", "warp", "9.5 ("),
    ],
)
def test_stall_reasons_are_known_by_each_of_their_names(
    pattern: str, unit: str, words: str
) -> None:
    idle = named(**IDLE).metrics
    stalls = {
        pattern.format("long_scoreboard"): Measurement(9.5, unit),
        pattern.format("not_selected"): Measurement(99.0, unit),
    }
    found = bottleneck(of_launches([KernelCapture(0, "k", {**idle, **stalls})]))
    assert f"stall long scoreboard {words}" in found.verdict.words
    assert "not selected" not in found.verdict.words
    assert "undetermined" not in found.verdict.words


def test_stall_reasons_in_a_unit_nobody_knows_are_there_and_not_understood() -> None:
    name = "smsp__average_warps_issue_stalled_long_scoreboard_per_issue_active.ratio"
    idle = named(**IDLE).metrics
    held = KernelCapture(0, "k", {**idle, name: Measurement(9.5, "parsec")})
    found = bottleneck(of_launches([held]))
    assert "stall reasons are there, not understood" in found.verdict.text
    (unused,) = found.unused
    assert "“9.5” in “parsec”" in unused
    assert name in unused


def test_a_grid_smaller_than_the_gpu_is_told_from_the_launch_alone() -> None:
    sms = {"device__attribute_multiprocessor_count": Measurement(132, "")}
    held = KernelCapture(0, "k", {**named(**IDLE).metrics, **sms}, grid=(8, 4, 1))
    remarks = "\n".join(one.words for one in bottleneck(of_launches([held])).remarks)
    assert "the grid is smaller than the GPU" in remarks
    assert "blocks 32 (grid), SMs 132 (device__attribute_multiprocessor_count)" in remarks


def test_labels_of_a_details_page_are_pipes_too() -> None:
    (gather, *_) = read_text(fixture("details_own_rule.csv")).kernels
    by_key = {one.key: one.value for one in of_launches([gather])}
    assert (by_key["pipe:alu"], by_key["pipe:alu 2"], by_key["pipe:fp64"]) == (11.25, 7.5, 0.25)
