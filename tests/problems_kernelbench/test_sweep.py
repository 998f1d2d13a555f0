from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.workflows.own import Beside
from orchestrator.workflows.sweep import found
from orchestrator.workflows.sweep.found import Filter
from orchestrator.workflows.sweep.outcome import Kind, Outcome
from orchestrator.workflows.sweep.summary import Summary, lines
from tests.cli.conftest import Project
from tests.problems_kernelbench.conftest import PROBLEMS

ANSWERS = PROBLEMS / "candidates" / "level1"


def names(*patterns: str, levels: tuple[int, ...] = ()) -> list[str]:
    return [one.label for one in found.problems(PROBLEMS, Filter(patterns, (), levels))]


def test_problems_are_found_below_a_folder_in_the_order_of_people_and_candidates_are_none() -> None:
    every = names()
    assert len(every) == 12
    assert every[0].startswith("level1/1_")
    assert every == sorted(every, key=lambda one: (one[:6], int(one[7:].partition("_")[0])))
    assert names("*norm*") == ["level1/6_Batch_norm"]
    assert {one[:6] for one in names(levels=(2, 3))} == {"level2", "level3"}
    with pytest.raises(UsageError, match="none of the 12 problems in"):
        names("nothing*")


def test_a_folder_of_candidates_is_looked_through_for_those_called_like_the_problem() -> None:
    (one,) = found.problems(PROBLEMS, Filter(("1_Linear*",)))
    given = Beside(submissions=(PROBLEMS / "candidates",))
    chosen = [path.name for path in found.beside_of(one, given).submissions]
    assert "right.py" in chosen
    assert all(path.parent.name == one.name for path in found.beside_of(one, given).submissions)


def test_what_all_came_to_is_counted_and_fast_p_is_of_all_problems() -> None:
    came_to = Summary(
        (
            Outcome("a", "kernelbench", Kind.PASSED, speedups={"new": 1.6}),
            Outcome("b", "kernelbench", Kind.PASSED, speedups={"new": 0.9, "other": 1.1}),
            Outcome("c", "kernelbench", Kind.WRONG, "new on fp32: off"),
            Outcome("d", "kernelbench", Kind.REFUSED, "d.py:1: no Python"),
        )
    )
    assert dict(came_to.fast()) == {0.0: 0.5, 0.5: 0.5, 0.8: 0.5, 1.0: 0.5, 1.5: 0.25, 2.0: 0.0}
    assert lines(came_to) == [
        "wrong: c: new on fp32: off",
        "refused: d: d.py:1: no Python",
        "4 problems: 2 passed, 1 wrong, 1 refused",
        "fast_p: 0.5 at p = 0, 0.5 at p = 0.5, 0.5 at p = 0.8, 0.5 at p = 1, 0.25 at p = 1.5, "
        "0 at p = 2",
    ]
    assert not came_to.all_passed
    assert Summary(()).fast() == ()
    assert not Summary(()).all_passed


def test_a_sweep_with_candidates_tells_how_many_are_right_and_fast(
    project: Project, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    problems, answers = tmp_path / "level1", tmp_path / "answers"
    problems.mkdir()
    answers.mkdir()
    for name, answer in (("1_Scaled_difference", "right"), ("4_Square_on_cuda", "wrong_stale")):
        shutil.copy(PROBLEMS / "level1" / f"{name}.py", problems)
        shutil.copy(ANSWERS / name / f"{answer}.py", answers / f"{name}.py")
    shutil.copy(PROBLEMS / "level1" / "6_Batch_norm.py", problems)
    given = ["bench", "--operator", str(problems), "--submission", str(answers), "--yes", "--json"]
    given += ["--without", "torch-compile", "--rounds", "2", "--starts", "2", "--bench-budget", "1"]
    outcome = project.orchestrator(*given)
    assert outcome.code == 1, outcome.err
    told = outcome.json
    assert told["counts"] == {"passed": 1, "wrong": 1, "has no candidate": 1}
    assert told["fast_p"]["0"] == pytest.approx(1 / 3)
    right, wrong, alone = told["problems"]
    assert set(right["speedups"]) == {"1_Scaled_difference"}
    assert "its second call, on other inputs" in wrong["reason"]
    assert (alone["run"], alone["reason"]) == (
        "",
        f"none of {answers} is called like it, or says that it solves it",
    )
