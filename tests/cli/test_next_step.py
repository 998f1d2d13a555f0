"""What a command ends with: the step that makes sense now, and what a gate over nothing says."""

from __future__ import annotations

import io
import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome, Project
from tests.cli.quick import quick_payload

# What the real payload reports of stages that came to nothing.
STAGES = """
from remote_payload.contract.records import CheckRecord, ProofRecord
stages = tuple(StageReport(stage, Status.OK) for stage in request.stages)
"""
SKIPPED = (
    f"{STAGES}answer(stages=stages, proofs=(ProofRecord('memcheck', Status.SKIPPED, 'no GPU'),))"
)
EMULATED = f"""{STAGES}
checks = tuple(
    CheckRecord("sparsek", case, Status.OK, emulated=True) for case in request.cases
)
answer(stages=stages, checks=checks)
"""
BUILT = """
from remote_payload.contract.machine import BuildReport, Machine
stages = tuple(StageReport(stage, Status.OK) for stage in request.stages)
here = Machine("digest", "os", "SYNTHETIC CPU", 1, None, "3.11")
answer(Status.{0}, stages=stages, machine=here, build=BuildReport(Status.{0}, "nvcc said no"))
"""
WAITS = "print('began', flush=True)\ntime.sleep(120)\n"


def last(outcome: Outcome) -> str:
    return outcome.err.splitlines()[-1]


def the_run(project: Project) -> str:
    return sorted((project.root / "runs").iterdir())[-1].name


@pytest.mark.parametrize("verb", ["bench", "profile"])
def test_a_bench_that_could_time_nothing_ends_with_six(project: Project, verb: str) -> None:
    quick_payload(project.root, EMULATED)
    outcome = project.orchestrator(verb)
    assert outcome.code == 6
    assert "nothing decided: nothing was timed: " in outcome.err
    assert outcome.out.startswith("NOTHING TIMED: ")
    assert last(outcome) == "next: orchestrator doctor local"


def test_a_check_alone_of_an_emulated_kernel_is_green(project: Project) -> None:
    quick_payload(project.root, EMULATED)
    assert project.orchestrator("check").code == 0


def test_proofs_none_of_which_could_be_given_end_with_six(project: Project) -> None:
    quick_payload(project.root, SKIPPED)
    outcome = project.orchestrator("prove", "--json")
    assert outcome.code == 6
    assert outcome.json["undecided"] == "nothing was proven: memcheck: no GPU"
    assert "error: nothing decided: nothing was proven: memcheck: no GPU" in outcome.err
    shown = project.orchestrator("report", "--json")
    assert (shown.code, shown.json["ok"]) == (0, False)


def test_after_a_failed_run_comes_its_log_and_after_an_unfit_host_doctor(project: Project) -> None:
    quick_payload(project.root, "answer(Status.FAILED, 'check: wrong')")
    outcome = project.orchestrator("check")
    assert (outcome.code, last(outcome)) == (1, f"next: orchestrator logs {the_run(project)}")
    for words in (("report",), ("runs", "show")):
        assert last(project.orchestrator(*words)) == f"next: orchestrator logs {the_run(project)}"
    assert last(project.orchestrator("logs")) == f"next: orchestrator report {the_run(project)}"
    quick_payload(project.root, "answer(Status.FAILED, 'no GPU', unfit=True)")
    outcome = project.orchestrator("check")
    assert (outcome.code, last(outcome)) == (4, "next: orchestrator doctor local")


def test_after_a_job_that_left_nothing_comes_its_log(project: Project) -> None:
    quick_payload(project.root, "sys.exit(3)")
    outcome = project.orchestrator("check")
    assert (outcome.code, last(outcome)) == (1, f"next: orchestrator logs {the_run(project)}")


