"""The CUTLASS profiler on the host: found, built or refused, run, and ended; with real processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from remote_payload.contract.plans import CeilingsPlan
from remote_payload.contract.records import CutlassReport
from remote_payload.contract.words import Stage, Status
from remote_payload.machine import toolkit
from remote_payload.processes.isolate import Deadline
from remote_payload.stages.ceilings import cutlass, cutlass_build
from remote_payload.stages.ceilings.cutlass import Missing, Place
from tests.ceilings.stand_in import VERSION, Mood, checkout, install
from tests.payload.running import a_request, gone_within, run_payload

PLAN = CeilingsPlan(cutlass=True, cutlass_limit_s=60.0, required=True, budget_s=0.2, gemm_size=64)
needs_cmake = pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake")


def run(
    folder: Path, plan: CeilingsPlan, capability: tuple[int, int] | None = (9, 0)
) -> CutlassReport:
    """The last report of a run whose job lies in `folder`."""
    kept: list[CutlassReport] = []
    place = Place(folder / "job", folder / "builds", capability)
    (folder / "job").mkdir(parents=True, exist_ok=True)
    cutlass.run(plan, place, Deadline(300), kept.append)
    return kept[-1]


def given(program: Path, **changes: object) -> CeilingsPlan:
    plan = replace(PLAN, cutlass_profiler=str(program))
    return replace(plan, **changes)  # type: ignore[arg-type]


def test_both_products_are_asked_for_and_their_tables_are_kept(tmp_path: Path) -> None:
    program = install(tmp_path / "bin", Mood.FINE)
    report = run(tmp_path, given(program, gemm_size=4096))
    assert (report.status, report.reason) == (Status.OK, "")
    assert report.program == str(program)
    assert report.version == VERSION
    assert report.artifacts == tuple(
        f"artifacts/cutlass/{name}"
        for name in ("fp16.gemm.csv", "fp16.txt", "fp8.gemm.csv", "fp8.txt", "version.txt")
    )
    output = tmp_path / "job/artifacts/cutlass/fp8"
    assert report.commands[1] == (
        str(program),
        "--operation=Gemm",
        "--m=4096",
        "--n=4096",
        "--k=4096",
        "--A=e4m3:row",
        "--B=e4m3:column",
        "--kernels=tensorop*gemm_e4m3_e4m3_f32_bf16_bf16*tnn,16832gemm*e4m3*tn_align16",
        "--providers=cutlass",
        "--verification-enabled=true",
        "--warmup-iterations=10",
        "--profiling-iterations=100",
        f"--output={output}",
    )


def test_a_gpu_without_fp8_is_not_asked_for_it(tmp_path: Path) -> None:
    report = run(tmp_path, given(install(tmp_path / "bin", Mood.FINE)), (8, 0))
    assert report.status is Status.OK
    assert [command[5] for command in report.commands] == ["--A=f16:row"]


def test_a_profiler_without_a_kernel_for_this_gpu_is_a_failure_that_says_so(
    tmp_path: Path,
) -> None:
    report = run(tmp_path, given(install(tmp_path / "bin", Mood.NO_KERNELS)))
    assert report.status is Status.FAILED
    assert report.reason.startswith(
        "fp16: no row: no kernel was built for this architecture (compute capability 9.0)"
    )
    assert "; fp8: no row: " in report.reason


def test_a_profiler_that_crashes_keeps_the_rows_it_wrote_and_is_quoted(tmp_path: Path) -> None:
    report = run(tmp_path, given(install(tmp_path / "bin", Mood.CRASHES)))
    assert report.status is Status.FAILED
    assert "fp16: was killed by signal 6, after 1 rows: Got cuda error 700" in report.reason
    assert "artifacts/cutlass/fp16.gemm.csv" in report.artifacts


def test_a_profiler_that_hangs_ends_at_the_limit_with_all_it_started(tmp_path: Path) -> None:
    program = install(tmp_path / "bin", Mood.HANGS)
    began = time.monotonic()
    plan = replace(given(program), cutlass_limit_s=2.0)
    asked = {"stages": (Stage.CEILINGS,), "cases": (), "ceilings": plan}
    finished = run_payload(a_request(**asked), tmp_path / "run")
    assert time.monotonic() - began < 60
    assert finished.exit_status == 1, finished.log
    report = finished.result.cutlass
    assert report is not None
    assert report.status is Status.TIMEOUT
    assert report.reason.startswith("fp16: no end within ")
    assert "s; it and all it had started were killed, after 1 rows: " in report.reason
    assert report.reason.endswith("; fp8: not tried, the time was used up")
    assert "artifacts/cutlass/fp16.gemm.csv" in report.artifacts
    assert gone_within(10, tmp_path / "run")


def test_a_file_that_is_no_program_is_refused_by_its_path(tmp_path: Path) -> None:
    plain = tmp_path / "cutlass_profiler"
    plain.write_text("not executable")
    report = run(tmp_path, given(plain))
    assert report.status is Status.SKIPPED
    assert report.reason.startswith(f"{plain} is no program on this host")


def test_a_program_of_another_machine_is_a_failure_that_says_so(tmp_path: Path) -> None:
    foreign = tmp_path / "cutlass_profiler"
    foreign.write_bytes(b"\x7fELF of another kind")
    foreign.chmod(0o755)
    report = run(tmp_path, given(foreign))
    assert report.status is Status.FAILED
    assert "could not be started" in report.reason


def test_the_path_goes_before_checkouts_and_a_named_checkout_before_usual_places(
    tmp_path: Path,
) -> None:
    usual = install(tmp_path / "usual/build/tools/profiler", Mood.FINE)
    named = install(tmp_path / "named/build-90a/tools/profiler", Mood.FINE)
    on_path = install(tmp_path / "bin", Mood.FINE)
    places = (str(tmp_path / "usu*"),)
    bare = {"PATH": str(tmp_path / "nothing")}
    variable = {**bare, "CUTLASS_PATH": str(tmp_path / "named")}
    assert cutlass.find("", {**variable, "PATH": str(on_path.parent)}, places) == str(on_path)
    assert cutlass.find("", variable, places) == str(named)
    assert cutlass.find("", bare, places) == str(usual)
    with pytest.raises(Missing, match="--cutlass-source"):
        cutlass.find("", bare, (str(tmp_path / "nowhere"),))


def test_a_run_that_asked_for_cutlass_on_a_host_without_it_is_an_unfit_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in cutlass.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    if shutil.which("cutlass_profiler"):
        pytest.skip("there is a profiler here")
    asked = {"stages": (Stage.CEILINGS,), "cases": (), "ceilings": PLAN}
    finished = run_payload(a_request(**asked), tmp_path)
    assert finished.exit_status == 4, finished.log
    assert finished.result.unfit
    assert "name it with --cutlass-profiler" in finished.result.reason
    # The rest was measured all the same.
    assert any(record.status is Status.OK for record in finished.result.ceilings)


def test_ceilings_that_fail_beside_other_stages_do_not_end_the_run(tmp_path: Path) -> None:
    plan = replace(PLAN, cutlass_profiler="/nowhere", required=False)
    finished = run_payload(a_request(stages=(Stage.CHECK, Stage.CEILINGS), ceilings=plan), tmp_path)
    assert finished.exit_status == 0, finished.log
    assert finished.stage(Stage.CEILINGS).status is Status.FAILED


@needs_cmake
def test_a_checkout_is_built_out_of_its_tree_once_and_taken_from_the_cache_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    an_nvcc(tmp_path, monkeypatch)
    source = checkout(tmp_path / "cutlass")
    before = sorted(source.rglob("*"))
    plan = replace(PLAN, cutlass_source=str(source))
    first, second = run(tmp_path, plan), run(tmp_path, plan)
    assert first.status is Status.OK, first.reason
    assert second.program == first.program
    assert Path(first.program).is_relative_to(tmp_path / "builds")
    assert sorted(source.rglob("*")) == before
    assert (tmp_path / "times_built").read_text().split() == ["built"]
    assert (Path(first.program).parents[2] / "kernels.txt").read_text() == (
        f"90a {','.join(cutlass_build.KERNELS[9])}"
    )
    assert "artifacts/cutlass/build.txt" in first.artifacts
    assert "cutlass_profiler: the build" in capfd.readouterr().out
    (source / "CMakeLists.txt").write_text((source / "CMakeLists.txt").read_text() + "# changed\n")
    assert run(tmp_path, plan).program != first.program


@needs_cmake
def test_a_build_that_fails_is_quoted_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_nvcc(tmp_path, monkeypatch)
    complaint = '${CMAKE_COMMAND} -E echo "gemm.cu: error: no such thing" && false'
    source = checkout(tmp_path / "cutlass", complaint)
    report = run(tmp_path, replace(PLAN, cutlass_source=str(source)))
    assert report.status is Status.FAILED
    assert "the build ended with status" in report.reason
    assert "error: no such thing" in report.reason
    assert "artifacts/cutlass/build.txt" in report.artifacts
    assert not list((tmp_path / "builds").glob("*/finished"))


@needs_cmake
def test_a_build_that_takes_too_long_ends_at_the_limit_and_goes_on_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_nvcc(tmp_path, monkeypatch)
    waits = "test -e ${CMAKE_SOURCE_DIR}/../quick || sleep 300"
    source = checkout(tmp_path / "cutlass", waits)
    plan = replace(PLAN, cutlass_source=str(source), cutlass_limit_s=5.0)
    began = time.monotonic()
    report = run(tmp_path, plan)
    assert time.monotonic() - began < 20
    assert report.status is Status.TIMEOUT
    assert report.reason.endswith("raise --cutlass-limit")
    (tmp_path / "quick").write_text("")
    assert run(tmp_path, replace(plan, cutlass_limit_s=60.0)).status is Status.OK


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    report = run(tmp_path, replace(PLAN, cutlass_source=str(tmp_path)))
    assert report.status is Status.FAILED
    assert "is no CUTLASS checkout: no CMakeLists.txt in it" in report.reason


def test_without_a_gpu_nobody_knows_what_to_build(tmp_path: Path) -> None:
    report = run(tmp_path, replace(PLAN, cutlass_source=str(tmp_path)), None)
    assert (report.status, report.commands) == (Status.SKIPPED, ())
    assert "needs to know the GPU" in report.reason


@pytest.mark.parametrize("tool", ["cmake", "nvcc"])
def test_a_host_that_lacks_a_tool_of_the_build_is_told_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    source = checkout(tmp_path / "cutlass")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in {"cmake", "nvcc"} - {tool}:
        (tools / name).write_text("#!/bin/sh\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setattr(toolkit, "LOCAL", str(tools))
    report = run(tmp_path, replace(PLAN, cutlass_source=str(source)))
    assert report.status is Status.SKIPPED
    assert report.reason == f"no {tool} on this host to build the profiler with"


@pytest.mark.parametrize(
    ("capability", "arch", "kernel"),
    [
        ((9, 0), "90a", "cutlass3x_sm90_tensorop*gemm_e4m3_e4m3"),
        ((10, 0), "100a", "cutlass3x_sm100_tensorop"),
        ((8, 0), "80", "cutlass_tensorop_f16_s16816gemm_f16"),
        ((8, 9), "89", "s16832gemm*e4m3"),
    ],
)
def test_a_build_is_limited_to_the_kernels_of_its_gpu(
    capability: tuple[int, int], arch: str, kernel: str
) -> None:
    flags = cutlass_build.configuration("/cuda/bin/nvcc", capability, ninja=True)
    assert flags[:2] == ("-G", "Ninja")
    assert f"-DCUTLASS_NVCC_ARCHS={arch}" in flags
    (kernels,) = [flag for flag in flags if flag.startswith("-DCUTLASS_LIBRARY_KERNELS=")]
    assert kernel in kernels


def test_a_clean_clone_is_known_by_its_commit_and_a_changed_one_by_its_files(
    tmp_path: Path,
) -> None:
    source = checkout(tmp_path / "cutlass")

    def git(*words: str) -> str:
        who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
        done = subprocess.run(
            ["git", "-C", str(source), *who, *words], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "all")
    assert cutlass_build.revision_of(source) == git("rev-parse", "HEAD")
    (source / "program").write_text("changed")
    changed = cutlass_build.revision_of(source)
    assert changed.startswith("files-")
    os.utime(source / "program", ns=(1, 1))
    assert cutlass_build.revision_of(source) != changed


def an_nvcc(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """See to it that there is an nvcc; the stand-in's build does not call it."""
    place = folder / "nvcc-place"
    place.mkdir()
    (place / "nvcc").write_text("#!/bin/sh\n")
    (place / "nvcc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{place}")
