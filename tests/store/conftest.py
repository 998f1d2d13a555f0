"""Project trees, with and without git."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.trees import Tree, git


@pytest.fixture
def plain(tmp_path: Path) -> Tree:
    """Write files: plain({path: text}); csrc/ and remote_payload/ are always there."""

    def write(files: dict[str, str]) -> Path:
        root = tmp_path / "project"
        for path, text in {"csrc/a.cu": "A", "remote_payload/b.py": "B", **files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return root

    return write


@pytest.fixture(params=["git", "walk"])
def tree(request: pytest.FixtureRequest, plain: Tree) -> Tree:
    """As plain, once in a git checkout and once outside of one: both must see the same."""

    def write(files: dict[str, str]) -> Path:
        root = plain(files)
        if request.param == "git":
            git(root, "init", "-q")
        return root

    return write
