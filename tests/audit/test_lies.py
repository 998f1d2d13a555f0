"""Each kind of objection: a file that provokes it, with its arithmetic, and an honest one of the
same make on which it stays silent."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.audit.audit import Verdict
from orchestrator.audit.values import Kind, Weight
from tests.audit.conftest import Audited, told

GEMM = {"gpu": "NVIDIA L4", "op": "gemm", "M": 1024, "N": 1024, "K": 1024, "dtype": "fp16"}
# 2.147 GFLOP in 40 µs are 53.69 TFLOPS, 6.291 MB 157.3 GB/s: of an L4's 121 and 300.
RIGHT: dict[str, Any] = {**GEMM, "time_us": 40.0, "tflops": 53.687, "gb_s": 157.286}
ATTENTION = {"B": 8, "H": 16, "S": 1024, "D": 64, "dtype": "bf16", "gpu": "H100 SXM"}
# 34.36 GFLOP dense; in 100 µs 343.6 TFLOPS of an H100's 989.
DENSE = {**ATTENTION, "causal": False, "p50_ms": 0.1, "tflops": 343.597}
MASKED = {**ATTENTION, "causal": True, "p50_ms": 0.1, "tflops": 171.799}
PAIR = {"sdpa_ms": 1.2001, "ours_ms": 1.0001, "speedup": 1.2}

LIES: list[tuple[str, Kind, dict[str, Any], dict[str, Any], str]] = [
    ("dense_for_causal", Kind.WORK, MASKED, {"tflops": 343.597}, "causal work counted as dense"),
    ("half", Kind.WORK, DENSE, {"tflops": 171.799}, "half the work of a dense case"),
    ("twice", Kind.WORK, DENSE, {"tflops": 687.19}, "FLOP counted twice"),
    ("quarter", Kind.WORK, DENSE, {"tflops": 85.9}, "a quarter of the FLOP"),
    ("backward", Kind.WORK, RIGHT, {"tflops": 53.687 * 2.5}, "the backward pass"),
    ("milliseconds", Kind.WORK, RIGHT, {"tflops": 0.053687}, "units mixed up: 1000× too low"),
    ("an_axis", Kind.WORK, DENSE, {"tflops": 343.597 / 16}, "the axis H counted left out"),
    ("any_factor", Kind.CONTRADICTS, RIGHT, {"tflops": 71.0}, "1.3× what its own time and shape"),
    ("gib", Kind.WORK, RIGHT, {"gb_s": 146.484}, "GiB/s called GB/s"),
    ("bytes_twice", Kind.WORK, RIGHT, {"gb_s": 314.57}, "bytes counted twice"),
    (
        "too_few_bytes",
        Kind.CONTRADICTS,
        RIGHT,
        {"gb_s": 50.0},
        "below what inputs and outputs need",
    ),
    (
        "flop_of_a_call",
        Kind.WORK,
        {**RIGHT, "flop": 2147483648},
        {"flop": 1073741824},
        "half the FLOP",
    ),
    (
        "upside_down",
        Kind.CLAIM,
        PAIR,
        {"speedup": 1.2, "sdpa_ms": 1.0, "ours_ms": 1.2},
        "upside down",
    ),
    ("no_ratio", Kind.CONTRADICTS, PAIR, {"speedup": 1.5}, "1.2×: 1.25× apart"),
    ("slower", Kind.CLAIM, PAIR, {"speedup": 3.0, "ours_ms": 2.0}, "claimed faster, and slower"),
    (
        "rates_apart",
        Kind.CONTRADICTS,
        {**PAIR, "sdpa_tflops": 100.0, "ours_tflops": 120.0},
        {"ours_tflops": 240.0},
        "2× apart",
    ),
    ("above_peak", Kind.PEAK, RIGHT, {"tflops": 536.87, "time_us": 4.0}, "cannot reach"),
    (
        "too_short",
        Kind.PEAK,
        {**GEMM, "time_us": 40.0},
        {"time_us": 4.0},
        "needs at least 17.72 µs",
    ),
    (
        "above_memory",
        Kind.PEAK,
        {**GEMM, "M": 65536, "time_us": 2000.0},
        {"hbm_gb_s": 500.0},
        "the memory of L4 gives 300 GB/s",
    ),
    ("over_100", Kind.PEAK, {**RIGHT, "mfu": 0.4437}, {"mfu": 1.31}, "more than 100 %"),
    (
        "cached_roof",
        Kind.ROOF,
        {**RIGHT, "cache": "cold", "efficiency_pct": 52.43},
        {
            "cache": "warm",
            "time_us": 20.0,
            "tflops": 107.37,
            "gb_s": 314.57,
            "efficiency_pct": 104.86,
        },
        "6.291 MB (M=1024 N=1024 K=1024 fp16) fit into the L2 of L4",
    ),
    (
        "target",
        Kind.CLAIM,
        {**PAIR, "target_ms": 1.1, "target_met": True},
        {"target_ms": 0.9},
        "missed",
    ),
    (
        "met",
        Kind.CLAIM,
        {**PAIR, "target_met": True},
        {"ours_ms": 2.0, "speedup": 0.6},
        "slower by its",
    ),
    (
        "words",
        Kind.CLAIM,
        {**PAIR, "summary": "1.2x faster than SDPA"},
        {"summary": "2.4x faster than SDPA"},
        "not that of its own times",
    ),
    ("order", Kind.ORDER, {"p50_ms": 1.0, "p90_ms": 1.1}, {"p90_ms": 0.9}, "p90 below p50"),
    ("mean", Kind.ORDER, {"min_ms": 1.0, "mean_ms": 1.2}, {"mean_ms": 0.8}, "mean below minimum"),
    (
        "range",
        Kind.ORDER,
        {"min_ms": 1.0, "max_ms": 1.2, "std_ms": 0.05},
        {"std_ms": 0.5},
        "larger than the whole range",
    ),
    (
        "far",
        Kind.ORDER,
        {"median_ms": 1.0, "mean_ms": 1.02, "std_ms": 0.05},
        {"mean_ms": 1.9},
        "further apart than one standard deviation",
    ),
    ("nan", Kind.NO_NUMBER, RIGHT, {"time_us": float("nan")}, "NaN where a time should be"),
    ("infinity", Kind.NO_NUMBER, RIGHT, {"tflops": float("inf")}, "infinity where a FLOP rate"),
    ("zero", Kind.NO_NUMBER, RIGHT, {"time_us": 0.0}, "a time of zero"),
    ("negative", Kind.NO_NUMBER, RIGHT, {"time_us": -3.0}, "a time below zero"),
    (
        "summary",
        Kind.CONTRADICTS,
        {"times_us": [10.1, 10.2, 10.3, 10.15, 10.25], "mean_us": 10.2},
        {"mean_us": 5.0},
        "its own raw samples do not give",
    ),
    (
        "backward_rate",
        Kind.WORK,
        {**DENSE, "pass": "bwd", "tflops": 343.597 * 2.5},
        {"pass": "fwd"},
        "the backward pass counted on the time of a forward pass",
    ),
    (
        "per_head",
        Kind.WORK,
        {"B": 16, "H": 32, "S": 512, "D": 64, "us_per_head": 3.901, "tflops": 275.24},
        {"tflops": 550.48},
        "34.36 GFLOP (B=16 H=32 S=512 D=64) in 124.8 µs (us_per_head)",
    ),
    (
        "target_in_words",
        Kind.CLAIM,
        {
            **{"H": 32, "B": 1, "S": 512, "D": 64, "us_per_head": 3.9},
            **{"target": "< 4 us/head", "status": "PASS"},
        },
        {"us_per_head": 4.6},
        "target is 128 µs, us_per_head is 147.2 µs",
    ),
    ("winner", Kind.CLAIM, {**PAIR, "winner": "ours"}, {"winner": "sdpa"}, "called the fastest"),
    (
        "total",
        Kind.ORDER,
        {"mean_ms": 1.5, "iterations": 100, "total_ms": 151.5},
        {"total_ms": 15.15},
        "100 times 1.5 ms (mean_ms) are 150 ms; total_ms is 15.15 ms",
    ),
    (
        "interval",
        Kind.ORDER,
        {"median_ms": 1.5, "ci_low_ms": 1.4, "ci_high_ms": 1.6},
        {"ci_low_ms": 1.55},
        "p50 below low",
    ),
    (
        "one_of_a_family",
        Kind.ROOF,
        {**ATTENTION, "gpu": "H100", "p50_us": 500.0, "gb_s": 134.2, "cache": "cold"},
        {"S": 128, "p50_us": 2.303, "gb_s": 3642.7, "cache": "", "efficiency_pct": 108.7},
        "3643 GB/s of the 3352 GB/s of H100 SXM; but 8.389 MB",
    ),
    ("sample", Kind.NO_NUMBER, {"times_us": [1.5, 1.6]}, {"times_us": [1.5, 0.0]}, "1 of 2"),
]


@pytest.mark.parametrize(
    ("name", "kind", "honest", "lie", "words"), LIES, ids=lambda v: str(v)[:24]
)
def test_that_a_lie_is_named_with_its_arithmetic_and_the_truth_is_not(
    audited: Audited,
    name: str,
    kind: Kind,
    honest: dict[str, Any],
    lie: dict[str, Any],
    words: str,
) -> None:
    assert told(audited([honest], "honest.json")) == []
    found = audited([{**honest, **lie}], f"{name}.json")
    assert kind in {one.kind for one in found.contradictions}
    assert words in "\n".join(told(found))
    assert found.verdict is Verdict.CONTRADICTS


STEADY = [100.0 + 0.37 * (7 * n % 40) / 40 for n in range(40)]
DOUBTS: list[tuple[str, Kind, dict[str, Any], dict[str, Any], str]] = [
    ("spread", Kind.SPREAD, {"mean_us": 52.0, "std_us": 2.0}, {"std_us": 6.0}, "11.54 %"),
    ("cv", Kind.SPREAD, {"mean_us": 52.0, "cv": 0.03}, {"cv": 0.12}, "cv: 12 %"),
    (
        "of_samples",
        Kind.SPREAD,
        {"times_us": STEADY},
        {"times_us": [s * (1 + n % 2) for n, s in enumerate(STEADY)]},
        "40 samples of times_us",
    ),
    (
        "warm_up",
        Kind.SERIES,
        {"times_us": STEADY},
        {"times_us": [180.0, *STEADY]},
        "the first is 180 µs, the others 100 µs",
    ),
    (
        "step",
        Kind.SERIES,
        {"times_us": STEADY},
        {"times_us": [s * (1 if n < 16 else 1.1) for n, s in enumerate(STEADY)]},
        "for 16 samples, then",
    ),
    (
        "idle_calls",
        Kind.SERIES,
        {"times_us": STEADY},
        {"times_us": [0.01 if n % 5 == 0 else s for n, s in enumerate(STEADY)]},
        "8 of 40, down to 10 ns",
    ),
    (
        "grid",
        Kind.GRID,
        {"times_us": STEADY},
        {"times_us": [1.024 * (8 + n % 5) for n in range(20)]},
        "multiples of 1.024 µs, which is 12.5 % of the shortest (8.192 µs)",
    ),
    ("a_share", Kind.PEAK, {**RIGHT, "mfu": 0.4437}, {"mfu": 0.8}, "of no peak of this GPU"),
    ("zero_rate", Kind.NO_NUMBER, RIGHT, {"tflops": 0.0}, "too few digits"),
    (
        "mask",
        Kind.WORK,
        DENSE,
        {"causal": None, "tflops": 171.799},
        "of which the file says nothing",
    ),
    ("traffic", Kind.WORK, RIGHT, {"gb_s": 210.0}, "more traffic than inputs read"),
    (
        "two_units",
        Kind.CONTRADICTS,
        {"mean_ms": 1.501, "mean_us": 1501.0},
        {"mean_us": 15.01},
        "100× apart",
    ),
    ("intensity", Kind.CONTRADICTS, {**RIGHT, "intensity": 341.33}, {"intensity": 64.0}, "341.3"),
]


@pytest.mark.parametrize(
    ("name", "kind", "honest", "lie", "words"), DOUBTS, ids=lambda v: str(v)[:24]
)
def test_that_a_doubt_is_named_and_an_honest_file_gets_none_of_the_kind(
    audited: Audited,
    name: str,
    kind: Kind,
    honest: dict[str, Any],
    lie: dict[str, Any],
    words: str,
) -> None:
    assert kind not in {one.kind for one in audited([honest], "honest.json").objections}
    found = audited([{**honest, **lie}], f"{name}.json")
    assert found.contradictions == ()
    assert kind in {one.kind for one in found.objections}
    assert words in "\n".join(told(found, Weight.DOUBT))


def test_that_an_honest_file_holds_and_says_what_was_compared(audited: Audited) -> None:
    found = audited([RIGHT, {**RIGHT, "M": 2048, "time_us": 80.0, "gb_s": 131.07}])
    assert found.verdict is Verdict.HOLDS
    assert ("FLOP rate follows from time and work", 2) in found.held
    assert [one.kind for one in found.objections] == [Kind.NO_SAMPLES]


def test_that_a_causal_triangle_may_be_counted_with_or_without_its_diagonal(
    audited: Audited,
) -> None:
    small = {**ATTENTION, "S": 64, "causal": True, "p50_us": 20.0}
    half, triangle = 4 * 64 * 64 * 64 / 2 * 128, 4 * 64 * 64 * 65 / 2 * 128
    for flop in (half, triangle):
        assert audited([{**small, "gflops": flop / 20e-6 / 1e9}]).contradictions == ()


def test_that_few_digits_are_not_held_against_a_file(audited: Audited) -> None:
    text = "B,H,S,D,dtype,causal,p50_ms,tflops\n1,8,512,64,fp16,0,7.433,0.07\n"
    assert audited(text).verdict is Verdict.HOLDS
    assert audited(text.replace("0.07", "0.14")).verdict is Verdict.CONTRADICTS
    assert audited(text.replace("0.07", "0.1")).verdict is Verdict.NOT_JUDGED
