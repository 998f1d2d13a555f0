"""compute-sanitizer's words: its manual's formats, and a stand-in that says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.stages.prove.prove import Late, Place, Refuted, Skipped
from remote_payload.stages.prove.sanitize import (
    MEMCHECK,
    RACECHECK,
    NotUnderstood,
    find,
    findings,
    memcheck,
    racecheck,
)
from tests.prove.places import HOPPER, ON_CPU, ON_GPU, place, program

# It answers what it is asked, and makes whatever it is to make.
NVCC = 'case " $* " in *" --version "*|*" -dryrun "*) exit;; esac; '
NVCC += 'while [ "$1" != -o ]; do shift; done; touch "$2"'
BANNER = "========= COMPUTE-SANITIZER"
CLEAN = "========= ERROR SUMMARY: 0 errors"
CLEAN_RACE = "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)"
INVALID = """\
========= COMPUTE-SANITIZER
========= Invalid __global__ write of size 4 bytes
=========     at write_past_the_end(int *, int)+0x70 in planted_faults.cu:20
=========     by thread (0,0,0) in block (0,0,0)
=========     Address 0x7f1a2a000400 is out of bounds
=========
planted: unspecified launch failure
========= ERROR SUMMARY: 1 error"""
RACE = """\
========= COMPUTE-SANITIZER
========= Error: Race reported between Write access at race_in_shared_memory(int *)+0x70 in planted_faults.cu:26
=========     and Read access at race_in_shared_memory(int *)+0x80 in planted_faults.cu:27 [256 hazards]
=========
========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)"""
SOUND = (
    "sound: hopper_fp16_d64, library sha256 ab\nsound: hopper_fp16_d64_causal, library sha256 ab"
)
SILENT = "========= Error: Target application terminated before first instrumented API call"


def test_clean_summaries_of_both_tools_are_understood() -> None:
    assert findings(f"{BANNER}\nhello\n{CLEAN}\n", MEMCHECK) == (0, ())
    assert findings(f"{BANNER}\n{CLEAN_RACE}\n", RACECHECK) == (0, ())


def test_findings_are_counted_and_kept_in_the_tools_own_words() -> None:
    count, said = findings(INVALID, MEMCHECK)
    assert (count, said[0]) == (1, "Invalid __global__ write of size 4 bytes")
    count, said = findings(RACE, RACECHECK)
    assert count == 1
    assert said[0].startswith("Error: Race reported between Write access at race_in_shared")


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{BANNER}\n{SILENT}",
        CLEAN,
        f"{BANNER}\n{CLEAN_RACE}",
        f"{BANNER}\n{CLEAN} (3 not shown)",
        f"{BANNER}\n{CLEAN}\n{CLEAN}",
        f"{BANNER}\nERROR SUMMARY: 0 errors",
    ],
)
def test_what_is_not_known_is_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood, match="not understood"):
        findings(text, MEMCHECK)


def sanitized(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    planted: str,
    ours: str,
    status: int = 0,
) -> Place:
    """A GPU host whose compute-sanitizer says this of the planted fault, and that of our kernel."""
    folder.mkdir(exist_ok=True)
    for name, text in (("planted", planted), ("ours", ours)):
        (folder / f"{name}.txt").write_text(f"{text}\n")
    program(
        folder / "bin" / "compute-sanitizer",
        f'case "$*" in *sanitized_call*) cat {folder}/ours.txt; exit {status};; '
        f"*) cat {folder}/planted.txt; exit 1;; esac",
    )
    program(folder / "bin" / "nvcc", NVCC)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
    return place(folder, ON_GPU, capability=HOPPER)


def test_a_clean_kernel_under_a_tool_that_sees_is_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = sanitized(tmp_path, monkeypatch, planted=INVALID, ours=f"{BANNER}\n{SOUND}\n{CLEAN}")
    assert memcheck(where) == (
        "0 errors in 2 calls (hopper_fp16_d64, hopper_fp16_d64_causal); a planted fault was found"
    )
    kept = {path.name for path in where.home.iterdir() if path.stat().st_size}
    assert kept == {"memcheck.txt", "memcheck-planted.txt"}


def test_a_hazard_fails_in_the_tools_own_words_whatever_the_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = RACE.replace("COMPUTE-SANITIZER", f"COMPUTE-SANITIZER\n{SOUND}")
    where = sanitized(tmp_path, monkeypatch, planted=RACE, ours=ours)
    with pytest.raises(Refuted, match=r"^1 hazard: Error: Race reported between Write") as refuted:
        racecheck(where)
    assert refuted.value.for_people


def test_what_racecheck_cannot_say_is_for_people_too_but_a_wrong_answer_is_the_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean, wrong = f"{BANNER}\n{CLEAN_RACE}", "wrong: B=1 H=2: 3 elements"
    silent = sanitized(tmp_path / "silent", monkeypatch, planted=clean, ours=clean)
    with pytest.raises(Refuted, match="silent about a planted fault") as refuted:
        racecheck(silent)
    assert refuted.value.for_people
    crashed = sanitized(tmp_path / "crashed", monkeypatch, planted=RACE, ours="Segmentation fault")
    with pytest.raises(Refuted, match="racecheck: not understood") as refuted:
        racecheck(crashed)
    assert refuted.value.for_people
    program(tmp_path / "slow" / "bin" / "compute-sanitizer", "sleep 60")
    program(tmp_path / "slow" / "bin" / "nvcc", NVCC)
    monkeypatch.setenv("PATH", f"{tmp_path / 'slow' / 'bin'}:/usr/bin:/bin")
    with pytest.raises(Late, match=r"compute-sanitizer: no end within") as late:
        racecheck(place(tmp_path / "slow", ON_GPU, capability=HOPPER, limit_s=2.0))
    assert late.value.for_people
    flawed = sanitized(
        tmp_path / "flawed", monkeypatch, planted=RACE, ours=f"{BANNER}\n{wrong}\n{CLEAN_RACE}"
    )
    with pytest.raises(Refuted, match=r"^under racecheck, wrong: B=1 H=2: 3 elements") as refuted:
        racecheck(flawed)
    assert not refuted.value.for_people


def test_a_warning_beside_a_clean_summary_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = f"{BANNER}\n========= Warning: kernel was not instrumented\n{SOUND}\n{CLEAN}"
    where = sanitized(tmp_path, monkeypatch, planted=INVALID, ours=ours)
    with pytest.raises(Refuted, match=r"^0 errors: Warning: kernel was not instrumented"):
        memcheck(where)


def test_a_tool_that_misses_the_planted_fault_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = f"{BANNER}\n{SOUND}\n{CLEAN}"
    where = sanitized(tmp_path, monkeypatch, planted=clean, ours=clean)
    with pytest.raises(Refuted, match="silent about a planted fault, so its silence proves"):
        memcheck(where)


def test_zero_errors_over_a_kernel_that_did_not_run_or_was_wrong_prove_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = f"{BANNER}\n{SOUND.splitlines()[0]}\n"
    ours = f"{first}RuntimeError: no context\n{CLEAN}"
    where = sanitized(tmp_path / "died", monkeypatch, planted=INVALID, ours=ours, status=1)
    with pytest.raises(Refuted, match=r"1 of 2 calls were made; .* status 1: RuntimeError: no con"):
        memcheck(where)
    ours = f"{first}wrong: B=1 H=2: 3 elements\n{CLEAN}"
    where = sanitized(tmp_path / "wrong", monkeypatch, planted=INVALID, ours=ours)
    with pytest.raises(Refuted, match=r"^under memcheck, wrong: B=1 H=2: 3 elements"):
        memcheck(where)


def test_a_tool_that_cannot_work_here_fails_with_the_end_of_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = sanitized(tmp_path, monkeypatch, planted=f"{BANNER}\n{SILENT}", ours="")
    with pytest.raises(
        Refuted, match=r"memcheck: not understood, 0 summaries: .*first instrumented"
    ):
        memcheck(where)


def test_without_gpu_library_or_tool_it_is_skipped(tmp_path: Path) -> None:
    with pytest.raises(Skipped, match="no GPU in this run"):
        memcheck(place(tmp_path, ON_CPU))
    with pytest.raises(Skipped, match="neither on the PATH nor beside nvcc"):
        find(str(tmp_path), (str(tmp_path / "cuda-*/compute-sanitizer"),))
    program(tmp_path / "cuda-13.0" / "compute-sanitizer", "true")
    newest = program(tmp_path / "cuda-13.1" / "compute-sanitizer", "true")
    assert find(str(tmp_path), (str(tmp_path / "cuda-*/compute-sanitizer"),)) == str(newest)
