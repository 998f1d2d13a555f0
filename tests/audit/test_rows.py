"""Rows beside each other: twice the same, repetitions, providers below each other, other files."""

from __future__ import annotations

from orchestrator.audit.audit import Verdict
from orchestrator.audit.together import together
from orchestrator.audit.values import Kind, Weight
from tests.audit.conftest import Audited, told

HEADER = "provider,B,H,S,D,dtype,causal,time_ms\n"


def test_that_one_provider_with_two_times_contradicts_and_two_cases_do_not(
    audited: Audited,
) -> None:
    row = "sdpa,1,8,512,64,fp16,0,"
    found = audited(f"{HEADER}{row}0.05\n{row}0.09\n")
    assert "line 2, line 3: sdpa: 50 µs and 90 µs: 1.8× apart" in told(found)[0]
    other = "sdpa,1,8,1024,64,fp16,0,"
    assert audited(f"{HEADER}{row}0.05\n{other}0.09\n").contradictions == ()


def test_that_the_same_row_twice_is_a_doubt(audited: Audited) -> None:
    row = "sdpa,1,8,512,64,fp16,0,0.05\n"
    found = audited(HEADER + row + row)
    assert found.contradictions == ()
    assert Kind.DUPLICATE in {one.kind for one in found.objections}


def test_that_rows_that_are_repetitions_are_samples_of_one(audited: Audited) -> None:
    lines = "".join(f"ours,512,{n},{100 + n % 7}.5\n" for n in range(12))
    found = audited(f"provider,S,trial,time_us\n{lines}")
    (row,) = found.sheet.rows
    assert row.place == "line 2 to 13"
    assert len(row.series[0].samples_us) == 12
    assert Kind.NO_SAMPLES not in {one.kind for one in found.objections}
    assert Kind.TWICE not in {one.kind for one in found.objections}


def test_that_a_speed_up_is_held_against_the_baseline_of_the_same_case(audited: Audited) -> None:
    text = (
        "provider,M,N,K,time_us,speedup\n"
        "cublas,1024,1024,1024,20.01,1.00\nours,1024,1024,1024,25.01,{}\n"
        "cublas,2048,2048,2048,99.01,1.00\nours,2048,2048,2048,50.01,1.98\n"
    )
    assert audited(text.format("0.80")).contradictions == ()
    found = told(audited(text.format("1.25")))
    assert "line 3, ours: speedup is 1.25×; 20.01 µs (cublas) / 25.01 µs (ours)" in found[0]
    assert len(found) == 1


def test_that_rates_of_one_case_have_to_go_with_its_times_without_any_shape(
    audited: Audited,
) -> None:
    text = "provider,problem,time_us,tflops\ntorch,p,20.01,100.0\nours,p,10.01,{}\n"
    assert audited(text.format("199.9")).contradictions == ()
    assert "2× apart" in told(audited(text.format("400.0")))[0]


WHOLE = {
    "results": [
        {"case": "a", "sdpa_ms": 2.001, "ours_ms": 1.001, "speedup": 2.0},
        {"case": "b", "sdpa_ms": 8.001, "ours_ms": 1.001, "speedup": 8.0},
    ],
    "average_speedup": 5.0,
    "conclusion": "Up to 8x faster than SDPA",
}


def test_that_what_is_told_of_the_whole_has_to_be_that_of_its_rows(audited: Audited) -> None:
    assert told(audited(WHOLE)) == []
    assert told(audited({**WHOLE, "average_speedup": 4.0})) == []  # the geometric mean
    (line,) = told(audited({**WHOLE, "average_speedup": 9.0}))
    assert "average_speedup is 9×; the 2 rows give 5 or 4 or 3.2" in line
    (line,) = told(audited({**WHOLE, "conclusion": "12x faster than SDPA"}))
    assert "by the times of 2 rows it is 2× to 7.99×" in line


def test_that_times_of_parts_of_a_call_are_no_providers(audited: Audited) -> None:
    row = {"case": "a", "fwd_ms": 1.01, "bwd_ms": 2.53, "speedup": 1.4}
    assert audited([row]).contradictions == ()


def test_that_what_is_missing_is_named(audited: Audited) -> None:
    found = audited([{"kernel": "flash", "seq_len": 512, "time_us": 45.5, "tflops": 10.0}])
    text = "\n".join(told(found, Weight.DOUBT))
    assert "lack batch (B), heads (H), dim (D), dtype" in text
    assert found.verdict is Verdict.NOT_JUDGED


def test_that_two_files_of_other_cases_are_not_comparable(audited: Audited) -> None:
    one = audited(f"{HEADER}a,1,8,512,64,fp16,0,0.05\n", "one.csv")
    two = audited(f"{HEADER}a,1,8,513,64,fp16,0,0.05\n", "two.csv")
    (pair,) = together([one, two])
    assert not pair.comparable
    assert pair.lines[0].startswith("NOT COMPARABLE")


def test_that_two_machines_and_equal_times_in_two_files_are_told(audited: Audited) -> None:
    rows = [{"gpu": "NVIDIA L4", "problem": p, "time_us": t} for p, t in (("a", 5.1), ("b", 7.3))]
    one = audited(rows, "one.json")
    two = audited([{**row, "gpu": "NVIDIA H200"} for row in rows], "two.json")
    (pair,) = together([one, two])
    text = "\n".join(pair.lines)
    assert "NOT THE SAME MACHINE: NVIDIA L4 / NVIDIA H200" in text
    assert "the same times in both files, in all 2 cases" in text
