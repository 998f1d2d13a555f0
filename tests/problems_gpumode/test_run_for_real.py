"""Tasks through the real command line on this machine."""

from __future__ import annotations

import pytest

from remote_payload.contract import codec
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.cli.conftest import Outcome, Project
from tests.problems_gpumode.tasks import SAMPLES

pytest.importorskip("torch")

QUICK = ("--yes", "--rounds", "2", "--starts", "2", "--bench-budget", "1")


def told(project: Project, outcome: Outcome) -> Result:
    """The newest run's result, whose report was written too."""
    (newest,) = sorted((project.root / "runs").iterdir())[-1:]
    assert (newest / "report.md").is_file(), outcome.err
    return codec.loads(Result, (newest / "result.json").read_text("utf-8"))


def submissions(task: str, *names: str) -> list[str]:
    """The options that name a task and its candidates."""
    given = ["--operator", str(SAMPLES / task)]
    for name in names:
        given += ["--submission", str(SAMPLES / task / "solutions" / f"{name}.py")]
    return given


def test_that_only_benchmarks_are_timed_and_only_of_who_passed_the_tests(project: Project) -> None:
    given = submissions("top_tokens", "right", "wrong/always_largest")
    outcome = project.orchestrator("bench", *given, *QUICK)
    result = told(project, outcome)
    assert outcome.code == 1, outcome.err
    assert "always_largest on rows=2 vocabulary=333 k=8 seed=32 fp32: by the rule of" in outcome.out
    checked = {(one.provider, one.case.size("seed")): one.status for one in result.checks}
    assert len(checked) == 9
    wrong = [pair for pair, status in checked.items() if status is not Status.OK]
    assert wrong == [("always_largest", 32)]
    assert {(one.provider, one.case.size("seed")) for one in result.bench} == {
        ("right", 33),
        ("reference", 33),
    }
    assert all(one.status is Status.OK and one.samples_us for one in result.bench)
    assert "seed=31" not in repr(result.cuts)
    report = next((project.root / "runs").glob("*/report.md")).read_text("utf-8")
    scores = report.partition("## Score")[2].partition("## ")[0]
    assert "ranks first (geom)" in scores
    assert scores.count("| right | ") == scores.count("| reference | ") == 1


def test_that_who_ends_the_process_has_not_passed(project: Project) -> None:
    given = submissions("small_layer", "right_but_talks", "wrong/exits")
    outcome = project.orchestrator("check", *given, "--yes", "--case", "tokens=5,eps=0.5")
    result = told(project, outcome)
    assert outcome.code == 1, outcome.err
    assert {one.case.label for one in result.checks} == {
        "tokens=5 hidden=8 inner=24 seed=51 fp32 eps=0.5"
    }
    assert {one.provider: one.status for one in result.checks} == {
        "right_but_talks": Status.OK,
        "exits": Status.FAILED,
        "reference": Status.OK,
    }
