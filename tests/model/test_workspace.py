"""Where things lie under a workspace."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from orchestrator.values.workspace import Workspace

HOME = Workspace(PurePosixPath("~/.cache/blackwell-sparsek"))


def test_everything_lies_under_the_root() -> None:
    assert str(HOME.snapshot("abc")) == "~/.cache/blackwell-sparsek/snapshots/abc"
    assert str(HOME.builds) == "~/.cache/blackwell-sparsek/builds"
    assert str(HOME.job("20261122-101530-h100-bench")).endswith("/jobs/20261122-101530-h100-bench")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc"])
def test_a_name_cannot_step_out_of_its_folder(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name something"):
        HOME.job(name)
