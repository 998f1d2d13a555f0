"""Findings follow from named evidence, and from nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.performance.bottleneck.evidence import Evidence, Limit, figure
from orchestrator.performance.bottleneck.rules import Bottleneck, bottleneck

UNITS = {
    "duration": "µs",
    "waves": "",
    "traffic_ratio": "×",
    "spill_bytes": "byte",
    "serialised": "",
    "eligible_warps": "",
    "blocks": "",
    "sms": "",
}
SHARES = (
    *("tensor_pipe", "exp_pipe", "dram", "l2", "l1", "shared", "fma_pipe", "alu_pipe", "lsu_pipe"),
    *("issue_slots", "compute", "sm_busy", "memory", "mem_busy", "mem_links", "mem_pipes"),
    *("pipe:fp64", "pipe:tex", "unit:ltc"),
)


def evidence(key: str, value: float) -> Evidence:
    unit = UNITS.get(key, "" if key.startswith("stall_") else "%")
    return Evidence(key, key.replace("_", " "), value, unit, f"metric_of_{key}")


def judge(**figures: float) -> Bottleneck:
    return bottleneck(evidence(key, value) for key, value in figures.items())


def remarks(found: Bottleneck) -> str:
    return "\n".join(one.words for one in found.remarks)


def test_a_full_exp_pipe_beside_a_third_of_the_tensor_pipe_is_limited_by_exponentials() -> None:
    found = judge(tensor_pipe=31, exp_pipe=88, dram=22)
    assert found.limits == (Limit.EXP,)
    assert found.verdict.words == (
        "limited by exponentials (XU pipe): exp pipe 88 % (metric_of_exp_pipe), "
        "tensor pipe 31 % (metric_of_tensor_pipe), dram 22 % (metric_of_dram) "
        "(heuristic: NVIDIA's lines of 60 % and 40 %)"
    )


@pytest.mark.parametrize(
    ("figures", "limits"),
    [
        ({"tensor_pipe": 75, "exp_pipe": 40, "dram": 20}, (Limit.TENSOR,)),
        ({"tensor_pipe": 75, "exp_pipe": 68, "dram": 20}, (Limit.TENSOR, Limit.EXP)),
        ({"tensor_pipe": 10, "exp_pipe": 5, "dram": 91}, (Limit.DRAM,)),
        ({"compute": 49.9, "dram": 81.1}, (Limit.DRAM,)),
        ({"compute": 88, "dram": 12}, (Limit.COMPUTE,)),
        ({"compute": 88, "dram": 12, "tensor_pipe": 31}, (Limit.COMPUTE,)),
        ({"compute": 88, "dram": 12, "tensor_pipe": 31, "exp_pipe": 88}, (Limit.EXP,)),
        ({"tensor_pipe": 20, "exp_pipe": 20, "dram": 20, "issue_slots": 85}, (Limit.ISSUE,)),
        ({"tensor_pipe": 20, "exp_pipe": 20, "dram": 20, "l2": 77}, (Limit.L2,)),
        ({"tensor_pipe": 30, "exp_pipe": 30, "dram": 30}, (Limit.LATENCY,)),
        ({"tensor_pipe": 50, "exp_pipe": 30, "dram": 30}, (Limit.NOTHING,)),
        ({"tensor_pipe": 20, "exp_pipe": 20, "dram": 20, "duration": 6}, (Limit.LAUNCH,)),
        ({"tensor_pipe": 90, "exp_pipe": 20, "dram": 20, "duration": 6}, (Limit.TENSOR,)),
        ({"compute": 9.6, "dram": 0.14, "l1": 101.2}, (Limit.UNDETERMINED,)),  # L1 is not idle
        ({"compute": 9.6, "dram": 0.14, "l1": 101.2, "l2": 84}, (Limit.L2,)),
        # A throughput that contains others speaks where none of them explains it, and only there.
        ({"compute": 82, "dram": 12, "tensor_pipe": 10, "exp_pipe": 5}, (Limit.COMPUTE,)),
        ({"compute": 82, "dram": 12, "tensor_pipe": 10, "exp_pipe": 79}, (Limit.EXP,)),
        ({"compute": 82, "dram": 12, "issue_slots": 80}, (Limit.ISSUE,)),
        ({"compute": 62, "dram": 12, "issue_slots": 58}, (Limit.ISSUE,)),
        ({"compute": 42, "dram": 12, "issue_slots": 38}, (Limit.NOTHING,)),
        ({"sm_busy": 61, "dram": 12, "issue_slots": 58}, (Limit.NOTHING,)),
        ({"compute": 82, "dram": 12, "pipe:fp64": 83}, (Limit.FP64,)),
        ({"compute": 10, "dram": 0.1, "memory": 86, "l1": 97}, (Limit.L1,)),
        ({"compute": 10, "dram": 0.1, "memory": 86, "l1": 40}, (Limit.MEMORY,)),
        ({"compute": 10, "dram": 85, "memory": 86, "l1": 40}, (Limit.DRAM,)),
        ({"compute": 10, "dram": 74, "memory": 74, "l1": 89}, (Limit.L1,)),
        ({"compute": 10, "dram": 85, "memory": 85, "l1": 86}, (Limit.L1, Limit.DRAM)),
        ({"compute": 10, "dram": 5, "mem_busy": 68, "shared": 66}, (Limit.SHARED,)),
        ({"compute": 10, "dram": 5, "mem_pipes": 68, "lsu_pipe": 70}, (Limit.LSU,)),
        ({"compute": 10, "dram": 5, "mem_pipes": 68}, (Limit.MEMORY_PIPES,)),
        ({"compute": 10, "memory": 91}, (Limit.MEMORY,)),
        ({"compute": 91, "memory": 10}, (Limit.COMPUTE,)),
        ({"sm_busy": 30, "mem_busy": 46, "mem_links": 84}, (Limit.MEMORY,)),
        ({"compute": 20, "dram": 10, "l1": 50}, (Limit.NOTHING,)),
        ({"compute": 20, "dram": 10, "l1": 39}, (Limit.LATENCY,)),
        ({"wgmma_pipe": 70, "tensor_pipe": 71, "exp_pipe": 9, "dram": 3}, (Limit.TENSOR,)),
    ],
)
def test_the_busiest_resource_limits(figures: dict[str, float], limits: tuple[Limit, ...]) -> None:
    assert judge(**figures).limits == limits


@pytest.mark.parametrize(
    ("figures", "missing"),
    [
        ({}, "DRAM throughput, tensor pipe, exp pipe"),
        ({"tensor_pipe": 95, "exp_pipe": 20}, "DRAM throughput"),
        ({"tensor_pipe": 95, "dram": 20}, "exp pipe"),
        ({"exp_pipe": 95, "dram": 20}, "tensor pipe"),
        ({"dram": 95}, "tensor pipe, exp pipe"),
        ({"compute": 95}, "DRAM throughput"),
        ({"compute": 95, "mem_busy": 10}, "DRAM throughput"),
        ({"memory": 95}, "tensor pipe, exp pipe"),
        ({"occupancy": 95, "issue_slots": 90}, "DRAM throughput, tensor pipe, exp pipe"),
    ],
)
def test_without_the_evidence_nothing_is_claimed_and_what_is_missing_is_named(
    figures: dict[str, float], missing: str
) -> None:
    found = judge(**figures)
    assert found.limits == (Limit.UNDETERMINED,)
    assert found.verdict.text == f"undetermined for want of {missing}"


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 100.01, 187.0])
def test_a_share_that_cannot_be_is_not_used_and_that_is_said(value: float) -> None:
    found = judge(tensor_pipe=31, exp_pipe=value, dram=22)
    assert found.limits == (Limit.UNDETERMINED,)
    assert "for want of exp pipe" in found.verdict.text
    (unused,) = found.unused
    assert "metric_of_exp_pipe" in unused


def test_latency_names_what_the_warps_wait_for_or_says_that_nobody_measured_it() -> None:
    low = {"tensor_pipe": 12.0, "exp_pipe": 9.0, "dram": 8.0, "issue_slots": 11.0}
    known = judge(**low, stall_long_scoreboard=9.1, stall_wait=1.0, stall_barrier=2.0, stall_gmma=0)
    assert "stall long scoreboard 9.1" in known.verdict.words
    assert "stall gmma" not in known.verdict.words
    assert "undetermined (no stall reasons)" in judge(**low).verdict.text


def unread(key: str, said: str) -> Evidence:
    return Evidence(key, key.replace("_", " "), math.nan, "", f"metric_of_{key}", said)


def test_what_stands_in_the_file_and_is_not_understood_is_not_called_missing() -> None:
    found = bottleneck([evidence("compute", 20.0), unread("dram", "“12,3,4” in “%”")])
    assert found.limits == (Limit.UNDETERMINED,)
    assert found.verdict.text == (
        "undetermined for want of DRAM throughput (in the file, but not understood)"
    )
    assert found.unused == (
        "dram “12,3,4” in “%” (metric_of_dram) is in the file but not understood, so it counts "
        "for nothing",
    )


def test_stall_reasons_are_measured_not_collected_or_not_understood() -> None:
    low = {"compute": 12.0, "dram": 8.0}
    there = bottleneck([*(evidence(k, v) for k, v in low.items()), unread("stall_wait", "“x”")])
    assert "(stall reasons are there, not understood)" in there.verdict.text
    assert "(no stall reasons)" in judge(**low).verdict.text
    odd = [unread(f"stall_{one}", "“x”") for one in ("wait", "barrier", "drain")]
    (unused,) = bottleneck([evidence("compute", 12.0), evidence("dram", 8.0), *odd]).unused
    assert unused.startswith(
        "3 stall reasons are in the file but not understood, such as stall wait"
    )
    zero = judge(**low, stall_wait=0).verdict.text
    assert "no warp was seen to wait for any of the reasons that were measured" in zero


def test_a_second_resource_above_the_line_is_shown_though_it_does_not_tie() -> None:
    words = judge(compute=10, dram=74, l1=89).verdict.words
    assert "limited by L1/TEX throughput: l1 89 % (metric_of_l1), dram 74 %" in words


@pytest.mark.parametrize(
    "small",
    [
        {"waves": 0.3},
        {"blocks": 32, "sms": 132},
        {"blocks": 32, "sms": 132, "waves": 0.24},
        {"blocks": 140, "sms": 132, "waves": 0.53},
    ],
)
def test_a_grid_that_does_not_fill_the_gpu_is_not_normal_for_large_tiles(
    small: dict[str, float],
) -> None:
    low = {"tensor_pipe": 25.0, "exp_pipe": 10.0, "dram": 10.0, "occupancy": 9.0}
    said = remarks(judge(**low, **small))
    assert "normal for tensor kernels" not in said
    assert "low occupancy, with a grid too small to fill the GPU" in said
    assert ("the grid is smaller than the GPU" in said) is (
        "blocks" in small and small["blocks"] < 132
    )
    assert "tail" not in said


def test_a_persistent_grid_of_one_block_for_each_sm_is_not_called_small() -> None:
    low = {"tensor_pipe": 75.0, "exp_pipe": 10.0, "dram": 10.0, "occupancy": 19.0}
    said = remarks(judge(**low, blocks=132, sms=132, waves=0.5))
    assert "grid" not in said
    assert "normal for tensor kernels with large tiles" in said


def test_low_occupancy_is_held_against_a_waiting_kernel_and_never_against_a_tensor_kernel() -> None:
    low = {"exp_pipe": 10.0, "dram": 10.0, "occupancy": 19.0}
    assert "not held against it" in remarks(judge(tensor_pipe=25, **low))
    assert "not held against it" in remarks(judge(tensor_pipe=85, **low))
    assert "few warps" in remarks(judge(tensor_pipe=0, **low))
    assert remarks(judge(compute=20, dram=10, occupancy=19)) == ""
    assert remarks(judge(tensor_pipe=0, exp_pipe=88, dram=10, occupancy=19)) == ""


def test_a_part_of_a_wave_a_spill_serialised_wgmma_and_double_traffic_are_remarked() -> None:
    busy = {"tensor_pipe": 70.0, "exp_pipe": 20.0, "dram": 20.0}
    assert "tail" in remarks(judge(**busy, waves=1.5))
    assert "tail" in remarks(judge(**busy, wave_fill=50))
    assert "spill to local memory: spill bytes 20 B (" in remarks(judge(**busy, spill_bytes=20))
    assert "serialised wgmma" in remarks(judge(**busy, serialised=2))
    assert "read or written again" in remarks(judge(**busy, traffic_ratio=2.1))
    assert "stayed in the L2" in remarks(judge(**busy, traffic_ratio=0.5))
    assert "bank conflicts" in remarks(judge(**busy, conflicts=35))
    assert "launching it" in remarks(judge(**busy, duration=7))


def test_what_is_in_order_is_not_remarked() -> None:
    fine = {"waves": 62.06, "spill_bytes": 0, "serialised": 0, "traffic_ratio": 1.05}
    found = judge(tensor_pipe=70, exp_pipe=20, dram=20, **fine, conflicts=3, duration=120, waves_=1)
    assert found.remarks == ()


def test_model_and_timing_alone_prove_a_near_roof_and_nothing_else() -> None:
    near = judge(roof_hbm=84, roof_tensor=60, roof_exp=61)
    assert near.limits == (Limit.ROOF,)
    assert "roof hbm 84 %" in near.verdict.words
    far = judge(roof_hbm=33, roof_tensor=28, roof_exp=28)
    assert far.limits == (Limit.UNDETERMINED,)
    assert "no roof is near by model and timing" in far.verdict.text
    # A roof above 100 % is a measurement error, not proof of a good kernel.
    assert judge(roof_hbm=133).limits == (Limit.UNDETERMINED,)


def test_counters_outweigh_the_model() -> None:
    assert judge(tensor_pipe=31, exp_pipe=88, dram=22, roof_hbm=84).limits == (Limit.EXP,)


# What the original report of 2025-10-30 claimed of H=96: 28.4 % of the tensor peak, a third of the
# memory's, and no counters.
ORIGINAL = {"roof_tensor": 28.4, "roof_exp": 28.4, "roof_HBM": 32.8}


def test_the_original_reports_claims_cannot_be_made_again() -> None:
    found = judge(**ORIGINAL)
    text = found.verdict.words + remarks(found)
    assert found.limits == (Limit.UNDETERMINED,)
    for claim in ("compute-bound", "well utili", "saturat", "optimal", "sweet spot", "divergence"):
        assert claim not in text.lower()
    # ">0.90 occupancy" was demanded of a tensor kernel; heads are no dimension of shared memory.
    assert "held against" not in text
    counted = judge(**ORIGINAL, tensor_pipe=28, exp_pipe=33, dram=30, occupancy=19)
    assert counted.limits == (Limit.LATENCY,)
    assert "not held against it" in remarks(counted)


@given(st.dictionaries(st.sampled_from(SHARES), st.floats(allow_nan=True, allow_infinity=True)))
def test_a_limit_is_only_ever_claimed_of_a_share_above_60_percent(
    figures: dict[str, float],
) -> None:
    found = judge(**figures)
    usable = {key: value for key, value in figures.items() if 0 <= value <= 100}
    usable_but_one = {key: value for key, value in usable.items() if key != "sm_busy"}
    none = {Limit.LATENCY, Limit.LAUNCH, Limit.NOTHING, Limit.UNDETERMINED, Limit.ROOF}
    if not set(found.limits) & none:
        assert max(usable.values()) >= 60
        assert {"dram", "memory"} & set(usable) or {"mem_busy", "mem_links"} <= set(usable)
    # SM Busy counts active cycles, as its parts do, and so gives way to a part 5 points below.
    if set(found.limits) & {Limit.LATENCY, Limit.NOTHING}:
        assert max(usable_but_one.values(), default=0) < 60
        assert max(usable.values()) < 65
    if Limit.LATENCY in found.limits:
        assert max(usable_but_one.values(), default=0) < 40
    for one in found.verdict.evidence:
        assert one.value == figures[one.key]
        assert 0 <= one.value <= 100


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (88.04, "%", "88 %"),
        (0.96, "%", "0.96 %"),
        (402653184, "byte", "402.7 MB"),
        (20, "byte", "20 B"),
        (0, "byte", "0 B"),
        (1.52, "×", "1.52×"),
        (366.528, "µs", "367 µs"),
        (12345, "", "12,345"),
        (math.nan, "%", "nan %"),
    ],
)
def test_figures_have_three_or_four_digits(value: float, unit: str, text: str) -> None:
    assert figure(value, unit) == text
