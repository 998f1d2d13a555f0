"""What stands in the place of sources: a link, a repository, a sparse or an unreadable folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.sync import sources
from tests.store.project_tree import ALL, FILES, committed, refusal, root, scanned, write
from tests.store.trees import git, paths

__all__ = ["root"]


@pytest.mark.parametrize("with_git", [True, False])
@pytest.mark.parametrize("was_tracked", [True, False])
def test_csrc_that_is_a_link_inside_the_project_travels_as_what_it_leads_to(
    root: Path, with_git: bool, was_tracked: bool
) -> None:
    if with_git:
        git(root, "init", "-q")
        if was_tracked:
            git(root, "add", "-A")
    (root / "csrc").rename(root / "real")
    (root / "csrc").symlink_to("real")
    assert paths(scanned(root)) == ALL


def _outside(root: Path) -> None:
    (root / "csrc").rename(root.parent / "real")
    (root / "csrc").symlink_to("../real")


def _to_nothing(root: Path) -> None:
    shutil.rmtree(root / "csrc")
    (root / "csrc").symlink_to("gone")


def _a_file(root: Path) -> None:
    shutil.rmtree(root / "csrc")
    (root / "csrc").write_text("")


@pytest.mark.parametrize("with_git", [True, False])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_outside, "the link 'csrc' leads out of the"),
        (_to_nothing, "csrc in .* is a link to nothing"),
        (_a_file, "csrc in .* is no folder"),
    ],
)
def test_csrc_that_is_no_folder_of_the_project_is_told(
    root: Path, with_git: bool, make: Callable[[Path], None], words: str
) -> None:
    if with_git:
        git(root, "init", "-q")
    make(root)
    with pytest.raises(UsageError, match=words):
        scanned(root)


@pytest.mark.parametrize("part", ["csrc", "csrc/attention", "remote_payload"])
@pytest.mark.parametrize("has_commits", [True, False])
def test_a_repository_in_the_place_of_sources_is_told(
    root: Path, part: str, has_commits: bool
) -> None:
    git(root, "init", "-q")
    committed(root / part) if has_commits else git(root / part, "init", "-q")
    error = refusal(root)
    assert part in error.message
    assert "is a git repository of its own" in error.message
    assert error.hint == f"Make {part} a submodule, and it travels."


def test_a_worktree_is_a_checkout_like_any_other(root: Path, tmp_path: Path) -> None:
    committed(root)
    git(root, "worktree", "add", "-q", str(tmp_path / "tree"))
    assert paths(scanned(tmp_path / "tree")) == ALL


@pytest.mark.parametrize(
    ("kept", "named", "mend"),
    [
        (("--cone", "remote_payload"), "there is no csrc/ in", "git sparse-checkout add csrc"),
        (
            ("--cone", "remote_payload", "csrc/ptx"),
            "csrc/attention/api.cu (a source of its own) is left out by this sparse checkout",
            "git checkout --ignore-skip-worktree-bits -- csrc/attention/api.cu",
        ),
        (
            ("--no-cone", "/*", "!mask.cuh"),
            "csrc/attention/mask.cuh (csrc/attention/api.cu needs it) is left out by this sparse",
            "git checkout --ignore-skip-worktree-bits -- csrc/attention/mask.cuh",
        ),
    ],
)
def test_what_a_sparse_checkout_keeps_off_the_disk_is_named_and_the_mend_works(
    root: Path, kept: tuple[str, ...], named: str, mend: str
) -> None:
    committed(root)
    git(root, "sparse-checkout", "set", *kept)
    error = refusal(root)
    assert named in error.message
    assert "sparse checkout" in error.message
    assert mend in error.hint
    git(root, *mend.split()[1:])
    assert named.partition(" ")[0] in (*paths(sources.scan(root)), "there")


ASKS = """
import os, sys
from pathlib import Path
from orchestrator.sync import sources
from orchestrator.errors import UsageError
if os.geteuid() == 0:
    os.setuid(65534)
try:
    sources.scan(Path(sys.argv[1]))
except UsageError as error:
    print(error.message, "|", error.hint)
"""


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A temporary folder that every user may enter."""
    place = Path(tempfile.mkdtemp(prefix="sources-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.mark.parametrize("part", [".", "csrc", "csrc/attention"])
@pytest.mark.parametrize("kind", ["new", "tracked", "no git"])
@pytest.mark.parametrize("mode", [0, 0o400])
def test_an_unreadable_folder_is_an_error_and_no_empty_folder(
    open_place: Path, part: str, kind: str, mode: int
) -> None:
    """As a user whom modes hold back: root may read everything."""
    root = open_place / "project"
    write(root, FILES)
    if kind != "no git":
        git(root, "init", "-q")
    if kind == "tracked":
        git(root, "add", "-A")
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "65534", str(root)], check=True)
    (root / part).chmod(mode)
    words = [sys.executable, "-c", ASKS, str(root)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    (root / part).chmod(0o755)
    assert done.stdout.startswith("cannot read "), done.stderr
    assert part in done.stdout
    assert "readable" in done.stdout


def test_an_unreadable_folder_that_is_ignored_is_nobodys_business(root: Path) -> None:
    git(root, "init", "-q")
    (root / ".gitignore").write_text("out/\n")
    write(root, {"csrc/out/x.o": ""})
    (root / "csrc/out").chmod(0)
    try:
        assert paths(scanned(root)) == ALL
    finally:
        (root / "csrc/out").chmod(0o755)
