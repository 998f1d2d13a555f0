"""A repository of a user's, with two providers and an operator in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import builds, project

__all__ = ["Repository", "builds", "project", "repository"]

OPERATOR = """
import torch
axes = {"M": 16, "N": 64}
def inputs(M, N, dtype): return torch.randn(M, N, dtype=dtype)
def reference(x): return torch.softmax(x, -1)
"""
QUICK = "import torch\ndef soft(x): return torch.softmax(x, -1)\n"
SLOW = "import time, torch\ndef soft(x):\n    time.sleep(0.1)\n    return torch.softmax(x, -1)\n"
MINE = "import part\ndef softmax(x): return part.soft(x)\n"


class Repository:
    """root: of the checkout. commit: write files by their paths, and commit all that is there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(self.root), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            place = self.root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    def commit(self, files: dict[str, str]) -> str:
        """The commit, as a provider's name shows it."""
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-qm", "step")
        return self.git("rev-parse", "HEAD")[:7]


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[], Repository]:
    """Made when it is called, of two commits: the second one slows what mine.py imports."""

    def made() -> Repository:
        found = Repository(tmp_path / "of the user")
        same = {"k/same.py": QUICK, "k/mine.py": MINE, "op.py": OPERATOR}
        found.commit({**same, "k/part.py": QUICK})
        found.commit({"k/part.py": SLOW})
        return found

    return made
