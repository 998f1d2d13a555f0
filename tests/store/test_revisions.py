"""Which commit the sources of a run stand at, and whether that is all there is to say of them."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from orchestrator.here import git as asked
from orchestrator.here.git import revisions
from orchestrator.values.run import Revision
from tests.store.trees import Tree, git

PARTS = ("csrc", "remote_payload")


@pytest.fixture
def project(plain: Tree) -> Path:
    """A checkout in which all is committed."""
    root = plain({"README.md": "text\n", ".gitignore": "*.log\nruns/\n", "mine/k.py": "x = 1\n"})
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def commit_of(root: Path) -> str:
    words = ["git", "-C", str(root), "rev-parse", "HEAD"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def test_that_a_clean_tree_is_told_with_its_commit(project: Path) -> None:
    assert revisions(project, PARTS) == (Revision(commit_of(project), True),)
    assert len(commit_of(project)) == 40


@pytest.mark.parametrize(
    ("path", "is_clean"),
    [
        ("csrc/a.cu", False),
        ("csrc/new.cuh", False),
        ("README.md", False),
        ("csrc/is.log", True),
        ("runs/r1/run.json", True),
        ("notes.txt", True),
    ],
)
def test_that_what_travels_or_is_tracked_makes_a_tree_unclean_and_nothing_else(
    project: Path, path: str, is_clean: bool
) -> None:
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text("changed\n")
    assert [one.is_clean for one in revisions(project, PARTS)] == [is_clean]


@pytest.mark.parametrize(
    "words", [("rm", "-q", "csrc/a.cu"), ("mv", "csrc/a.cu", "csrc/b c.cu")], ids=" ".join
)
def test_that_a_change_git_was_told_of_is_one_all_the_same(
    project: Path, words: tuple[str, ...]
) -> None:
    git(project, *words)
    assert [one.is_clean for one in revisions(project, PARTS)] == [False]


@pytest.mark.parametrize("path", ["x.cuh", "new.cuh"])
def test_that_a_change_in_a_submodule_makes_the_tree_unclean(
    project: Path, tmp_path: Path, path: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.cuh").write_text("1")
    git(other, "init", "-q")
    git(other, "add", ".")
    git(other, "commit", "-qm", "of another")
    allowed = ("-c", "protocol.file.allow=always")
    git(project, *allowed, "submodule", "add", "-q", str(other), "csrc/other")
    git(project, "commit", "-qm", "second")
    assert revisions(project, PARTS) == (Revision(commit_of(project), True),)
    (project / "csrc/other" / path).write_text("2")
    assert revisions(project, PARTS) == (Revision(commit_of(project), False),)


def test_that_a_file_of_another_checkout_is_told_beside_the_project(
    project: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for name in ("k.py", "spare.py"):
        (mine / name).write_text("x = 1\n")
    (mine / ".gitignore").write_text("made.py\n")
    git(mine, "init", "-q")
    git(mine, "add", ".")
    git(mine, "commit", "-qm", "mine")
    named = [("providers/k.py", mine / "k.py")]
    told = (Revision(commit_of(project), True), Revision(commit_of(mine), True, "providers/k.py"))
    assert revisions(project, PARTS, named) == told
    assert revisions(None, PARTS, named) == told[1:], "sources that are installed have no commit"
    (mine / "made.py").write_text("x = 2\n")
    assert revisions(None, PARTS, [*named, ("providers/made.py", mine / "made.py")]) == (
        Revision(commit_of(mine), False, "providers/k.py"),
    ), "what git ignores travels when it is named, and is in no commit"
    inside = [("providers/k.py", project / "mine/k.py")]
    assert revisions(project, PARTS, inside) == told[:1]


def test_that_nothing_is_told_where_there_is_nothing_to_tell(
    plain: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plain({})
    assert revisions(root, PARTS) == (), "no checkout"
    git(root, "init", "-q")
    assert revisions(root, PARTS) == (), "no commit yet"
    git(root, "commit", "-qm", "empty", "--allow-empty")
    assert [one.is_clean for one in revisions(root, PARTS)] == [False]
    (root / ".gitignore").write_text("*\n")
    assert revisions(root, PARTS) == (), "none of it is git's"
    (root / ".git" / "HEAD").write_text("nonsense")
    assert revisions(root, PARTS) == (), "a checkout that is damaged"
    assert revisions(tmp_path / "gone", PARTS) == ()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert revisions(root, PARTS) == (), "no git"


def test_that_a_git_that_does_not_end_is_not_waited_for(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = commit_of(project)
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout
    slow = bin_ / "git"
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in *status*) sleep 60;; esac\nexec {real.strip()} "$@"\n'
    )
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    began = time.monotonic()
    assert revisions(project, PARTS, limit_s=1.0) == (Revision(commit, None),)
    assert time.monotonic() - began < asked.LIMIT_S


def test_that_a_hooks_environment_leads_to_no_other_checkout(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert [one.is_clean for one in revisions(project, PARTS)] == [True]
