"""An example's folder as a user has it, and what its page says to type."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from remote_payload.contract import codec
from remote_payload.contract.result import Result
from tests.cli.conftest import REPOSITORY, Outcome, Project, builds, project

__all__ = ["builds", "project"]

EXAMPLES = REPOSITORY / "examples"
PAGES = sorted(EXAMPLES.glob("*/README.md"))


def blocks(page: Path) -> list[str]:
    """Its blocks of commands, each a program's text for the shell."""
    return re.findall(r"^```console\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Reader:
    """Somebody in a project that holds the examples, who types what a page says."""

    project: Project

    def types(self, block: str, *more: str) -> list[Outcome]:
        """What each command of orchestrator gave, with `more` behind it; typed where the project is."""
        outcomes = []
        os.chdir(self.project.root)
        for line in (line.removeprefix("$ ") for line in block.splitlines() if line[:2] == "$ "):
            words = shlex.split(line, comments=True)
            if words[0] == "cd":
                os.chdir(words[1])
            elif words[0] == "orchestrator":
                outcomes.append(self.project.orchestrator(*words[1:], *more))
        return outcomes

    def told(self, example: str, *more: str) -> tuple[int, Result]:
        """What the first block of an example's page came to: exit code and result."""
        (outcome,) = self.types(blocks(EXAMPLES / example / "README.md")[0], *more, "--json")
        assert outcome.out, outcome.err
        return outcome.code, codec.decode(Result, outcome.json["result"])


@pytest.fixture
def reader(project: Project, monkeypatch: pytest.MonkeyPatch) -> Reader:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(EXAMPLES, project.root / "examples", ignore=ignored)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return Reader(project)
