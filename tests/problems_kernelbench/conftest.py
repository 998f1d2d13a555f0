"""Problems in the form of KernelBench, as a host has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.workflows.own import Beside
from tests.cli.conftest import builds, project
from tests.laid_out import LaidOut

__all__ = ["builds", "project"]

PROBLEMS = Path(__file__).parents[1] / "problems" / "kernelbench"


@pytest.fixture
def problem(tmp_path: Path) -> Any:
    """Write a problem and candidates of one's own, by name; the problem laid out."""

    def write(text: str, name: str = "1_mine.py", **candidates: str) -> LaidOut:
        folder = tmp_path / "of the user"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        for candidate, body in candidates.items():
            (folder / f"{candidate}.py").write_text(body)
        beside = Beside(submissions=tuple(folder / f"{one}.py" for one in candidates))
        return LaidOut.of(tmp_path, folder / name, beside)

    return write
