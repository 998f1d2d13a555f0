"""The table of times on the first page: one row for each case, and what stands in its cells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.performance.objection import Severity
from orchestrator.report.figures import figures
from orchestrator.report.first.cases import axes_of, cases_view
from orchestrator.report.render import render
from orchestrator.report.view.report import CasesView
from orchestrator.report.view.tables import Cell
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status
from remote_payload.operators import registry
from tests.report import gone_wrong, synthetic
from tests.report.synthetic_rmsnorm import rmsnorm_result

GEMM = registry.find("gemm_bias")


def view(result: Result, method: Method = Method.BACK_TO_BACK) -> CasesView:
    return cases_view(figures(result), method)


def row(found: CasesView, first: str) -> dict[str, str]:
    """The row whose first cell says so, by the names of its columns."""
    (cells,) = [cells for cells in found.table.rows if cells[0] == first]
    return dict(zip(found.table.header, cells, strict=True))


def among(**median_us: float) -> Result:
    """SYNTHETIC: a provider's time is its µs per head, times the heads, at H=8 and H=96."""
    cases = tuple(synthetic.case(heads) for heads in (8, 96))
    bench = [
        synthetic.bench(name.replace("_", "-"), of, synthetic.samples(us * of.size("H")))
        for of in cases
        for name, us in median_us.items()
    ]
    controls = [
        replace(one, control=True, samples_us=tuple(1.001 * us for us in one.samples_us))
        for one in bench
        if one.provider == "sdpa"
    ]
    names = [name.replace("_", "-") for name in median_us]
    return replace(
        synthetic.gpu_result(),
        bench=(*bench, *controls),
        checks=tuple(synthetic.check(name, of) for of in cases for name in names),
    )


def test_what_is_the_same_in_all_cases_stands_in_the_heading_and_the_rest_in_a_column() -> None:
    found = view(synthetic.gpu_result())
    assert found.heading == "Times warm (back to back): B=16 S=512 D=64 fp16"
    assert found.table.header == (
        "Heads",
        "sdpa, µs/head",
        "sparsek, µs/head",
        "Speed-up",
        "TFLOPS",
        "Of the roof",
    )
    assert [cells[0] for cells in found.table.rows] == ["8", "16", "32", "64", "96", "128"]
    assert found.table.marked == (4,), "the case that the title speaks of"
    assert found.notes == ()


def test_a_cell_has_half_its_interval_and_its_neighbour_the_verdict() -> None:
    cells = row(view(synthetic.gpu_result()), "96")
    assert cells["sparsek, µs/head"] == "2.9522 ±0.09 %"
    assert cells["Speed-up"] == "1.320× FASTER"
    assert cells["Of the roof"] == "42 % HBM"
    time = cells["sparsek, µs/head"]
    assert isinstance(time, Cell)
    assert float(time.raw) == pytest.approx(2.9522, abs=1e-4)


def test_each_method_has_a_heading_of_its_own() -> None:
    assert view(synthetic.gpu_result(), Method.COLD).heading == (
        "Times cold (cache flushed before each call): B=16 S=512 D=64 fp16"
    )


def product(**sizes: int) -> Case:
    return GEMM.case({**sizes, "activation": "relu"}, DType.FP16)


def test_axes_that_are_tied_are_one_column() -> None:
    axes = axes_of([product(M=size, N=size, K=size) for size in (256, 512, 1024)])
    assert axes.varying == (("M", "N", "K"),)
    assert axes.constant == "activation=relu fp16"
    assert axes.values(product(M=512, N=512, K=512)) == ("512",)


def test_axes_that_vary_apart_are_columns_apart() -> None:
    cases = [product(M=m, N=n, K=64) for m in (64, 128) for n in (256, 512)]
    axes = axes_of(cases)
    assert axes.varying == (("M",), ("N",))
    assert "K=64" in axes.constant
    assert axes.values(cases[-1]) == ("128", "512")


def test_a_dtype_that_varies_is_a_column_and_one_case_alone_has_none() -> None:
    both = [replace(synthetic.case(), dtype=dtype) for dtype in (DType.FP16, DType.BF16)]
    assert axes_of(both).varying == (("dtype",),)
    assert axes_of(both).values(both[1]) == ("bf16",)
    one = axes_of([synthetic.case()])
    assert one.varying == ()
    assert one.constant == "B=16 H=96 S=512 D=64 fp16"


