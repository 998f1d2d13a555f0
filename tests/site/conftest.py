"""A few runs, and where their site will lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import browser as browser
from tests.index.kept import Runs
from tests.site.made import FIRST, SECOND, THIRD, Kept


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """No runs yet."""
    return Kept(Runs(tmp_path / "runs"), tmp_path / "site")


@pytest.fixture
def three(kept: Kept) -> Kept:
    """Three runs of one kind."""
    for name in (FIRST, SECOND, THIRD):
        kept.runs.home(name)
    return kept
