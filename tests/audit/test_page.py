"""The example on docs/audit.md is what the command prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.cli.app import run

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


def test_that_the_example_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = PAGE.read_text("utf-8")
    (table,) = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    (printed,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("l4_attention.csv").write_text(table, "utf-8")
    assert run(["audit", "l4_attention.csv"]) == 1
    assert capsys.readouterr().out == printed
