"""A hint about sources that would not travel is pasted where it was printed, and helps."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.sync import sources
from tests.store.project_tree import committed, refusal, root, write
from tests.store.test_input_rules import add_submodule
from tests.store.trees import git, paths

__all__ = ["root"]

API, MASK = "csrc/attention/api.cu", "csrc/attention/mask.cuh"


def _odd_name(root: Path, name: str) -> str:
    git(root.parent, "init", "-q")
    write(root, {f"csrc/attention/{name}": ""})
    (root.parent / ".gitignore").write_text("my*\n")
    return f"csrc/attention/{name}"


def _ignored_in_a_submodule(root: Path) -> str:
    add_submodule(root, "csrc/attention", "*.cu")
    write(root, {"csrc/attention/new one.cu": ""})
    return "csrc/attention/new one.cu"


def _marked_in_a_submodule(root: Path) -> str:
    add_submodule(root, "csrc/attention", "")
    git(root / "csrc/attention", "update-index", "--skip-worktree", "api.cu")
    (root / API).unlink()
    return API


def _marked_by_hand(root: Path) -> str:
    committed(root)
    git(root, "update-index", "--skip-worktree", API, MASK, "csrc/ptx/warp.cuh")
    shutil.rmtree(root / "csrc")
    return API


def _left_out_by_rules(root: Path) -> str:
    committed(root)
    git(root, "sparse-checkout", "set", "--cone", "remote_payload")
    return API


def _behind_a_link(root: Path) -> str:
    (root / "csrc").rename(root / "kernels")
    (root / "csrc").symlink_to("kernels")
    git(root.parent, "init", "-q")
    (root.parent / ".gitignore").write_text("api.cu\n")
    return API


@pytest.mark.parametrize("inside", [".", "remote_payload/deep", ".."])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda root: _odd_name(root, "my own.cu"),
        lambda root: _odd_name(root, "my $(own)';`x`.cu"),
        lambda root: _odd_name(root, "my\nown\x1b[31m.cu"),
        _ignored_in_a_submodule,
        _marked_in_a_submodule,
        _marked_by_hand,
        _left_out_by_rules,
        _behind_a_link,
    ],
    ids=[
        "a space", "shell", "escapes", "ignored in a submodule", "marked in a submodule",
        "marked by hand", "sparse by rules", "behind a link",
    ],
)  # fmt: skip
def test_the_hint_pasted_where_it_was_printed_lets_the_source_travel(
    root: Path, spoil: Callable[[Path], str], inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = spoil(root)
    (root / inside).mkdir(exist_ok=True)
    monkeypatch.chdir(root / inside)
    hint = refusal(root).hint
    line = hint[hint.index("`") + 1 : hint.rindex("`")]
    assert line.startswith("git ")
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}: {done.stderr}"
    assert path in paths(sources.scan(root))