def test_after_a_build_that_failed_comes_its_log_and_after_a_good_one_the_first_run(
    project: Project,
) -> None:
    quick_payload(project.root, BUILT.format("FAILED"))
    outcome = project.orchestrator("deploy")
    assert outcome.code == 1
    assert last(outcome) == f"next: orchestrator logs {the_run(project)}"
    quick_payload(project.root, BUILT.format("OK"))
    outcome = project.orchestrator("deploy")
    assert (outcome.code, last(outcome)) == (0, "next: orchestrator profile --host local")


def test_an_architecture_that_was_asked_for_and_not_compiled_leaves_the_gate_undecided(
    project: Project,
) -> None:
    skipped = BUILT.format("OK").replace("BuildReport(Status.OK", "BuildReport(Status.SKIPPED")
    quick_payload(project.root, skipped)
    assert project.orchestrator("deploy").code == 0
    outcome = project.orchestrator("deploy", "--arch", "sm_90a")
    assert outcome.code == 6
    assert "nothing decided: sm_90a was asked for and nothing was compiled" in outcome.err
    assert last(outcome) == "next: orchestrator doctor local"


def test_torch_is_not_found_only_where_somebody_looked_for_it(project: Project) -> None:
    quick_payload(project.root, BUILT.format("OK"))
    assert project.orchestrator("deploy").code == 0
    built = project.orchestrator("report", the_run(project))
    told = Path(built.out.splitlines()[-1]).read_text()
    assert "| torch | not looked for |" in told
    assert "| CUDA of torch | not looked for |" in told
    assert last(built) == "next: orchestrator profile --host local"
    quick_payload(project.root, BUILT.format("FAILED"))
    looked = project.orchestrator("check")
    assert "| torch | not found |" in Path(looked.out.splitlines()[-1]).read_text()


def test_latest_is_no_deploy_for_report(project: Project) -> None:
    quick_payload(project.root)
    assert project.orchestrator("check").code == 0
    checked = the_run(project)
    quick_payload(project.root, BUILT.format("OK"))
    assert project.orchestrator("deploy").code == 0
    assert the_run(project) != checked
    assert project.orchestrator("report", "--json").json["run"] == checked
    assert project.orchestrator("report", "latest", "--json").json["run"] == checked
    assert project.orchestrator("runs", "rm", checked, "--yes").code == 0
    outcome = project.orchestrator("report")
    assert outcome.code == 2
    assert "has something to report; the latest is" in outcome.err


@pytest.fixture
def running(project: Project) -> Iterator[str]:
    """A run that goes on, as a laptop knows it that went away."""
    quick_payload(project.root, WAITS)
    command = threading.Thread(target=project.orchestrator, args=("check",), daemon=True)
    command.start()
    jobs = project.root.parent / "work" / "jobs"
    for _ in range(200):
        if any("began" in log.read_text() for log in jobs.glob("*/log.txt")):
            break
        time.sleep(0.05)
    yield the_run(project)
    project.orchestrator("cancel", the_run(project))
    command.join(30)


def test_a_report_of_a_run_that_goes_on_says_so_and_how_to_follow_it(
    project: Project, running: str
) -> None:
    outcome = project.orchestrator("report")
    assert outcome.code == 2
    assert outcome.out == ""
    assert f"run {running} is not home: it goes on at local" in outcome.err
    assert f"orchestrator attach {running}" in last(outcome)
    assert not (project.root / "runs" / running / "report.md").exists()
    for words in (("runs",), ("runs", "show"), ("logs",)):
        assert last(project.orchestrator(*words)) == f"next: orchestrator attach {running}"
    there = project.orchestrator("runs", "--host", "local")
    assert f"{running} " in there.out
    assert last(there) == f"next: orchestrator attach {running}"


