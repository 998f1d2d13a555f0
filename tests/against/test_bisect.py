"""bisect, on real repositories: which of many commits slowed a provider, or broke it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.verbs.commits import judging
from orchestrator.errors import UsageError
from orchestrator.here.bisection import Word, bisection
from tests.against.conftest import OPERATOR, Repository
from tests.cli.conftest import REPOSITORY, Outcome, Project
from tests.cli.quick import quick_payload

pytest.importorskip("torch")

COMMITS, GUILTY = 16, 11
# What a call takes; sleeping is what a machine that others use does best.
QUICK_S, SLOW_S = 0.004, 0.008
SLEPT = QUICK_S / SLOW_S
MINE = """import time, torch
def softmax(x):
    time.sleep({seconds})
    return torch.softmax(x, -1){more}
# edit {number}
"""
# Eight starts are enough, if the machine slows none of them much.
BENCH = ("--rounds", "1", "--starts", "16", "--budget", "12", "--precision", "20%")


def mine(number: int, guilty: int, more: str = "") -> dict[str, str]:
    seconds = SLOW_S if number >= guilty else QUICK_S
    return {"k/mine.py": MINE.format(seconds=seconds, number=number, more=more)}


def history(root: Path, every: bool) -> Repository:
    """A commit tagged `start`, and 16 behind it, of which the eleventh slows k/mine.py. every: each
    of them edits it; else the others edit what lies beside it."""
    found = Repository(root)
    found.commit({"op.py": OPERATOR, **mine(0, GUILTY)})
    found.git("tag", "start")
    for number in range(1, COMMITS + 1):
        edited = every or number == GUILTY
        found.commit(mine(number, GUILTY) if edited else {"k/notes.txt": f"{number}"})
    return found


@pytest.fixture
def bisect(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """The real command line, in the user's checkout."""

    def run(
        checkout: Repository, *words: str, operator: tuple[str, ...] = ("--operator", "op.py")
    ) -> Outcome:
        monkeypatch.chdir(checkout.root)
        of_project = ("--inventory", str(project.root / "inventory.yaml"))
        kept = ("--runs", str(project.root / "runs"))
        asked = (*operator, "--provider", "mine=k/mine.py:softmax")
        return project.orchestrator(*of_project, *kept, "bisect", *words, *asked)

    return run


def left(checkout: Repository) -> tuple[str, str, str]:
    """What a bisection could have changed: files, refs and worktrees."""
    trees = checkout.git("worktree", "list", "--porcelain")
    return checkout.git("status", "--porcelain"), checkout.git("for-each-ref"), trees


def told(outcome: Outcome, checkout: Repository) -> dict[str, Any]:
    """What it says, which is the guilty commit, within five steps, and how large its step is."""
    assert outcome.code == 0, outcome.err
    found: dict[str, Any] = outcome.json
    guilty = checkout.git("rev-parse", f"HEAD~{COMMITS - GUILTY}").strip()
    assert found["found"] == guilty, outcome.err
    assert found["step"]["word"] == "bad"
    # How wide the interval is, is the machine's doing: one start that slept longer widens it.
    low, high = found["step"]["low"], found["step"]["high"]
    assert low < SLEPT * 1.2, "Python's own time is in both: the ratio is nearer to 1"
    assert SLEPT * 0.9 < high < 1
    steps = [turn for turn in found["turns"] if turn["number"]]
    assert len(steps) <= 5
    assert {turn["word"] for turn in steps} == {"good", "bad"}
    return found


def test_that_one_of_sixteen_commits_is_found_and_the_same_sources_are_raced_once(
    tmp_path: Path, bisect: Callable[..., Outcome]
) -> None:
    checkout = history(tmp_path / "of the user", every=False)
    checkout.write({"k/mine.py": "not committed\n"})
    before = left(checkout)
    found = told(bisect(checkout, "start", "HEAD", *BENCH, "--json"), checkout)
    assert len({turn["run"] for turn in found["turns"]} - {None}) == 1
    assert left(checkout) == before


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_that_of_sixteen_commits_that_all_edit_it_the_one_that_slows_is_found_in_five_steps(
    tmp_path: Path, bisect: Callable[..., Outcome]
) -> None:
    checkout = history(tmp_path / "of the user", every=True)
    found = told(bisect(checkout, "start", "HEAD", *BENCH, "--json"), checkout)
    runs = [turn["run"] for turn in found["turns"]]
    assert len({*runs, found["step"]["run"]}) == len(runs) + 1, "each was raced"


