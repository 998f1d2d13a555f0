"""The command line in a folder that is not the project's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from tests.cli.conftest import Outcome
from tests.providers.places import EXAMPLES, REPOSITORY

# The build stage of a run compiles csrc/; here that is to cost nothing.
CSRC = 'extern "C" int nothing() { return 0; }\n'


@pytest.fixture
def elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """`orchestrator …` with a copy of the examples where one stands; the project is another folder."""
    root = tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "remote_payload", root / "remote_payload", ignore=ignored)
    (root / "csrc").mkdir()
    (root / "csrc" / "nothing.cu").write_text(CSRC)
    (root / "inventory.yaml").write_text(
        "default: local\nhosts:\n  local:\n    transport: local\n"
        f"    workspace: {json.dumps(str(tmp_path / 'work'))}\n"
    )
    shutil.copytree(EXAMPLES, tmp_path / "mine", ignore=ignored)
    monkeypatch.chdir(tmp_path / "mine")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    def orchestrator(verb: str, *arguments: str) -> Outcome:
        capsys.readouterr()
        code = run(("--inventory", str(root / "inventory.yaml"), verb, *arguments))
        seen = capsys.readouterr()
        return Outcome(int(code), seen.out, seen.err)

    return orchestrator
