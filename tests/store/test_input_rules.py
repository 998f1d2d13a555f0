"""Which rule keeps a source back is asked where git sees it: behind links, and in submodules."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.store.project_tree import ALL, committed, refusal, root, scanned, write
from tests.store.trees import git, paths

__all__ = ["root"]

API = "csrc/attention/api.cu"


def ignored_by_this_user(root: Path, rule: str) -> None:
    (root.parent / "my ignores").write_text(f"{rule}\n")
    git(root, "config", "core.excludesFile", str(root.parent / "my ignores"))


def add_submodule(root: Path, path: str, rule: str) -> None:
    """A folder of the project becomes a submodule, with a rule of its clone's own."""
    (root / path).rename(root.parent / "lib")
    committed(root.parent / "lib")
    git(root, "init", "-q")
    allow = ("-c", "protocol.file.allow=always")
    git(root, *allow, "submodule", "add", "-q", str(root.parent / "lib"), path)
    exclude = root / ".git/modules" / path / "info/exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text(f"{rule}\n")


@pytest.mark.parametrize(("link", "leads_to"), [("csrc", "kernels"), ("csrc/attention", "lib/a")])
def test_a_rule_from_elsewhere_is_found_behind_a_link(root: Path, link: str, leads_to: str) -> None:
    (root / leads_to).parent.mkdir(exist_ok=True)
    (root / link).rename(root / leads_to)
    (root / link).symlink_to(root / leads_to)
    git(root, "init", "-q")
    ignored_by_this_user(root, "api.cu")
    error = refusal(root)
    assert f"{API} (a source of its own) is ignored by git: line 1 of" in error.message
    assert "my ignores, `api.cu`" in error.message


@pytest.mark.parametrize("leads_to", ["kernels", "deep/kernels"])
def test_a_rule_of_the_projects_own_is_its_wish_behind_a_link_too(
    root: Path, leads_to: str
) -> None:
    (root / "deep").mkdir()
    (root / "csrc").rename(root / leads_to)
    (root / "csrc").symlink_to(leads_to)
    git(root, "init", "-q")
    (root / ".gitignore").write_text("api.cu\n")
    assert paths(scanned(root)) == [path for path in ALL if path != API]


def test_a_rule_of_a_submodules_clone_is_found(root: Path) -> None:
    add_submodule(root, "csrc/attention", "*.cu")
    write(root, {"csrc/attention/new.cu": ""})
    error = refusal(root)
    assert "csrc/attention/new.cu (a source of its own) is ignored by git: line 1" in error.message
    assert "info/exclude, `*.cu`" in error.message


def test_a_folder_of_which_all_files_are_ignored_by_the_project_is_its_wish(root: Path) -> None:
    """git names the folder as well, though no rule is about it."""
    git(root, "init", "-q")
    write(root, {".gitignore": "made.*\n", "csrc/out/made.cu": "", "csrc/out/deep/made.cu": ""})
    assert paths(scanned(root)) == ALL


@pytest.mark.parametrize(
    "words", ["check-ignore", "show-toplevel", "-z -t --", "--stage", "--others --ignored"]
)
def test_a_git_that_fails_at_one_of_our_questions_is_told(
    root: Path, tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(root, "init", "-q")
    write(root, {"csrc/tracked.h": ""})
    git(root, "add", "csrc/tracked.h")
    (root / "csrc/tracked.h").unlink()
    ignored_by_this_user(root, "attention/")
    write(tmp_path, {"bin/git": ""})
    program = tmp_path / "bin/git"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *"{words}"*) kill -9 $$;; esac\nexec {shutil.which("git")} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    assert refusal(root).message.endswith(": it ended with status -9")


@pytest.mark.parametrize("rule", ["/project/", "*"])
def test_a_rule_of_the_projects_own_is_its_wish_where_a_parent_ignores_the_whole_project(
    root: Path, rule: str
) -> None:
    git(root.parent, "init", "-q")
    (root.parent / ".gitignore").write_text(f"{rule}\n")
    write(root, {".gitignore": "/remote_payload/scratch.py\n", "remote_payload/scratch.py": ""})
    assert paths(scanned(root)) == ALL