# A check that fails where 1 is added, of a payload that answers at once.
CHECKS = """
from remote_payload.contract.records import CheckRecord
stages = tuple(StageReport(stage, Status.OK) for stage in request.stages)


def status(one):
    text = Path(one.target.partition(":")[0]).read_text()
    return Status.FAILED if " + 1" in text else Status.OK


checks = tuple(
    CheckRecord(one.name, case, status(one), "wrong" if status(one) is Status.FAILED else "")
    for one in request.providers if one.target for case in request.cases
)
answer(stages=stages, checks=checks)
"""


def revisions(project: Project) -> list[list[dict[str, Any]]]:
    """What the card of each run says of checkouts."""
    cards = sorted((project.root / "runs").glob("*/run.json"))
    return [json.loads(one.read_text())["revisions"] for one in cards]


def test_that_the_commit_that_broke_it_is_found_by_the_check_alone(
    tmp_path: Path, project: Project, bisect: Callable[..., Outcome]
) -> None:
    quick_payload(project.root, CHECKS)
    checkout = Repository(tmp_path / "of the user")
    for number in range(5):
        checkout.commit(mine(number, 9, " + 1" if number >= 3 else ""))
    Repository(project.root).commit({})
    outcome = bisect(checkout, "HEAD~4", "HEAD", "--broken", operator=())
    guilty = checkout.git("rev-parse", "HEAD~1")[:10]
    assert outcome.code == 0, outcome.err
    first, *ends, _, _ = outcome.out.splitlines()
    assert first.startswith("which of 4 commits broke mine: good HEAD~4 (")
    assert [line.partition(":")[0] for line in ends[:3]] == ["end good", "end bad", "1. good"]
    assert ends[2].endswith("; 4 were left"), "this one included"
    assert len(ends) <= 2 + 2
    why = f"breaks it: mine@{guilty[:7]} fails its check on "
    assert f"found: {guilty} step: {why}" in outcome.out
    assert not any(revisions(project)), "they were no runs of what is checked out"
    good = bisect(checkout, "--judge", "main", "--broken", operator=())
    assert good.code == 1, good.err
    assert [len(one) for one in revisions(project) if one] == [2]
    checkout.git("checkout", "-q", "HEAD~4")
    assert bisect(checkout, "--judge", "main", "--broken", operator=()).code == 0


def test_that_what_git_did_not_take_down_ends_the_search(tmp_path: Path) -> None:
    checkout = Repository(tmp_path / "of the user")
    for number in range(4):
        checkout.commit({"k/notes.txt": f"{number}"})
    good, bad = (checkout.git("rev-parse", one).strip() for one in ("HEAD~3", "HEAD"))
    with bisection(checkout.root, good, bad, [checkout.root / "k"]) as git:
        candidate = git.standing().candidate
        (refs,) = (checkout.root / ".git" / "worktrees").glob("*/refs/bisect")
        (refs / "bad.lock").touch()
        with pytest.raises(UsageError, match="was of no effect"):
            git.tell(Word.BAD, candidate)
        (refs / "bad.lock").unlink()
        assert git.tell(Word.BAD, candidate).candidate != candidate


@pytest.mark.parametrize("name", [":k.py", ":(top)k.py", "k[1].py", "-k.py", "ü.py"])
def test_that_a_path_is_no_pattern_to_git_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    checkout = Repository(tmp_path / "theirs")
    made = [checkout.commit({name: str(number), "k1.py": str(number)}) for number in range(4)]
    good, bad = (checkout.git("rev-parse", made[number]).strip() for number in (0, -1))
    with bisection(checkout.root, good, bad, [checkout.root / name]) as git:
        while candidate := git.standing().candidate:
            git.tell(Word.GOOD if candidate[:7] in made[:2] else Word.BAD, candidate)
        assert git.standing().found[:7] == made[2]


def test_that_ends_that_do_not_differ_are_nothing_to_find(
    tmp_path: Path, bisect: Callable[..., Outcome]
) -> None:
    checkout = Repository(tmp_path / "of the user")
    checkout.commit({"op.py": OPERATOR, **mine(0, 9)})
    checkout.commit({"k/notes.txt": "1"})
    checkout.commit({"elsewhere.txt": "1"})
    same = bisect(checkout, "HEAD~2", "HEAD")
    assert same.code == 6
    assert "is not slower than HEAD~2" in same.err
    assert "the same sources as HEAD~2" in same.err
    untouched = bisect(checkout, "HEAD~1", "HEAD")
    assert untouched.code == 6
    assert "touches" in untouched.err
    backwards = bisect(checkout, "HEAD", "HEAD~2")
    assert backwards.code == 2
    assert "does not lead to" in backwards.err
    unknown = bisect(checkout, "nowhere", "HEAD")
    assert unknown.code == 2
    assert "error: nowhere: git knows no such revision" in unknown.err
    assert bisect(checkout, "HEAD").code == 2


