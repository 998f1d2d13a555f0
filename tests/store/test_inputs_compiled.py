"""What the emulator is compiled of, what a proof compares with and what `<…>` includes: inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store.project_tree import committed, refusal, root, scanned, write
from tests.store.trees import git, paths

__all__ = ["root"]

TMA, ANSWERS = "csrc/emulator/tma.cpp", "csrc/conformance/emulated_answers.txt"


@pytest.fixture
def project(root: Path) -> Path:
    write(root, {TMA: "int tma;\n", "csrc/emulator/tma.h": "", ANSWERS: "# digest\n"})
    return root


def _rule_of_a_parent(root: Path, rule: str) -> None:
    git(root.parent, "init", "-q")
    (root.parent / ".gitignore").write_text(f"{rule}\n")


def _rule_of_this_clone(root: Path, rule: str) -> None:
    git(root, "init", "-q")
    (root / ".git" / "info" / "exclude").write_text(f"{rule}\n")


def _rule_of_this_user(root: Path, rule: str) -> None:
    git(root, "init", "-q")
    (root.parent / "my ignores").write_text(f"{rule}\n")
    git(root, "config", "core.excludesFile", str(root.parent / "my ignores"))


@pytest.mark.parametrize("keep_back", [_rule_of_a_parent, _rule_of_this_clone, _rule_of_this_user])
@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("*.cpp", TMA),
        ("emulator/", TMA),
        ("tma.h", "csrc/emulator/tma.h"),
        ("*.txt", ANSWERS),
        ("conformance", ANSWERS),
    ],
)
def test_a_rule_from_elsewhere_that_keeps_back_the_emulator_or_its_answers_is_named(
    project: Path, keep_back: Callable[[Path, str], None], rule: str, named: str
) -> None:
    keep_back(project, rule)
    error = refusal(project)
    assert f"{named} (a source of its own) is ignored by git: line 1 of" in error.message
    assert error.hint.startswith("`git add -f csrc/")


def test_the_emulator_that_is_another_repository_is_named(project: Path) -> None:
    git(project, "init", "-q")
    git(project / "csrc/emulator", "init", "-q")
    assert f"{TMA} (a source of its own) is a git repository of its own" in refusal(project).message


def test_a_part_of_the_emulator_that_is_kept_off_the_disk_is_named(project: Path) -> None:
    committed(project)
    git(project, "update-index", "--skip-worktree", TMA)
    (project / TMA).unlink()
    assert f"{TMA} (a source of its own) is left out by this sparse" in refusal(project).message


def test_a_part_of_the_emulator_that_holds_a_key_is_named(project: Path) -> None:
    head = "-----BEGIN " + "PRIVATE KEY-----"
    (project / TMA).write_text(f"// {head}\n")
    error = refusal(project)
    assert error.message.endswith(f"{TMA} (a source of its own) holds a private key")
    assert error.hint == "Without that key it travels."


def test_what_the_project_keeps_back_of_them_itself_is_its_own_wish(project: Path) -> None:
    git(project, "init", "-q")
    (project / ".gitignore").write_text("*.txt\ntma.*\n")
    assert TMA not in paths(scanned(project))


@pytest.mark.parametrize("with_git", [True, False])
@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("<attention/mask.cuh>", "csrc/attention/mask.cuh"),
        ('"attention/mask.cuh"', "csrc/attention/mask.cuh"),
        ("<./attention/../attention/mask.cuh>", "csrc/attention/mask.cuh"),
        ("<tma.h>", "csrc/emulator/tma.h"),
        ("<mask.cuh>", ""),
        ("<vector>", ""),
    ],
)
def test_an_include_in_angle_brackets_is_looked_up_where_the_compilers_look(
    project: Path, with_git: bool, words: str, named: str
) -> None:
    """For these the folder of the file itself is not searched."""
    if with_git:
        git(project, "init", "-q")
    (project / ".gitignore").write_text("mask.cuh\ntma.h\n")
    (project / "csrc/attention/api.cu").write_text(f"#include {words}\n")
    if named:
        assert f"{named} (csrc/attention/api.cu needs it)" in refusal(project).message
    else:
        assert "csrc/attention/mask.cuh" not in paths(scanned(project))