def test_square_products_are_one_column_of_the_table() -> None:
    cases = [product(M=size, N=size, K=size) for size in (512, 1024)]
    bench = [
        synthetic.bench(name, of, synthetic.samples(us * of.size("M")))
        for of in cases
        for name, us in (("torch", 1.0), ("torch-compile", 0.8))
    ]
    request = replace(synthetic.request(cases=tuple(cases)), operator="gemm_bias", providers=())
    result = replace(
        rmsnorm_result(),
        request=request,
        operator=GEMM.facts,
        cases=tuple(GEMM.facts_of(of) for of in cases),
        bench=tuple(bench),
        checks=tuple(synthetic.check(one.provider, one.case) for one in bench),
    )
    found = view(result)
    assert found.table.header[0] == "M=N=K"
    assert [cells[0] for cells in found.table.rows] == ["512", "1024"]


def test_of_many_providers_the_baseline_the_subject_and_the_fastest_others_are_shown() -> None:
    found = view(among(sdpa=3.8, sparsek=2.0, fa3=2.6, sdpa_flash=3.9, sdpa_cudnn=3.0))
    times = [name for name in found.table.header if name.endswith(", µs/head")]
    assert times == [f"{name}, µs/head" for name in ("sdpa", "sparsek", "fa3", "sdpa-cudnn")]
    assert found.notes == ("Timed too, under every timing: sdpa-flash.",)


def test_rates_are_those_of_the_one_that_the_title_speaks_of() -> None:
    assert render(synthetic.run(rmsnorm_result())).view.title.startswith("triton is ")
    found = view(rmsnorm_result())
    assert [name for name in found.table.header if name.startswith("Speed-up")] == [
        "Speed-up of triton",
        "Speed-up of torch-compile",
    ]
    assert found.table.header[-2:] == ("GB/s of triton", "Of the roof by triton")
    assert row(found, "16384")["GB/s of triton"].startswith("2764.5")


def lacking(change: BenchRecord | None) -> Result:
    """Ours at 96 heads, back to back, is something else, or not there."""
    base = synthetic.gpu_result()
    bench = []
    for one in base.bench:
        is_it = (one.provider, one.case.size("H"), one.method) == (
            "sparsek",
            96,
            Method.BACK_TO_BACK,
        )
        bench += [change] if is_it and change else [] if is_it else [one]
    return replace(base, bench=tuple(bench))


def ours() -> BenchRecord:
    (found,) = [
        one
        for one in synthetic.gpu_result().bench
        if (one.provider, one.case.size("H"), one.method) == ("sparsek", 96, Method.BACK_TO_BACK)
    ]
    return found


def test_a_provider_that_is_missing_on_one_case_leaves_a_dash_there_alone() -> None:
    found = view(lacking(None))
    cells = row(found, "96")
    assert cells["sdpa, µs/head"].startswith("3.8976")
    assert [name for name, cell in cells.items() if cell == "—"] == [
        "sparsek, µs/head",
        "Speed-up",
        "TFLOPS",
        "Of the roof",
    ]
    assert "—" not in row(found, "64").values()


def test_a_time_that_stepped_has_both_levels_and_no_rate() -> None:
    record = ours()
    later = tuple(1.2 * us for us in record.samples_us[20:])
    cells = row(view(lacking(replace(record, samples_us=(*record.samples_us[:20], *later)))), "96")
    assert cells["sparsek, µs/head"] == "2.95, then 3.54 from start 5 of 8 on"
    assert (cells["TFLOPS"], cells["Of the roof"]) == ("—", "—")


def test_a_partial_time_says_so_and_is_not_judged() -> None:
    record = ours()
    part = replace(
        record, status=Status.TIMEOUT, reason="no end", samples_us=record.samples_us[:9], starts=()
    )
    cells = row(view(lacking(part)), "96")
    assert cells["sparsek, µs/head"].endswith(", partial: timeout")
    assert cells["Speed-up"] == "—"


def test_a_refuted_time_is_no_figure() -> None:
    (cells,) = view(gone_wrong.above_roof_result()).table.rows
    assert cells[1] == Severity.ERROR.value
    assert not any("80" in cell for cell in cells)


def test_a_switch_that_is_off_is_false_and_not_a_figure_that_is_missing() -> None:
    cases = [synthetic.case(causal=False), synthetic.case(causal=True)]
    axes = axes_of(cases)
    assert axes.varying == (("causal",),)
    assert [axes.values(case) for case in cases] == [("false",), ("true",)]