def _raises(wrong: Exception) -> Callable[..., None]:
    def raising(*_: object) -> None:
        raise wrong

    return raising


def test_that_git_bisect_run_hears_of_a_commit_only_what_is_known_of_it(
    tmp_path: Path,
    project: Project,
    bisect: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checkout = Repository(tmp_path / "of the user")
    checkout.commit({"op.py": OPERATOR, **mine(0, 9)})
    judged = [
        bisect(checkout, "--judge", *words)
        for words in (
            ("main",), ("nowhere",), ("main", "main"), ("main", "--host", "nobody"), ("HEAD~1",),
            ("main", "--faster", "--broken"), ("main", "--case", "Z=1"), ("main", "--only", "x"),
            ("main", "--rounds", "4", "--rounds", "8"),
        )
    ]  # fmt: skip
    assert [one.code for one in judged] == [0, *[255] * 8]
    assert judged[0].out == "good: the same sources as main\n"
    assert "HEAD is another commit at each step" in judged[4].err
    for problem in (OSError(28, "No space left"), ValueError("odd")):
        with monkeypatch.context() as patch:
            patch.setattr(judging, "asked", _raises(problem))
            assert bisect(checkout, "--judge", "main").code == 255
    assert bisect(checkout, "main", "HEAD", "--faster", "--broken").code == 2
    assert bisect(checkout, "--judge", "main", "--startz").code == 255
    checkout.write({"k/mine.py": MINE.format(seconds=1, number=1, more=" + 1")})
    quick_payload(project.root, CHECKS)
    wrong = bisect(checkout, "--judge", "main", operator=())
    assert wrong.code == 125, wrong.err
    assert wrong.out.startswith("skip: mine fails its check on ")


def test_that_a_dry_run_makes_no_worktree_and_shows_the_race_of_the_ends(
    tmp_path: Path, bisect: Callable[..., Outcome]
) -> None:
    checkout = history(tmp_path / "of the user", every=False)
    before = left(checkout)
    outcome = bisect(checkout, "start", "HEAD", "--dry-run")
    assert outcome.code == 0, outcome.err
    assert "with those of start that differ" in outcome.out
    assert left(checkout) == before
    assert not (tmp_path / "project" / "runs").exists()


# As CHECKS, but it waits where the file is that of the second edit.
WAITS = """
waiting = [one for one in request.providers if one.target
           and "# edit 2" in Path(one.target.partition(":")[0]).read_text()]
if waiting:
    Path({!r}).touch()
    time.sleep(120)
""" + CHECKS  # fmt: skip


def test_that_ctrl_c_leaves_no_worktree_no_refs_and_no_job(
    tmp_path: Path, project: Project
) -> None:
    began, temporary = tmp_path / "began", tmp_path / "temporary"
    temporary.mkdir()
    quick_payload(project.root, WAITS.format(str(began)))
    checkout = Repository(tmp_path / "of the user")
    for number in range(4):
        checkout.commit(mine(number, 9, " + 1" if number == 3 else ""))
    before = left(checkout)
    words = ("--inventory", project.root / "inventory.yaml", "--runs", tmp_path / "runs")
    asked = ("bisect", "HEAD~3", "HEAD", "--broken", "--provider", "mine=k/mine.py:softmax")
    command = [sys.executable, "-m", "orchestrator", *map(str, words), *asked]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(temporary)}
    with subprocess.Popen(command, cwd=checkout.root, env=environment, stderr=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, text=True) as child:  # fmt: skip
        until = time.monotonic() + 60
        while not began.exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert left(checkout) != before, "the search has not begun"
        child.send_signal(signal.SIGINT)
        assert child.stderr is not None
        heard = iter(child.stderr.readline, "")
        said = next((line for line in heard if "press Ctrl-C again" in line), "")
        child.send_signal(signal.SIGINT)
        said += child.communicate(timeout=60)[1]
    assert child.returncode == 130, said
    assert left(checkout) == before
    assert not list(temporary.glob("orchestrator-bisect-*"))
    assert "Traceback" not in said
    assert "cancelling run" in said