def test_a_run_that_ended_before_is_not_said_to_be_cancelled(project: Project) -> None:
    quick_payload(project.root)
    assert project.orchestrator("check").code == 0
    run = the_run(project)
    outcome = project.orchestrator("cancel")
    assert outcome.out == (
        f"nothing cancelled: run {run} ended by itself with status 0 before, and is home\n"
    )
    assert last(outcome) == f"next: orchestrator report {run}"
    (project.root / "runs" / run / "end.json").unlink()
    outcome = project.orchestrator("cancel")
    assert outcome.out == f"nothing cancelled: run {run} ended by itself with status 0 before\n"
    assert last(outcome) == f"next: orchestrator attach {run}"


def test_a_run_that_was_never_started_is_neither_home_nor_over_before(project: Project) -> None:
    quick_payload(project.root)
    assert project.orchestrator("check").code == 0
    run = the_run(project)
    end = {"why": "never-started", "exit_status": None, "message": "no space. Make some; then"}
    (project.root / "runs" / run / "end.json").write_text(json.dumps(end))
    outcome = project.orchestrator("cancel")
    assert outcome.out == f"nothing cancelled: run {run} was never started\n"


def test_a_log_is_shown_whatever_became_of_the_result_and_wherever_the_folder_lies(
    project: Project,
) -> None:
    quick_payload(project.root)
    assert project.orchestrator("check").code == 0
    run = the_run(project)
    folder = project.root / "runs" / run
    copy = shutil.copytree(folder, project.root / "elsewhere" / "copy")
    outcome = project.orchestrator("logs", str(copy))
    assert last(outcome) == f"next: orchestrator report {run}", "no `attach copy`"
    (folder / "result.json").write_text("{")
    outcome = project.orchestrator("logs", run)
    assert (outcome.code, last(outcome)) == (0, f"next: orchestrator attach {run}")
    assert project.orchestrator("attach", run).code == 0


def test_a_run_is_cancelled_once(project: Project) -> None:
    quick_payload(project.root)
    assert project.orchestrator("check").code == 0
    run = the_run(project)
    (project.root / "runs" / run / "end.json").unlink()
    (there,) = (project.root.parent / "work" / "jobs").glob("*/end.json")
    there.write_text('{"why": "cancelled", "exit_status": null, "message": ""}')
    outcome = project.orchestrator("cancel")
    assert outcome.out == f"nothing cancelled: run {run} was cancelled before\n"


def test_what_is_kept_when_asked_is_said_to_be_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_payload(project.root)
    assert project.orchestrator("check").code == 0
    run = the_run(project)
    monkeypatch.setattr("sys.stdin", io.StringIO("perhaps\nNo\n"))
    outcome = project.orchestrator("runs", "rm", run)
    assert outcome.err.count("? [y/N]: ") == 2
    assert f"kept {run}" in outcome.err
    assert json.loads(project.orchestrator("runs", "--json").out)[0]["run"] == run


def test_nobody_who_answers_is_a_no_and_no_interruption(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_payload(project.root)
    assert project.orchestrator("check").code == 0
    run = the_run(project)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    outcome = project.orchestrator("runs", "rm", run)
    assert outcome.code == 0
    assert f"\nkept {run}\n" in outcome.err
    assert "interrupted" not in outcome.err
    assert (project.root / "runs" / run).is_dir()


def test_the_first_run_of_a_project_is_made_on_its_own_default_host(project: Project) -> None:
    assert last(project.orchestrator("runs")) == "next: orchestrator profile"
    assert "Make one: orchestrator profile\n" in project.orchestrator("report").err


def test_the_next_step_finds_the_same_inventory_and_runs(project: Project) -> None:
    given = ("--inventory", "./inventory.yaml", "--runs", "my runs")
    said = "orchestrator --inventory inventory.yaml --runs 'my runs'"
    assert last(project.orchestrator(*given, "runs")) == f"next: {said} profile"
    assert last(project.orchestrator(*given, "hosts")) == f"next: {said} deploy --host local"
    dry = project.orchestrator(*given, "check", "--dry-run")
    assert last(dry) == "next: the same command without --dry-run"
