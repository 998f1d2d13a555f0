"""A page tells apart what was not collected and what stands there but is not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.ncu.page import page
from orchestrator.ncu.states import untold
from orchestrator.readers.ncu.quantities.metrics import by_label
from orchestrator.readers.ncu.read import Source, read_text
from orchestrator.workflows.publishing import import_ncu as workflow
from tests.ncu.places import FIXTURES, SAMPLES, fixture, needs_samples

STATES = read_text(fixture("raw_states.csv")).kernels


def test_what_stands_there_is_shown_with_name_value_and_unit_and_is_not_called_missing() -> None:
    unclear = "\n".join(untold(STATES).not_understood)
    assert "DRAM bytes read: dram__bytes_read.sum is “7” in “furlong”" in unclear
    assert "_elapsed is “about a third” in “%”" in unclear
    missing = "\n".join(untold(STATES).not_collected)
    assert "DRAM bytes read" not in missing
    assert "DRAM throughput" not in missing
    assert "Stall (long scoreboard)" not in missing
    assert "Instructions executed (ncu printed n/a)" in missing


def test_the_page_has_both_lists_and_counts_measured_stalls_as_measured() -> None:
    told = workflow.markdown(workflow.import_file(FIXTURES / "raw_states.csv"))
    assert "There, but not understood" in told
    assert "| Stall (long scoreboard) | 25.94 |" in told
    assert "stall long scoreboard 25.9" in told
    assert "no stall reasons" not in told


def test_a_cell_without_a_value_says_which_of_the_two_it_is() -> None:
    text = fixture("raw_states.csv").replace('"usecond"', '"fortnight"')
    rows = page(Source("a.csv", len(text), "0" * 64, read_text(text))).kernels.rows
    assert [row[-2:] for row in rows] == [("—", "not understood")] * 3


def test_where_all_is_understood_the_page_has_no_such_list() -> None:
    told = workflow.markdown(workflow.import_file(FIXTURES / "raw_two_kernels.csv"))
    assert "not understood" not in told


@pytest.mark.parametrize(
    ("section", "label", "unit", "metric"),
    [
        ("GPU Speed Of Light", "SOL FB", "%", "gpu__dram_throughput"),
        ("GPU Speed Of Light", "SOL DRAM", "%", "gpu__dram_throughput"),
        ("GPU Speed Of Light", "SOL TEX", "%", "l1tex__throughput"),
        ("GPU Speed Of Light", "SOL L1/TEX Cache", "%", "l1tex__throughput"),
        ("GPU Speed Of Light", "SOL L2", "%", "lts__throughput"),
        ("GPU Speed Of Light", "SOL L2 Cache", "%", "lts__throughput"),
        ("GPU Speed Of Light", "SM [%]", "%", "sm__throughput"),
        ("GPU Speed Of Light", "SOL SM", "%", "sm__throughput"),
        ("GPU Speed Of Light", "Memory [%]", "", "gpu__compute_memory_throughput"),
        ("GPU Speed Of Light", "SOL Memory", "%", "gpu__compute_memory_throughput"),
        ("GPU Speed Of Light", "Memory Frequency", "hz", "dram__cycles_elapsed"),
        (
            "GPU Speed Of Light Throughput",
            "Memory Throughput",
            "%",
            "gpu__compute_memory_throughput",
        ),
        ("GPU Speed Of Light Throughput", "Memory Throughput", "byte/s", None),
        ("Memory Workload Analysis", "Memory Throughput", "byte/s", "dram__bytes"),
        ("Memory Workload Analysis", "Mem Busy", "%", "gpu__compute_memory_access_throughput"),
        (
            "Memory Workload Analysis",
            "Max Bandwidth",
            "%",
            "gpu__compute_memory_request_throughput",
        ),
        ("Memory Workload Analysis", "Mem Pipes Busy", "%", "sm__memory_throughput"),
        (
            "Warp State Statistics",
            "Stall Long Scoreboard",
            "inst",
            "smsp__average_warps_issue_stalled_long_scoreboard_per_issue_active",
        ),
        ("Occupancy", "SOL FB", "%", None),
    ],
)
def test_labels_of_every_year_since_2019_name_their_metric(
    section: str, label: str, unit: str, metric: str | None
) -> None:
    found = by_label(section, label, unit)
    assert (found.split(".")[0] if found else None) == metric


def test_a_page_of_2019_is_read_in_full() -> None:
    (kernel,) = read_text(fixture("details_2019.csv")).kernels
    share = ".avg.pct_of_peak_sustained_"
    assert kernel.number(f"gpu__dram_throughput{share}elapsed") == 46.5
    assert kernel.number(f"l1tex__throughput{share}active") == 70.75
    assert kernel.number("dram__cycles_elapsed.avg.per_second") == 812.5e6
    assert kernel.number("gpc__cycles_elapsed.avg.per_second") == 1.25e9
    assert kernel.number("gpu__time_duration.sum") == 20_500


def test_a_page_with_narrow_blanks_and_commas_is_read_exactly() -> None:
    (kernel,) = read_text(fixture("metrics_narrow_blanks.csv")).kernels
    assert kernel.number("dram__bytes_read.sum") == 54_207_744
    assert kernel.number("gpu__time_duration.sum") == 9589.25
    assert kernel.number("smsp__inst_executed.sum") == 1_234_567
    assert kernel.number("gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed") == 71.5


def test_two_metrics_under_one_label_are_both_kept() -> None:
    first = read_text(fixture("details_own_rule.csv")).kernels[0]
    assert first.number("Compute Workload Analysis: ALU") == 11.25
    assert first.number("Compute Workload Analysis: ALU (2)") == 7.5


@needs_samples
def test_a_sample_without_units_is_read_as_far_as_names_say_the_unit() -> None:
    path: Path = SAMPLES / "failing" / "n2_empty_units.csv"
    if not path.is_file():
        pytest.skip("no such sample beside this checkout")
    kernels = read_text(path.read_text()).kernels
    unclear = "\n".join(untold(kernels).not_understood)
    assert "gpu__time_duration.sum is “30000” without a unit" in unclear
    assert "dram__bytes_read.sum is “5000000” without a unit" in unclear
    assert "throughput" not in unclear
    assert "Duration" not in "\n".join(untold(kernels).not_collected)


def test_a_time_that_is_not_understood_stands_with_its_own_unit_under_its_metric() -> None:
    row = '"0","k","GPU Speed Of Light Throughput","Duration","usecond","1 234,5"'
    header = '"ID","Kernel Name","Section Name","Metric Name","Metric Unit","Metric Value"'
    (unclear,) = untold(read_text(f"{header}\n{row}\n").kernels).not_understood
    assert unclear == "Duration: gpu__time_duration.sum is “1 234,5” in “usecond”"
