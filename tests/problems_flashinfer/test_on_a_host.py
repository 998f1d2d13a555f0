from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import REPOSITORY, Project
from tests.ssh.terminal import on_terminal

SAMPLES = Path(__file__).parents[1] / "problems"
SET = SAMPLES / "flashinfer"
BEHAVIOUR = SAMPLES / "hostile" / "flashinfer" / "definitions" / "behaviour"
CAME_TO = {
    "plain": "passed",
    "never_ends": "no end within its limit",
    "exits_at_once": "failed",
    "prints_a_gigabyte": "failed",
    "imports_what_is_not_there": "the host lacks something",
    "raises_system_exit": "failed",
}


def test_a_strangers_code_is_not_run_here_before_somebody_said_yes(project: Project) -> None:
    outcome = project.orchestrator("check", "--operator", str(SET / "definitions/gemm"))
    assert outcome.code == 2
    assert "is somebody's code, and would run on this machine" in outcome.err
    assert "Add --yes, or choose another host" in outcome.err
    assert not (project.root / "runs").exists()


def test_who_says_yes_is_asked_once_and_who_says_no_runs_nothing(project: Project) -> None:
    pytest.importorskip("torch")
    words = [sys.executable, "-m", "orchestrator", "check", "--operator"]
    words.append(str(SET / "definitions/gemm/gemm_n32_k48.json"))
    where = {"PYTHONPATH": str(REPOSITORY)}
    for answer, code in (("n", 2), ("y", 0)):
        with on_terminal(words, project.root, where) as terminal:
            terminal.read_until("Run it here? [y/N]: ")
            assert "is somebody's code, and would run on this machine, as you" in terminal.shown
            terminal.type(answer)
            assert terminal.exit_status() == code, terminal.shown
    with on_terminal(words, project.root, where) as terminal:
        assert terminal.exit_status() == 0, terminal.shown
        assert "Run it here?" not in terminal.shown
    assert len(list((project.root / "runs").glob("2*"))) == 2


def test_a_reference_that_deletes_what_it_finds_costs_its_own_run_and_no_other(
    project: Project, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    workspace = tmp_path / "work"
    delete = (
        "import os, shutil\n"
        f"assert os.getcwd().startswith({str(workspace)!r})\n"
        "def run(x):\n"
        "    for name in os.listdir():\n"
        "        shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)\n"
        "    return x * 2\n"
    )
    definition = json.loads((BEHAVIOUR / "plain.json").read_text())
    for name, source in (("plain", definition["reference"]), ("evil", delete)):
        text = json.dumps({**definition, "name": name, "reference": source})
        (tmp_path / f"{name}.json").write_text(text)
    for name, code in (("plain", 0), ("evil", 1), ("plain", 0)):
        operator = str(tmp_path / f"{name}.json")
        outcome = project.orchestrator("check", "--operator", operator, "--yes")
        assert outcome.code == code, outcome.err
        gone = "the job's own files were removed while it ran" in outcome.out
        assert gone == (name == "evil"), outcome.out


def test_one_broken_problem_never_stops_the_others_and_a_sweep_goes_on_where_it_was(
    project: Project,
) -> None:
    pytest.importorskip("torch")
    given = ["check", "--operator", str(BEHAVIOUR), "--yes", "--case-limit", "4", "--json"]
    given += [word for name in CAME_TO for word in ("--only", name)]
    first = project.orchestrator(*given)
    assert first.code == 1, first.err
    found = {one["problem"]: one["kind"] for one in first.json["problems"]}
    assert found == CAME_TO
    reasons = {one["problem"]: one["reason"] for one in first.json["problems"]}
    assert "had not ended within 4 s" in reasons["never_ends"]
    assert "which the host's Python lacks" in reasons["imports_what_is_not_there"]
    runs = sorted((project.root / "runs").glob("2*"))
    assert len(runs) == len(CAME_TO)
    assert all((run / "result.json").stat().st_size < 1 << 20 for run in runs)
    again = project.orchestrator(*given, "--resume")
    assert again.json == first.json
    assert sorted((project.root / "runs").glob("2*")) == runs
    assert again.err.count("(as before)") == len(CAME_TO)


def test_solutions_come_home_as_traces_as_their_schema_has_them(
    project: Project, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    solutions = SET / "solutions" / "gemm" / "gemm_n32_k48"
    given = ["bench", "--operator", str(SET / "definitions/gemm/gemm_n32_k48.json"), "--yes"]
    for name in ("returning", "wrong_nan", "wrong_shape", "wrong_entry_function"):
        given += ["--solution", str(solutions / f"{name}.json")]
    file = tmp_path / "traces.jsonl"
    outcome = project.orchestrator(
        *given, "--write-trace", str(file), "--rounds", "2", "--starts", "2", "--bench-budget", "1"
    )
    assert outcome.code == 1, outcome.err
    traces = {one["solution"]: one for one in map(json.loads, file.read_text().splitlines())}
    statuses = {name: one["evaluation"]["status"] for name, one in traces.items()}
    assert statuses == {
        "gemm_n32_k48_returning": "PASSED",
        "gemm_n32_k48_wrong_nan": "INCORRECT_NUMERICAL",
        "gemm_n32_k48_wrong_shape": "INCORRECT_SHAPE",
        "gemm_n32_k48_wrong_entry_function": "COMPILE_ERROR",
    }
    passed = traces["gemm_n32_k48_returning"]
    written = (SET / "workloads/gemm/gemm_n32_k48.jsonl").read_text().splitlines()
    workloads = [json.loads(line)["workload"] for line in written]
    assert passed["workload"] in workloads
    times = passed["evaluation"]["performance"]
    assert times["speedup_factor"] == pytest.approx(
        times["reference_latency_ms"] / times["latency_ms"]
    )
    assert set(passed["evaluation"]["correctness"]) == {"max_relative_error", "max_absolute_error"}
    for name in ("gemm_n32_k48_wrong_shape", "gemm_n32_k48_wrong_entry_function"):
        assert not {"correctness", "performance"} & set(traces[name]["evaluation"])
    assert "performance" not in traces["gemm_n32_k48_wrong_nan"]["evaluation"]
