"""Results of the predecessor that lie: every objection that is known of them is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.audit.audit import Audit, Verdict, audit
from orchestrator.audit.reading.read import read
from orchestrator.audit.together import together
from orchestrator.audit.values import Kind, Weight
from tests.audit.conftest import told

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "results"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples beside this checkout")


def of(name: str) -> Audit:
    return audit(read(SAMPLES / name))


def test_that_a_share_of_107_percent_of_a_roof_is_no_share_of_a_roof_that_applies() -> None:
    found = of("l4_baseline_107pct_roofline.json")
    text = "\n".join(told(found))
    assert "a roof that does not apply" in text
    assert "16.78 MB (B=32 H=8 S=128 D=64 fp16) fit into the L2 of L4, 50.33 MB" in text
    assert "more than 100 % of a roof" in text
    assert "107.2 %: 321.6 GB/s of the 300 GB/s of L4" in text
    doubted = "\n".join(told(found, Weight.DOUBT))
    assert "6.713 µs (performance.std_dev_ms) / 52.16 µs" in doubted
    assert "12.87 %" in doubted
    assert "no raw samples" in doubted


@pytest.mark.parametrize("name", ["l4_baseline_ours.csv", "l4_baseline_sdpa.csv"])
def test_that_all_three_causal_rows_are_counted_as_dense_and_no_dense_one_is(name: str) -> None:
    (one,) = of(name).contradictions
    assert one.kind is Kind.WORK
    assert one.title == "causal work counted as dense: 2× too high"
    assert [where.split(",")[0] for where, _ in one.details] == ["line 3", "line 5", "line 7"]
    assert "B=1 H=8 S=512 D=64 fp16 causal" in one.details[0][1]


def test_that_times_to_a_microsecond_of_forty_five_are_on_a_grid() -> None:
    text = "\n".join(told(of("l4_baseline_sdpa.csv"), Weight.DOUBT))
    assert "all 6 of p50_ms are multiples of 1 µs, which is 2.222 % of the shortest" in text
    assert Kind.GRID not in {one.kind for one in of("l4_baseline_ours.csv").objections}


def test_that_rates_four_times_too_high_contradict_time_shape_and_speed_up() -> None:
    text = "\n".join(told(of("l4_comparison_inconsistent.json")))
    assert "92.3 TFLOPS; 34.36 GFLOP (B=8 H=16 S=1024 D=64 fp16) in 1.489 ms" in text
    assert "are 23.08 TFLOPS: 4×" in text
    assert "speedup is 0.0997×" in text
    assert "0.0249×: 4× apart" in text
    assert "ours_tflops claims" not in text


def test_that_the_two_tables_are_comparable_and_decide_nothing() -> None:
    (pair,) = together([of("l4_baseline_ours.csv"), of("l4_baseline_sdpa.csv")])
    assert pair.comparable
    assert pair.shared == 6
    assert "no verdict of faster or slower" in pair.lines[-1]


def test_that_the_gpu_is_the_one_that_the_name_says() -> None:
    for path in sorted(SAMPLES.iterdir()):
        found = audit(read(path))
        assert found.verdict is Verdict.CONTRADICTS
        assert found.bounds[0].startswith("L4, as the file's name says: 121 TFLOPS")
