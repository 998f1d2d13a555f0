"""The details page as text, in every form since 2020: read like the CSV, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.readers.ncu.capture import Average, Form, Measurement
from orchestrator.readers.ncu.read import read_file, read_text
from tests.ncu.places import fixture

RAW = fixture("raw_two_kernels.csv")


def test_the_details_page_as_text_holds_the_launches_their_tables_and_rules() -> None:
    held = read_text(fixture("details_text.txt"))
    assert held.forms == (Form.TEXT,)
    assert held.doubts == ()
    first, second = held.kernels
    assert (first.kernel, first.grid, first.block) == (
        "scale(float *, int)",
        (1056, 1, 1),
        (256, 1, 1),
    )
    assert second.kernel == "void reduce<float, (int)4>(float *, int)"
    assert (second.context, second.stream, second.device) == ("1", "13", "0")
    assert second.compute_capability == "9.0"
    assert first.metrics["gpu__time_duration.sum"] == Measurement(777950, "ns")
    assert first.metrics["GPU Speed Of Light Throughput: Elapsed Cycles"].value == 1_234_567
    assert first.metrics["Launch Statistics: # SMs"] == Measurement(132, "SM")
    policy = first.metrics["Launch Statistics: Function Cache Configuration"]
    assert policy == Measurement("CachePreferNone", "")
    assert len(first.metrics) == 10


def test_cells_without_a_unit_and_errors_keep_their_columns() -> None:
    metrics = read_text(fixture("details_text.txt")).kernels[1].metrics
    conflicts = "l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_ld.sum"
    assert metrics == {
        "dram__bytes_read.sum": Measurement(804_480_000, "byte"),
        "l2__throughput.avg.pct_of_peak_sustained_elapsed": Measurement(None, "", "(!) n/a"),
        conflicts: Measurement(5001, ""),
        "smsp__inst_executed.sum": Measurement(0, "inst"),
    }


def test_rules_keep_their_lines_and_estimates() -> None:
    rules = read_text(fixture("details_text.txt")).kernels[0].rules
    assert [(one.name, one.section, one.speedup) for one in rules] == [
        ("INF", "GPU Speed Of Light Throughput", ""),
        ("OPT", "Occupancy", "33.87 % local"),
        ("OPT", "Occupancy", "4.5 % global"),
    ]
    assert rules[1].text == "The first remark runs over two lines."


def test_the_page_of_old_versions_has_dates_and_no_names_of_columns() -> None:
    add, gemm = read_text(fixture("details_text_2021.txt")).kernels
    assert (add.kernel, add.grid, add.stream) == ("add(int*, int*, int)", None, "7")
    assert (gemm.kernel, gemm.stream) == ("ampere_sgemm_128x128_nt", "31")
    assert add.metrics["gpc__cycles_elapsed.avg.per_second"] == Measurement(700_120_000, "hz")
    assert add.metrics["GPU Speed Of Light: Elapsed Cycles"] == Measurement(9729, "cycle")
    stalled = gemm.metrics["smsp__warp_issue_stalled_drain_per_warp_active.pct"]
    assert stalled == Measurement(2.76, "%")


def test_a_summary_as_text_says_over_how_many_launches_and_within_what_bounds() -> None:
    held = read_text(fixture("summary_text.txt"))
    (kernel,) = held.kernels
    assert (held.forms, kernel.launches) == ((Form.TEXT_SUMMARY,), 14)
    duration = kernel.metrics["gpu__time_duration.sum"]
    assert duration == Average(2000, "ns", low=1000, high=3000)


@pytest.mark.parametrize("mark", ["> ", "// ", "# "])
def test_a_page_pasted_into_a_comment_or_quotation_says_the_same(mark: str) -> None:
    text = fixture("details_text.txt")
    pasted = "".join(f"{mark}{line}" for line in text.splitlines(True))
    assert read_text(pasted).kernels == read_text(text).kernels


def test_a_page_quoted_in_a_document_says_so(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"# Ours\n\n```\n{fixture('details_text.txt')}```\n")
    held = read_file(path).captures
    assert len(held.kernels) == 2
    assert any("Quoted in a document" in doubt for doubt in held.doubts)


def test_a_table_of_which_a_document_quotes_the_beginning_is_read_and_said_to_have_no_end() -> None:
    text = fixture("summary_text.txt")
    ruler = text.splitlines()[3]
    quoted = f"```\n{text[: text.rindex(ruler)]}```\nwords\n"
    held = read_text(quoted, "README.md")
    assert held.kernels == read_text(text).kernels
    assert "The table in line 5 has no end" in held.doubts


def test_a_page_of_endless_lines_is_read_in_time() -> None:
    launch = f"  k, Context 1, Stream 7{' ' * 20_000}x\n    Section: {'a ' * 20_000}b\n"
    with pytest.raises(UsageError):
        read_text(launch + "    OPT  " + "  x" * 20_000)


def test_counters_of_a_launch_whose_line_is_not_understood_go_to_no_other() -> None:
    text = fixture("details_text_2021.txt").replace(", Context 1, Stream 31", " (new form)")
    again = text.replace("Section: Command line", "Section: GPU Speed Of Light\n    Section: Cmd")
    with pytest.raises(UsageError, match="stands twice under one launch"):
        read_text(again)


def test_text_and_csv_in_one_stream_are_both_read() -> None:
    held = read_text(RAW + fixture("details_text.txt"))
    assert held.forms == (Form.RAW, Form.TEXT)
    assert len(held.kernels) == 4


def test_the_rule_type_of_2020_to_2022_is_a_rule_too() -> None:
    said = "The kernel is utilizing greater than 80.0% of the available compute or memory."
    old = "WRN   This kernel grid is too small, an old rule says."
    text = fixture("details_text_2021.txt").replace(old, f"OK    {said}")
    assert [one.text for one in read_text(text).kernels[0].rules] == [said]
