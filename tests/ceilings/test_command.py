"""`orchestrator ceilings` and `profile --ceilings`, from the command line to the report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from tests.ceilings.stand_in import VERSION, Mood, checkout, install
from tests.cli.conftest import Outcome, Project
from tests.cli.quick import quick_payload

# An nvidia-smi that knows of one H100: what a build needs to know.
SMI = """#!/bin/sh
case "$1" in
  *compute_cap*) echo "NVIDIA H100 80GB HBM3, GPU-1, 580.65.06, 9.0" ;;
esac
"""


def request_of(project: Project) -> dict[str, object]:
    (path,) = (project.root / "runs").glob("*/request.json")
    found: dict[str, object] = json.loads(path.read_text())
    return found


def report_of(outcome: Outcome) -> str:
    return Path(outcome.out.splitlines()[-1]).read_text()


def test_ceilings_of_this_machine_are_measured_brought_home_and_reported(
    project: Project,
) -> None:
    pytest.importorskip("torch")
    program = install(project.root.parent / "bin", Mood.FINE)
    outcome = project.orchestrator(
        "ceilings", "--device", "cpu", "--cutlass-profiler", str(program)
    )
    assert outcome.code == 0, outcome.err
    first = outcome.out.splitlines()[0]
    assert first.startswith("OK: Copy in device memory ")
    assert first.endswith(
        f"CUTLASS profiler ({VERSION}), 4096 × 4096 × 4096: best FP16 687.4 TFLOPS, FP8 1250 TFLOPS."
    )
    told = report_of(outcome)
    assert "| Copy in device memory | " in told
    assert "| GEMM FP32 | " in told
    assert "GEMM FP16: skipped: needs a CUDA GPU" in told
    folder = Path(outcome.out.splitlines()[-1]).parent
    assert (folder / "artifacts/cutlass/fp8.gemm.csv").is_file()
    # The host is gone; the same bytes come out again.
    shutil.rmtree(project.root.parent / "work")
    assert project.orchestrator("report", folder.name).code == 0
    assert report_of(outcome) == told


@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        (Mood.UNVERIFIED, "nothing verified its result"),
        (Mood.HANGS, "it and all it had started were killed"),
    ],
)
def test_a_profiler_that_gives_no_believable_row_is_a_failed_gate_with_its_reason(
    project: Project, mood: Mood, reason: str
) -> None:
    pytest.importorskip("torch")
    program = install(project.root.parent / "bin", mood)
    where = ("--device", "cpu", "--cutlass-profiler", str(program), "--cutlass-limit", "3")
    outcome = project.orchestrator("ceilings", *where)
    assert outcome.code == ExitCode.GATE_FAILED, outcome.err
    assert reason in report_of(outcome)


def test_a_host_without_the_profiler_is_unfit_and_told_what_to_do(project: Project) -> None:
    pytest.importorskip("torch")
    outcome = project.orchestrator("ceilings", "--device", "cpu", "--cutlass-profiler", "/nowhere")
    assert outcome.code == ExitCode.UNFIT
    assert "/nowhere is no program on this host" in outcome.err
    assert "| GEMM FP32 | " in report_of(outcome)


@pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake")
def test_a_profiler_is_built_on_the_host_from_a_checkout_there(project: Project) -> None:
    pytest.importorskip("torch")
    folder = project.root.parent
    for name, text in (("nvidia-smi", SMI), ("nvcc", "#!/bin/sh\nexit 0\n")):
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    source = checkout(folder / "cutlass")
    project.inventory(
        "default: local\nhosts:\n  local:\n    transport: local\n"
        f"    workspace: {json.dumps(str(folder / 'own'))}\n"
        f"    env: {{PATH: {json.dumps(f'{folder}/bin:/usr/bin:/bin')}}}\n"
    )
    where = ("--device", "cpu", "--cutlass-source", str(source))
    outcome = project.orchestrator("ceilings", *where)
    assert outcome.code == 0, outcome.err
    assert "best FP16 687.4 TFLOPS" in outcome.out
    (built,) = (folder / "own/builds").glob("cutlass-*/tools/profiler/cutlass_profiler")
    assert built.is_file()


QUICK = "answer(stages=())\n"


@pytest.mark.parametrize("words", [(), ("--ceilings",), ("--cutlass",)])
def test_profile_has_ceilings_only_where_they_are_asked_for(
    project: Project, words: tuple[str, ...]
) -> None:
    quick_payload(project.root, QUICK)
    assert project.orchestrator("profile", "--no-ncu", *words).code in (0, 1)
    request = request_of(project)
    plan = request["ceilings"]
    assert isinstance(plan, dict)
    stages = request["stages"]
    assert isinstance(stages, list)
    assert ("ceilings" in stages) is bool(words)
    assert plan["required"] is False
    assert plan["cutlass"] is ("--cutlass" in words)


def test_the_time_of_cutlass_is_not_taken_from_the_rest(project: Project) -> None:
    quick_payload(project.root, QUICK)
    project.orchestrator("ceilings", "--cutlass-source", "/opt/cutlass", "--cutlass-limit", "3600")
    request = request_of(project)
    assert request["time_limit_s"] == 1800 + 3600
    assert request["stages"] == ["ceilings"]
    assert request["ceilings"] == {
        "budget_s": 20.0,
        "gemm_size": 4096,
        "cutlass": True,
        "cutlass_profiler": "",
        "cutlass_source": "/opt/cutlass",
        "cutlass_limit_s": 3600.0,
        "required": True,
    }


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--cutlass-profiler", "a", "--cutlass-source", "b"), "contradict each other"),
        (("--cutlass-limit", "60"), "--cutlass-limit goes with --cutlass"),
        (("--cutlass", "--cutlass-limit", "0"), "0 is no length of time; expected"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    project: Project, words: tuple[str, ...], complaint: str
) -> None:
    outcome = project.orchestrator("ceilings", *words)
    assert outcome.code == ExitCode.USAGE
    assert complaint in outcome.err
