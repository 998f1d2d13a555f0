"""Every case in which Nsight Compute prints numbers is read, or refused by name."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import UsageError
from orchestrator.readers.ncu.capture import Average, Form, Measurement
from orchestrator.readers.ncu.number import decimal_mark, measurement
from orchestrator.readers.ncu.read import read_file, read_text
from orchestrator.readers.ncu.version import NcuVersion
from tests.ncu.places import SAMPLES, fixture, needs_samples

RAW = fixture("raw_two_kernels.csv")


def test_a_raw_page_gives_one_capture_per_launch_in_base_units() -> None:
    first, second = read_text(RAW).kernels
    assert (first.id, first.kernel) == (0, 'void reduce<float, (int)4>(float *, int, "a, b")')
    assert (first.grid, first.block) == ((1, 32, 64), (256, 1, 1))
    assert (first.context, first.stream, first.device) == ("1", "7", "0")
    assert first.metrics["dram__bytes_read.sum"] == Measurement(1_500_000, "byte")
    assert first.metrics["dram__bytes.sum.per_second"] == Measurement(250e9, "byte/s")
    assert second.metrics["gpu__time_duration.sum"] == Measurement(30_000, "ns")
    assert second.text("device__attribute_display_name") == "NVIDIA H100 PCIe"


def test_missing_numbers_are_not_zero_and_zero_is_not_missing() -> None:
    first, second = read_text(RAW).kernels
    assert first.metrics["smsp__inst_executed.sum"] == Measurement(None, "inst", "n/a")
    assert second.metrics["smsp__inst_executed.sum"] == Measurement(None, "inst", "(!) nan")
    tensor = "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active"
    assert first.metrics[tensor] == Measurement(0.0, "%")


def test_values_above_one_hundred_percent_stay_as_measured() -> None:
    assert read_text(RAW).kernels[0].number("lts__t_sector_hit_rate.pct") == 100.39


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode("utf-16"),
        lambda text: (text + '"unfinished output of the program').encode(),
    ],
    ids=["bom", "bom and crlf", "utf-16 of PowerShell", "a quote in the program's output"],
)
def test_encodings_and_line_ends_change_nothing(encode: object, tmp_path: Path) -> None:
    assert callable(encode)
    path = tmp_path / "a.csv"
    path.write_bytes(encode(RAW))
    assert read_file(path).captures.kernels == read_text(RAW).kernels


def test_a_details_page_is_read_by_section_and_label_with_its_rules() -> None:
    (kernel,) = read_text(fixture("details_rules.csv")).kernels
    sol = "gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed"
    assert kernel.metrics[sol] == Measurement(21.68, "%")
    assert kernel.metrics["dram__bytes.sum.per_second"] == Measurement(1.5e9, "byte/s")
    policy = kernel.metrics["Launch Statistics: Cluster Scheduling Policy"]
    assert policy == Measurement("PolicySpread", "")
    (rule,) = kernel.rules
    assert rule.text == 'Limited by registers,\nand by "shared" memory.'
    assert rule.speedup == "81.25 % local"


def test_thousands_separators_are_read_where_the_table_proves_them() -> None:
    (kernel,) = read_text(fixture("metrics_thousands.csv")).kernels
    assert kernel.number("dram__bytes_read.sum") == 54_207_744
    assert kernel.number("gpu__time_duration.sum") == 9589
    assert kernel.number("smsp__inst_executed.sum") == 0


def test_a_summary_gives_averages_and_says_over_how_many_launches() -> None:
    held = read_text(fixture("summary.csv"))
    first, second = held.kernels
    assert held.forms == (Form.SUMMARY,)
    assert (first.launches, second.launches) == (14, 2)
    duration = first.metrics["gpu__time_duration.sum"]
    assert duration == Average(2000, "ns", low=1000, high=3000)


def test_several_tables_in_one_stream_are_all_read() -> None:
    assert len(read_text(RAW + fixture("details_rules.csv")).kernels) == 3


def test_a_record_glued_to_program_output_is_not_lost() -> None:
    glued = RAW.replace('\n"1","4711"', '\n99 % "1","4711"')
    assert read_text(glued).kernels == read_text(RAW).kernels


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (RAW[: RAW.index('"3000"')] + '"30', "cut off"),
        (RAW.replace('"168",', ""), "cut off or damaged"),
        (
            RAW[: RAW.index("==PROF== Disconnected")]
            .replace('"Mbyte"', '"1"')
            .replace('"",', '"9",', 1),
            "row of units",
        ),
        (RAW.replace('"61.20"', '"61,20"'), "two notations"),
        (RAW.replace('\n"1","4711"', '\n"0","4711"'), "twice"),
        ("hello\n", "no kernel"),
        ("", "no kernel"),
        (RAW[: RAW.index('"0","4711"')], "no kernel"),
    ],
    ids=["cut", "short row", "no units", "two locales", "same launch", "text", "empty", "no rows"],
)
def test_a_file_that_cannot_be_trusted_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        read_text(text)


def test_a_number_that_could_be_two_is_refused_with_the_way_out() -> None:
    header = '"ID","Kernel Name","Metric Name","Metric Unit","Metric Value"\n'
    row = '"1","k","gpu__time_duration.sum","us","1,234"\n'
    with pytest.raises(UsageError, match="nothing in the table says which") as caught:
        read_text(header + row)
    assert "LC_ALL=C" in caught.value.hint
    proven = row.replace("gpu__time_duration", "x__y").replace("1,234", "5,40")
    kernel = read_text(header + row + proven).kernels[0]
    assert kernel.number("gpu__time_duration.sum") == 1234.0  # 1.234 us


def test_a_missing_and_an_empty_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no\.csv"):
        read_file(tmp_path / "no.csv")
    (tmp_path / "zero.ncu-rep").touch()
    with pytest.raises(UsageError, match="0 bytes"):
        read_file(tmp_path / "zero.ncu-rep")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["commas", "semicolons", "tabs"])
@pytest.mark.parametrize("index", [False, True], ids=["plain", "with an index"])
def test_a_raw_page_saved_again_by_a_data_frame_says_the_same(delimiter: str, index: bool) -> None:
    rows = list(csv.reader(io.StringIO(RAW[RAW.index('"ID"') :])))
    header, units, *launches = [row for row in rows if len(row) == len(rows[0])]
    out = io.StringIO()
    write = csv.writer(out, delimiter=delimiter).writerow
    write(["", *header] if index else header)
    for number, row in enumerate([units, *launches]):
        floats = [
            f"{cell}.0" if cell and i in (0, 1, 5, 6, 9) else cell for i, cell in enumerate(row)
        ]
        write([number, *floats] if index else floats)
    assert read_text(out.getvalue()).kernels == read_text(RAW).kernels


def test_a_header_without_quotes_above_rows_with_quotes_is_a_header() -> None:
    header, units, *rows = (
        "ID,Kernel Name,Stream,dram__bytes_read.sum",
        ",,,byte",
        '"0","void k<1, 2>(int)","7.0","5000"',
    )
    (kernel,) = read_text("\n".join([header, units, *rows]) + "\n").kernels
    assert (kernel.kernel, kernel.stream) == ("void k<1, 2>(int)", "7")
    assert kernel.metrics == {"dram__bytes_read.sum": Measurement(5000, "byte")}


def test_columns_in_another_order_say_the_same() -> None:
    text = 'Kernel Name,ID,dram__bytes_read.sum,Stream\n,,byte,\n"f<1, 2>(int)",0,5000,7\nplain,1,10,8\n'
    first, second = read_text(text).kernels
    assert (first.id, first.kernel, first.stream) == (0, "f<1, 2>(int)", "7")
    assert (second.kernel, second.number("dram__bytes_read.sum")) == ("plain", 10)


def test_an_empty_last_cell_of_a_table_without_quotes_is_no_cut() -> None:
    text = 'Kernel Name,ID,a__b.sum,Stream\n,,byte,\n"f<1, 2>(int)",0,5000,\n'
    assert read_text(text).kernels[0].stream == ""
    with pytest.raises(UsageError, match="cut off") as caught:
        read_text(text + "plain,1,50,7")
    assert "put a line break at its end" in caught.value.hint


def test_streams_contexts_and_devices_are_whole_numbers_and_a_capability_is_not() -> None:
    text = RAW.replace('"1","7"', '"1.0","7.0"').replace('"0","9.0"', '"0.0","9"')
    assert [
        (one.context, one.stream, one.device, one.compute_capability)
        for one in read_text(text).kernels
    ] == [("1", "7", "0", "9.0")] * 2


def test_a_cell_that_a_column_repeats_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["own__same.sum", "own__few.sum", "own__odd.sum"]
    header = ",".join(f'"{name}"' for name in ("ID", "Kernel Name", *names))
    rows = [f'"{n}","k","1,000,000","{n % 2},000,000","(!) n/a"' for n in range(200)]
    text = "\n".join([header, '"","","byte","byte","byte"', *rows, ""])
    read: list[str] = []

    def counted(cell: str, unit: str, mark: str, where: str) -> Measurement:
        read.append(cell)
        return measurement(cell, unit, mark, where)

    monkeypatch.setattr("orchestrator.readers.ncu.raw_page.measurement", counted)
    kernels = read_text(text).kernels
    assert [kernel.number("own__same.sum") for kernel in kernels] == [1_000_000] * 200
    assert sorted(read) == ["(!) n/a", "0,000,000", "1,000,000", "1,000,000"]


@given(
    whole=st.integers(0, 10**12).map(str),
    fraction=st.none() | st.text("0123456789", min_size=1, max_size=6),
    unit=st.sampled_from(["Kbyte", "us", "%", "", "widget"]),
    mark=st.sampled_from([".", ",", ""]),
)
def test_the_short_way_through_a_raw_page_says_what_the_long_one_says(
    whole: str, fraction: str | None, unit: str, mark: str
) -> None:
    cell = whole if fraction is None else f"{whole}.{fraction}"
    proof = {".": "100.39", ",": "5,40", "": "7"}[mark]
    text = f'"ID","Kernel Name","a__b","c__d"\n"","","{unit}","%"\n"0","k","{cell}","{proof}"\n'
    try:
        long = measurement(cell, unit, decimal_mark([(cell, unit), (proof, "%")], ""), "")
    except UsageError:
        with pytest.raises(UsageError):
            read_text(text)
        return
    assert read_text(text).kernels[0].metrics["a__b"] == long


@needs_samples
@pytest.mark.parametrize(
    ("name", "launches", "metric", "value", "unit"),
    [
        ("ncu-csv/b200_raw_sdpa_cudnn_gqa_bf16.csv", 16, "gpu__time_duration.sum", 13120, "ns"),
        (
            "ncu-csv/b200_raw_sdpa_flash_mha_bf16_16k.csv",
            16,
            "gpu__time_duration.sum",
            685280,
            "ns",
        ),
        (
            "ncu-csv/sm100_details_rules_superbench_cublaslt.log",
            1,
            "dram__cycles_elapsed.avg.per_second",
            3995313115.40,
            "hz",
        ),
        ("ncu-csv/sm120_metrics_gemm_naive.csv", 1, "lts__t_sector_hit_rate.pct", 100.39, "%"),
        ("ncu-csv/sm120_metrics_saxpy.csv", 1, "dram__bytes_op_read.sum", 134_221_568, "byte"),
        (
            "derived-csv/h100pcie_silu_full_2025.1.0.csv",
            3,
            "dram__bytes_read.sum",
            268463104.0,
            "byte",
        ),
        (
            "derived-csv/gh200_missing_duration_2025.1.0.csv",
            3,
            "launch__registers_per_thread",
            56,
            "register/thread",
        ),
    ],
)
def test_real_csv_files_are_read_in_full(
    name: str, launches: int, metric: str, value: float, unit: str
) -> None:
    kernels = read_file(SAMPLES / name).captures.kernels
    assert len(kernels) == launches
    assert kernels[0].metrics[metric] == Measurement(value, unit)


@needs_samples
def test_a_real_file_without_a_duration_has_none() -> None:
    held = read_file(SAMPLES / "derived-csv/gh200_missing_duration_2025.1.0.csv").captures
    assert all(kernel.number("gpu__time_duration.sum") is None for kernel in held.kernels)
    assert "0 of 3 launches have a counter with a number" in held.doubts


@needs_samples
def test_a_real_version_is_understood() -> None:
    from orchestrator.readers.ncu.text_table import decode
    from orchestrator.readers.ncu.version import find_version

    text = decode((SAMPLES / "ncu-csv/sm120_ncu_version.txt").read_bytes())
    assert find_version(text) == NcuVersion(2026, 2, 1)
