"""KernelBench problems through the real command line on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.contract import codec
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.cli.conftest import Outcome, Project
from tests.problems_kernelbench.conftest import PROBLEMS

pytest.importorskip("torch")

QUICK = ("--rounds", "2", "--starts", "2", "--bench-budget", "1")


def run(project: Project, verb: str, problem: str, *words: str) -> tuple[Outcome, Result]:
    """One run; what came home."""
    told = ("--operator", str(PROBLEMS / f"{problem}.py"), "--yes", *words)
    outcome = project.orchestrator(verb, *told)
    (newest,) = sorted((project.root / "runs").glob("[!.]*"))[-1:]
    assert (newest / "report.md").is_file(), outcome.err
    return outcome, codec.loads(Result, (newest / "result.json").read_text("utf-8"))


def candidate(problem: str, name: str) -> tuple[str, str]:
    path: Path = PROBLEMS / "candidates" / problem / f"{name}.py"
    return "--submission", str(path)


def test_that_dropout_and_inputs_that_are_written_can_be_timed(project: Project) -> None:
    for problem in ("level2/3_Linear_Dropout_Softmax", "level1/5_Clamp_in_place"):
        alone = (*candidate(problem, "right"), "--without", "torch-compile", *QUICK)
        outcome, result = run(project, "bench", problem, *alone)
        assert outcome.code == 0, outcome.err
        assert {record.status for record in result.bench} <= {Status.OK, Status.SKIPPED}
        timed = {one.provider for one in result.bench if one.status is Status.OK}
        assert timed == {"reference", "right"}


def test_that_a_wrong_candidate_fails_its_run_and_torch_compile_is_a_usual_provider(
    project: Project,
) -> None:
    problem = "level1/4_Square_on_cuda"
    given = (*candidate(problem, "right"), *candidate(problem, "wrong_stale"))
    outcome, result = run(project, "check", problem, *given, "--case", "n=64", "--dtype", "bf16")
    assert outcome.code == 1, outcome.err
    status = {record.provider: record.status for record in result.checks}
    assert status.pop("torch-compile") in (Status.OK, Status.SKIPPED)
    assert status == {"reference": Status.OK, "right": Status.OK, "wrong_stale": Status.FAILED}
    assert "wrong_stale on n=64 bf16: its second call, on other inputs" in result.reason
    (reference,) = (one for one in result.checks if one.provider == "reference")
    assert reference.implementation.endswith(", device='cuda' redirected to the CPU")
