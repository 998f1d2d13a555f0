"""A folder with runs in it, and a command line that works there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from remote_payload.contract.result import Result
from tests.cli.comparing import MADE, store
from tests.cli.conftest import Outcome, builds, project

__all__ = ["builds", "project"]

Stored = Callable[..., Outcome]


@pytest.fixture
def offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Stored:
    """Store a result as a run, if there is one, then run a command that needs no host."""
    monkeypatch.chdir(tmp_path)

    def act(result: Result | None, *arguments: str) -> Outcome:
        if result is not None:
            store(tmp_path, MADE, result)
        capsys.readouterr()
        code = run(["--runs", "runs", *arguments])
        seen = capsys.readouterr()
        return Outcome(int(code), seen.out, seen.err)

    return act
