"""The CUTLASS profiler's tables, of every version: never a traceback, never a wrong number."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from orchestrator.readers.cutlass_csv import NO_ROW, NO_TABLE, GemmRow, Sheet, parse
from tests.ceilings.stand_in import HEADER, KERNEL, row

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "cutlass"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples beside this checkout")
FILES = sorted(SAMPLES.glob("*")) if SAMPLES.is_dir() else []

# 2.x had neither D, nor raster order, nor clusters.
OLD = (
    "Problem,Provider,OperationKind,Operation,Disposition,Status,gemm_kind,m,n,k,A,B,C,alpha,beta,"
    "split_k_slices,batch_count,op_class,accum,cta_m,cta_n,cta_k,stages,warps_m,warps_n,warps_k,"
    "inst_m,inst_n,inst_k,min_cc,max_cc,Bytes,Flops,Runtime,GB/s,GFLOPs\n"
    "1,CUTLASS,gemm,cutlass_simt_sgemm,passed,success,universal,1024,1024,1024,f32:column,"
    "f32:column,f32:column,1,0,1,1,simt,f32,128,64,8,2,4,2,1,1,1,1,50,1024,12582912,2149580800,"
    "0.5,23.4375,4299.16\n"
)


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


def only(text: str) -> GemmRow:
    sheet = parse(text)
    assert not sheet.refused, sheet.refused
    (found,) = sheet.rows
    return found


def why(text: str) -> str:
    """The reason of the one refused row."""
    sheet = parse(text)
    assert not sheet.rows
    (refused,) = sheet.refused
    return refused.reason


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_row_of_a_real_file_is_read_with_the_rate_it_prints(path: Path) -> None:
    text = path.read_text()
    sheet = parse(text)
    start = text.index("Problem,Provider")
    printed = list(csv.DictReader(io.StringIO(text[start:])))
    assert len(sheet.rows) == len(printed) > 0
    assert not sheet.refused
    for found, cells in zip(sheet.rows, printed, strict=True):
        assert found.operation == cells["Operation"]
        assert found.rate_tflops == pytest.approx(float(cells["GFLOPs"]) / 1e3, rel=1e-5)
        assert found.rate_gib_s == pytest.approx(float(cells["GB/s"]), rel=1e-5)
        # The column is called GB/s; 805306368 bytes in 62.6346 ms are 12.857 of these.
        moved = int(cells["Bytes"]) / float(cells["Runtime"]) / 1e6
        assert moved == pytest.approx((found.rate_gib_s or 0) * 2**30 / 1e9, rel=1e-5)


@needs_samples
def test_there_are_samples_to_read() -> None:
    assert len(FILES) == 2


def test_a_table_of_version_4_is_read_by_its_names() -> None:
    assert only(table(row("e4m3", 0.125))) == GemmRow(
        operation=KERNEL["e4m3"],
        provider="CUTLASS",
        m=4096,
        n=4096,
        k=4096,
        element="e4m3",
        tile="128x256x128",
        cluster="2x1x1",
        disposition="passed",
        flops=2 * 4096**3 + 2 * 4096**2,
        runtime_ms=0.125,
        rate_tflops=(2 * 4096**3 + 2 * 4096**2) / 0.125 / 1e9,
        rate_gib_s=6 * 4096**2 / 2**30 / 0.125 * 1e3,
    )


def test_a_table_of_version_2_is_read_by_its_names() -> None:
    found = only(OLD)
    assert (found.tile, found.cluster, found.element) == ("128x64x8", "", "f32")
    assert found.rate_tflops == pytest.approx(4.29916, rel=1e-5)


def test_the_order_of_columns_means_nothing() -> None:
    names, cells = HEADER.split(","), row().split(",")
    backwards = ",".join(reversed(names)) + "\n" + ",".join(reversed(cells)) + "\n"
    assert only(backwards) == only(table(row()))


def test_a_bom_and_windows_line_ends_change_nothing() -> None:
    text = "\ufeff" + table(row()).replace("\n", "\r\n")
    assert only(text) == only(table(row()))


def test_a_table_within_the_programs_own_output_is_found() -> None:
    around = "\n\n=============================\n  Problem ID: 1\n\n        Provider: CUTLASS\n"
    text = f"{around}\nCSV Results:\n\n{table(row())}\nWrote results to 'a,b,c'\n"
    assert only(text) == only(table(row()))


def test_pivot_tags_before_the_first_column_change_nothing() -> None:
    tagged = table(f"h100,fp16,{row()}", header=f"machine,run,{HEADER}")
    assert only(tagged) == only(table(row()))


def test_a_pivot_tag_that_is_called_like_a_column_gives_no_number() -> None:
    sheet = parse(table(f"9,{row()}", header=f"Runtime,{HEADER}"))
    assert sheet == Sheet((), (), "two columns are called 'Runtime' (a pivot tag?)")


def test_a_comma_inside_a_pivot_tag_is_refused_and_not_shifted() -> None:
    assert "1 cells too many" in why(table(f"h100,80GB,{row()}", header=f"machine,{HEADER}"))


def test_two_tables_in_one_file_are_both_read() -> None:
    sheet = parse(table(row()) + OLD)
    assert [found.tile for found in sheet.rows] == ["128x256x64", "128x64x8"]


def several_devices(first_ms: str, second_ms: str) -> str:
    names = HEADER.replace("Runtime,", "Runtime,Runtime_0,Runtime_1,")
    cells = row(runtime_ms=0.2).split(",")
    place = HEADER.split(",").index("Runtime") + 1
    return table(",".join((*cells[:place], first_ms, second_ms, *cells[place:])), header=names)


def test_of_several_devices_the_mean_run_time_counts() -> None:
    assert only(several_devices("0.19", "0.21")).runtime_ms == 0.2


def test_a_mean_that_is_none_is_refused() -> None:
    assert "does not lie among" in why(several_devices("0.3", "0.4"))


@pytest.mark.parametrize(
    ("disposition", "reason"),
    [
        ("not_verified", "nothing verified its result"),
        ("incorrect", "its result is wrong"),
        ("failed", "it failed"),
        ("not_run", "it was not run"),
        ("not_supported", "does not support this problem"),
        ("invalid_problem", "calls the problem invalid"),
        ("invalid", "its disposition is 'invalid'"),
        ("", "its disposition is ''"),
    ],
)
@pytest.mark.parametrize("runtime_ms", [0.2, 0.0])
def test_a_row_that_was_not_verified_is_a_failure_with_its_reason(
    disposition: str, reason: str, runtime_ms: float
) -> None:
    assert reason in why(table(row(disposition=disposition, runtime_ms=runtime_ms)))


def test_a_kernel_whose_status_is_an_error_is_refused_though_it_claims_to_have_passed() -> None:
    assert "error_internal" in why(table(row(status="error_internal")))


def test_a_failing_row_has_empty_rates_and_does_not_hide_the_good_ones() -> None:
    sheet = parse(table(row(runtime_ms=0.0, disposition="not_run"), row(), row("e4m3")))
    assert len(sheet.rows) == 2
    assert [one.reason for one in sheet.refused] == ["it was not run (not_run)"]


def test_a_passed_row_without_a_run_time_is_refused() -> None:
    assert "Runtime is '0'" in why(table(row(runtime_ms=0.0)))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (",0.2,", ",0.1,", "GFLOPs says"),
        (",137472507904,", ",274945015808,", "Flops says 274945015808"),
        (",4096,4096,4096,", ",4096,4096,8192,", "m, n and k make"),
        (",100663296,", ",100663297777,", "GB/s says"),
        (",0.2,", ",nan,", "Runtime is 'nan'"),
        (",0.2,", ",inf,", "Runtime is 'inf'"),
        (",0.2,", ",1e999,", "Runtime is '1e999'"),
        (",0.2,", ",-0.2,", "Runtime is '-0.2'"),
        (",0.2,", ",0٫2,", "no number above zero"),
        (",4096,4096,4096,", ",4096.0,4096,4096,", "no whole number"),
        (",4096,4096,4096,", ",0,4096,4096,", "no whole number"),
        (",137472507904,", ",99999999999999999999,", "no whole number"),
    ],
)
def test_a_row_whose_figures_do_not_fit_together_is_refused(
    old: str, new: str, reason: str
) -> None:
    good = row()
    assert good.count(old) == 1
    assert reason in why(table(good.replace(old, new)))


@pytest.mark.parametrize(
    ("cut", "reason"),
    [(1, "1 cells too few"), (5, "5 cells too few"), (-2, "2 cells too many")],
)
def test_a_ragged_row_is_refused(cut: int, reason: str) -> None:
    cells = row().split(",")
    damaged = cells[:-cut] if cut > 0 else [*cells, "1", "2"]
    assert reason in why(table(",".join(damaged)))


def test_a_batch_counts_as_often_as_it_is_large() -> None:
    flops = 2 * 4096**3 + 2 * 4096**2
    batched = row().replace(",serial,1,1,", ",serial,1,3,")
    assert "Flops says" in why(table(batched))
    tripled = batched.replace(f",{flops},", f",{3 * flops},").replace(
        f",{flops / 0.2 / 1e6:.6g}", f",{3 * flops / 0.2 / 1e6:.6g}"
    )
    assert only(table(tripled)).rate_tflops == pytest.approx(3 * flops / 0.2 / 1e9)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", NO_TABLE),
        ("\ufeff\r\n\r\n", NO_TABLE),
        ("cutlass_profiler: not found\n", NO_TABLE),
        (table(), NO_ROW),
        (f"\n\nCSV Results:\n\n{HEADER}\n\n", NO_ROW),
        (
            HEADER.replace("GFLOPs", "Speed") + "\n" + row(),
            "a table of cutlass_profiler that lacks GFLOPs",
        ),
        (
            "Problem,Provider,OperationKind,Operation,Disposition,Status,conv_kind,n,h,w,c,Flops,"
            "Runtime,GFLOPs\n1,CUTLASS,conv2d,some_kernel,passed,success,fprop,8,224,224,128,"
            "1000,1.5,2.5\n",
            "a table of cutlass_profiler on conv, and only those on gemm are read",
        ),
    ],
)
def test_no_row_at_all_is_a_failure_with_its_reason(text: str, problem: str) -> None:
    assert parse(text) == Sheet((), (), problem)
