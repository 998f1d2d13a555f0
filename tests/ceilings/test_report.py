"""The section on ceilings, from hand-made results: SYNTHETIC, no figure was ever measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.performance import ceiling
from orchestrator.performance.device import DEVICES, find
from orchestrator.readers.cutlass_csv import parse
from orchestrator.workflows.publishing.publish import Published, publish
from remote_payload.contract.dtypes import DType
from remote_payload.contract.plans import CeilingsPlan
from remote_payload.contract.records import CeilingRecord, CutlassReport
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Stage, Status
from tests.ceilings.stand_in import HEADER, KERNEL, VERSION, row
from tests.golden import assert_golden
from tests.report import synthetic
from tests.report.reading import part

GEMM = 2.0 * 4096**3


def record(name: str, rate: float, work: float, unit: str, **changes: object) -> CeilingRecord:
    """A ceiling that reached `rate` units per second."""
    made = CeilingRecord(
        name,
        Status.OK,
        what="SYNTHETIC",
        unit=unit,
        work_per_call=work,
        samples_us=synthetic.samples(work / rate * 1e6),
        calls=50,
        before=synthetic.state(sm_clock_mhz=1980.0),
        after=synthetic.state(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


MEASURED = (
    record("copy", 2.95e12, 2.0 * (512 << 20), "byte"),
    record("gemm-fp16", 650e12, GEMM, "flop"),
    record("gemm-bf16", 660e12, GEMM, "flop"),
    record("gemm-fp8", 1200e12, GEMM, "flop"),
    record("exp", 3.7e12, 4.4e9, "exp"),
)


def a_result(
    *measured: CeilingRecord,
    alone: bool = False,
    plan: CeilingsPlan = CeilingsPlan(),
    **changes: object,
) -> Result:
    base = synthetic.gpu_result()
    stages = (Stage.CEILINGS,) if alone else (*base.request.stages, Stage.CEILINGS)
    request: Request = replace(base.request, stages=stages, ceilings=plan)
    reports = () if alone else base.stages
    made = replace(
        base,
        request=request,
        stages=(*reports, StageReport(Stage.CEILINGS, Status.OK, seconds=21.0)),
        ceilings=measured or MEASURED,
    )
    if alone:
        made = replace(made, build=None, checks=(), bench=())
    return replace(made, **changes)  # type: ignore[arg-type]


def published(folder: Path, result: Result) -> Published:
    return publish(synthetic.run(result), folder)


def section(report: Published) -> str:
    """The sentence that the section stands under, and the section."""
    told = part(report.path.read_text("utf-8"), "Ceilings")
    assert told, "no such section"
    return told


def with_cutlass(folder: Path, result: Result, *tables: str, **changes: object) -> Result:
    """The same run with files of the CUTLASS profiler in its folder."""
    names = [f"artifacts/cutlass/{name}.gemm.csv" for name in ("fp16", "fp8")[: len(tables)]]
    for name, text in zip(names, tables, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    report = CutlassReport(
        Status.OK,
        program="/opt/cutlass/build/tools/profiler/cutlass_profiler",
        version=VERSION,
        artifacts=(*names, "artifacts/cutlass/fp16.txt", "artifacts/cutlass/version.txt"),
    )
    plan = replace(result.request.ceilings, cutlass=True)
    return replace(
        result,
        request=replace(result.request, ceilings=plan),
        cutlass=replace(report, **changes),  # type: ignore[arg-type]
    )


def table(*rows: str) -> str:
    return "\n".join((HEADER, *rows)) + "\n"


FP16 = table(
    row("f16", 0.2), row("f16", 0.21), row("f16", 0.5, "not_verified"), row("f16", 0.0, "not_run")
)
FP8 = table(row("e4m3", 0.11))


def test_the_section_of_a_whole_profile_reads_as_agreed(tmp_path: Path) -> None:
    report = published(tmp_path, with_cutlass(tmp_path, a_result(), FP16, FP8))
    assert_golden("report/synthetic_ceilings.md", section(report))
    assert report.report.ok


def test_a_run_without_the_stage_has_no_section(tmp_path: Path) -> None:
    report = published(tmp_path, synthetic.gpu_result())
    assert "Ceilings" not in report.path.read_text()


def test_attention_stands_beside_the_gemm_of_its_own_type(tmp_path: Path) -> None:
    told = section(published(tmp_path, a_result()))
    # 4 * 16 * 96 * 512 * 512 * 64 FLOP in 283.4 µs are 363.7 TFLOPS, of 650: 56 %.
    assert "| sparsek | B=16 H=96 S=512 D=64 fp16 | 363.71 | 56 % |" in told
    assert "Attention reaches 56 % of the GEMM rate measured in this run at best: sparsek" in told
    without = tuple(one for one in MEASURED if one.name != "gemm-fp16")
    told = section(published(tmp_path, a_result(*without)))
    assert "not compared, as no GEMM of its element type was measured" in told


def test_a_run_for_ceilings_alone_is_judged_by_them(tmp_path: Path) -> None:
    result = a_result(alone=True, plan=CeilingsPlan(required=True))
    report = published(tmp_path, result).report
    assert report.ok
    assert report.verdict.startswith("OK: Copy in device memory 2950 GB/s (88 %); GEMM ")
    assert "GEMM FP16 650.0 TFLOPS (66 %)" in report.verdict


@pytest.mark.parametrize(
    ("name", "rate", "word", "ok"),
    [
        ("gemm-fp16", 1000e12, "Doubt", True),
        ("gemm-fp16", 1100e12, "Measurement error", False),
        ("gemm-fp8", 2200e12, "Measurement error", False),
        ("copy", 3.4e12, "Measurement error", False),
        ("exp", 4.0e12, "Doubt", True),
        ("exp", 4.3e12, "Measurement error", False),
    ],
)
def test_a_rate_above_the_documented_peak_is_an_objection(
    tmp_path: Path, name: str, rate: float, word: str, ok: bool
) -> None:
    odd = tuple(
        record(name, rate, one.work_per_call, one.unit) if one.name == name else one
        for one in MEASURED
    )
    result = a_result(*odd, alone=True, plan=CeilingsPlan(required=True))
    report = published(tmp_path, result)
    assert f"- {word}: " in section(report)
    assert report.report.ok is ok
    assert report.report.verdict.startswith("OK" if ok else "CEILINGS INCOMPLETE")


def test_a_refuted_gemm_is_nothing_to_stand_beside(tmp_path: Path) -> None:
    result = a_result(record("gemm-fp16", 2000e12, GEMM, "flop"))
    assert ceiling.gemm_of(result, DType.FP16) is None
    assert "not compared" in section(published(tmp_path, result))


def test_what_was_not_measured_is_told_with_its_reason(tmp_path: Path) -> None:
    bad = (
        MEASURED[0],
        CeilingRecord("gemm-fp8", Status.SKIPPED, "the GPU has no FP8"),
        CeilingRecord("exp", Status.SKIPPED, "no nvcc"),
        replace(
            MEASURED[1],
            status=Status.TIMEOUT,
            reason="nothing was heard for 120 s",
            samples_us=MEASURED[1].samples_us[:3],
        ),
    )
    result = a_result(*bad, alone=True, plan=CeilingsPlan(required=True))
    report = published(tmp_path, result)
    told = section(report)
    assert "- GEMM FP8 (e4m3): skipped: the GPU has no FP8." in told
    assert "- Exponentials: skipped: no nvcc." in told
    assert "timeout: nothing was heard for 120 s (the samples above are partial)." in told
    assert "(no interval) TFLOPS" in told
    assert not report.report.ok


def test_a_slice_of_a_gpu_and_a_cpu_have_no_peak(tmp_path: Path) -> None:
    part = replace(synthetic.gpu_machine(), sm_count=16)
    told = section(published(tmp_path, a_result(machine=part)))
    assert told.count("no peak known") == len(MEASURED)
    slow = (record("copy", 11e9, 5e8, "byte"), record("gemm-fp32", 54e9, 2e9, "flop"))
    on_cpu = a_result(*slow, machine=synthetic.cpu_machine(), bench=(), checks=())
    told = section(published(tmp_path, on_cpu))
    assert "GEMM FP32 54.00 GFLOPS" in told
    assert "These are the CPU's, and no GPU's roof applies to them." in told


def test_nothing_stands_beside_the_gemm_of_a_cpu(tmp_path: Path) -> None:
    base = synthetic.cpu_result()
    request = replace(base.request, stages=(*base.request.stages, Stage.CEILINGS))
    gemm = record("gemm-fp32", 54e9, 2.0 * 1024**3, "flop")
    told = section(published(tmp_path, replace(base, request=request, ceilings=(gemm,))))
    assert "GEMM FP32 54.00 GFLOPS" in told
    assert "beside GEMM: not compared, as a CPU's ceilings are for orientation." in told
    assert "Of the GEMM rate" not in told


def test_throttling_and_company_while_measuring_are_told(tmp_path: Path) -> None:
    busy = replace(
        MEASURED[0], after=synthetic.state(throttle_reasons=("sw_power_cap",), other_processes=2)
    )
    told = section(published(tmp_path, a_result(busy)))
    assert "held its clocks back while ceilings were taken: sw_power_cap." in told
    assert "Up to 2 other processes used" in told


def test_rows_that_nobody_verified_are_refused_with_their_reason(tmp_path: Path) -> None:
    told = section(published(tmp_path, with_cutlass(tmp_path, a_result(), FP16, FP8)))
    assert "it ran, but nothing verified its result (not_verified)" in told
    assert "it was not run (not_run)" in told
    assert "4096 × 4096 × 4096: best FP16 687.4 TFLOPS, FP8 1250 TFLOPS." in told


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ((table(), table()), "no kernel was built for this architecture"),
        ((table(row("f16", 0.2, "incorrect")), FP8), "its result is wrong"),
        ((table(row("f16", 0.1)), FP8), "above what the GPU can do at its highest clock"),
        (("nothing of the kind", FP8), "no table of cutlass"),
    ],
)
def test_a_run_that_asked_for_cutlass_is_nothing_without_a_believable_row_of_each(
    tmp_path: Path, tables: tuple[str, str], reason: str
) -> None:
    result = a_result(alone=True, plan=CeilingsPlan(required=True))
    good = published(tmp_path, with_cutlass(tmp_path, result, FP16, FP8))
    assert good.report.ok
    report = published(tmp_path, with_cutlass(tmp_path, result, *tables))
    assert not report.report.ok
    assert reason in section(report)
    assert report.report.verdict.startswith("CEILINGS INCOMPLETE: ")


def test_a_profiler_that_is_not_there_is_a_clear_refusal(tmp_path: Path) -> None:
    missing = CutlassReport(Status.SKIPPED, "cutlass_profiler is neither on the PATH nor built")
    plan = CeilingsPlan(cutlass=True)
    told = section(published(tmp_path, a_result(plan=plan, cutlass=missing)))
    assert "CUTLASS profiler: not measured: cutlass_profiler is neither on the PATH" in told


@pytest.mark.parametrize("damage", ["gone", "outside"])
def test_a_table_that_is_gone_or_outside_the_run_gives_no_row(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "run"
    result = with_cutlass(folder, a_result(), FP16, FP8)
    first = folder / "artifacts/cutlass/fp16.gemm.csv"
    first.unlink()
    if damage == "outside":
        (tmp_path / "foreign.csv").write_text(FP16)
        first.symlink_to(tmp_path / "foreign.csv")
    told = section(published(folder, result))
    assert KERNEL["f16"] not in told
    assert ("lies outside the run" if damage == "outside" else "cannot be read") in told


def test_no_table_but_the_programs_output_is_read_for_rows(tmp_path: Path) -> None:
    result = with_cutlass(tmp_path, a_result(), FP16)
    (tmp_path / "artifacts/cutlass/fp16.gemm.csv").unlink()
    printed = tmp_path / "artifacts/cutlass/fp16.txt"
    printed.write_text(f"\nCSV Results:\n\n{FP16}")
    assert result.cutlass is not None
    only = replace(result.cutlass, artifacts=("artifacts/cutlass/fp16.txt",))
    told = section(published(tmp_path, replace(result, cutlass=only)))
    assert "best FP16 687.4 TFLOPS" in told


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.model)
def test_no_peak_of_any_gpu_lies_above_what_it_can_do(device: object) -> None:
    known = find(getattr(device, "gpu_names", ("",))[0])
    assert known is not None
    for name in ("copy", "gemm-fp16", "gemm-bf16", "gemm-fp8", "exp"):
        peak = ceiling.peak_of(name, known)
        assert peak is None or 0 < peak.documented <= peak.limit
    assert (ceiling.peak_of("gemm-fp8", known) is None) is not known.fp8
    assert ceiling.peak_of("gemm-fp32", known) is None


def test_a_row_of_a_type_without_a_peak_is_not_doubted() -> None:
    h100 = find(synthetic.H100)
    (odd,) = parse(table(row("f16", 0.01)).replace("f16:row", "s8:row")).rows
    assert ceiling.row_doubt(odd, h100) == ("", False)
