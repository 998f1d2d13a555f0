"""Files of ignore rules that cannot be read, or that an editor gave a mark of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store.project_tree import ALL, FILES, refusal, root, scanned, write
from tests.store.test_input_places import ASKS, open_place
from tests.store.trees import git, paths

__all__ = ["open_place", "root"]


@pytest.mark.parametrize("with_git", [True, False])
@pytest.mark.parametrize("place", ["", "csrc", "csrc/attention", "remote_payload"])
def test_rules_that_may_not_be_read_are_an_error_and_nothing_they_keep_back_travels(
    open_place: Path, place: str, with_git: bool
) -> None:
    """As a user whom modes hold back: root may read everything."""
    root = open_place / "project"
    rules = root / place / ".gitignore"
    write(root, {**FILES, "csrc/private.txt": "", str(rules.relative_to(root)): "private.txt\n"})
    if with_git:
        git(root, "init", "-q")
    rules.chmod(0)
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "65534", str(root)], check=True)
    words = [sys.executable, "-c", ASKS, str(root)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    said = f"cannot read the ignore rules in {rules.relative_to(root)}: Permission denied | "
    assert done.stdout.startswith(said), done.stderr


@pytest.mark.parametrize("with_git", [True, False])
def test_a_folder_that_may_only_be_listed_is_named_and_not_its_rules(
    open_place: Path, with_git: bool
) -> None:
    root = open_place / "project"
    write(root, FILES)
    if with_git:
        git(root, "init", "-q")
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "65534", str(root)], check=True)
    (root / "csrc/attention").chmod(0o400)
    words = [sys.executable, "-c", ASKS, str(root)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    (root / "csrc/attention").chmod(0o755)
    assert done.stdout.startswith(("cannot read the folder csrc/attention", "cannot read csrc/att"))
    assert ".gitignore" not in done.stdout


def test_rules_of_this_clone_that_may_not_be_read_are_an_error_too(open_place: Path) -> None:
    root = open_place / "project"
    write(root, FILES)
    git(root, "init", "-q")
    (root / ".git/info/exclude").chmod(0)
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "65534", str(root)], check=True)
    words = [sys.executable, "-c", ASKS, str(root)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "cannot read the ignore rules in .git/info/exclude" in done.stdout, done.stderr


def _link_to_nothing(place: Path) -> None:
    place.symlink_to("nothing")


@pytest.mark.parametrize("make", [_link_to_nothing, os.mkfifo])
def test_without_git_rules_that_are_no_file_are_an_error(
    root: Path, make: Callable[[Path], None]
) -> None:
    make(root / "csrc/.gitignore")
    assert "cannot read the ignore rules in csrc/.gitignore" in refusal(root).message


def test_with_git_rules_behind_a_link_are_an_error_as_git_does_not_follow_it(root: Path) -> None:
    git(root, "init", "-q")
    (root / "rules").write_text("private.txt\n")
    (root / "csrc/.gitignore").symlink_to("../rules")
    assert "cannot read the ignore rules in csrc/.gitignore" in refusal(root).message


@pytest.mark.parametrize("with_git", [True, False])
def test_a_folder_with_the_name_of_rules_holds_none(root: Path, with_git: bool) -> None:
    if with_git:
        git(root, "init", "-q")
    write(root, {"csrc/.gitignore/x.h": ""})
    assert paths(scanned(root)) == sorted([*ALL, "csrc/.gitignore/x.h"])


@pytest.mark.parametrize("with_git", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_mark_that_an_editor_puts_in_front_is_no_part_of_the_first_rule(
    root: Path, with_git: bool, end: str
) -> None:
    if with_git:
        git(root, "init", "-q")
    write(root, {"csrc/private.txt": "", "csrc/private\x0cnotes": ""})
    rules = f"\ufeffprivate.txt{end}private\x0cnotes{end}".encode()
    (root / ".gitignore").write_bytes(rules)
    assert paths(scanned(root)) == ALL
