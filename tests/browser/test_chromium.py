"""Where a Chromium is looked for, and what it is to be without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import chromium

ROOT = Path(__file__).parents[2]
A_TEST = "tests/browser/test_eyes.py::test_one_load_is_enough_for_all_eyes_in_all_dresses"


@pytest.mark.parametrize(
    ("ci", "outcome", "status"), [("", "1 skipped", 0), ("true", "1 error", 1)]
)
def test_a_developer_may_be_without_a_browser_but_the_gate_may_not(
    ci: str, outcome: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if chromium.program():
        pytest.skip("this browser is found without PATH")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", A_TEST],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in ended.stdout
    assert ".ci/prepare installs one" in ended.stdout
    assert ended.returncode == status


def test_what_is_looked_for_is_what_gets_installed() -> None:
    prepare = (ROOT / ".ci/prepare").read_text("utf-8")
    assert all(f"has {name} " in prepare for name in chromium.NAMES)
