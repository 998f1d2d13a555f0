"""Operator files of a user's, in a folder that is not the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import builds, project

__all__ = ["builds", "op", "project"]

AXES = 'axes = {"M": 32, "N": 64}\n'
INPUTS = "def inputs(M, N, dtype): return torch.randn(M, N, dtype=dtype)\n"
REFERENCE = "def reference(x): return torch.softmax(x, -1)\n"
GOOD = "import torch\n" + AXES + INPUTS + REFERENCE

Write = Callable[..., Path]


@pytest.fixture
def op(tmp_path: Path) -> Write:
    """Write the text of an operator's file; its path."""

    def write(text: str, name: str = "op.py") -> Path:
        path = tmp_path / "of the user" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write
