"""CSV of histories and of lists of runs, whose names come from anywhere."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.store.runs.run_store import CARD
from remote_payload.contract import codec
from tests.cli.comparing import MADE
from tests.cli.comparing import store as store_run
from tests.history.made import Made, store
from tests.report import synthetic

FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs of a case, on a machine and with a note that would be formulas."""
    monkeypatch.chdir(tmp_path)
    store(tmp_path / "runs", [Made(commit, 1.2, "-1+2", case=FORMULA) for commit in range(12)])
    store_run(tmp_path, MADE, synthetic.cpu_result())
    card = replace(synthetic.run(None).card, run_id=MADE, note="@SUM(1)")
    (tmp_path / "runs" / MADE / CARD).write_text(codec.dumps(card))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "told"),
    [("history mine --csv", {f"'{FORMULA}", "'-1+2"}), ("runs list --csv", {"'@SUM(1)"})],
)
def test_no_cell_is_a_formula(
    place: Path, words: str, told: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--runs", "runs", *words.split()]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    cells = {one for row in rows for one in row}
    assert told <= cells
    assert not [one for one in cells if one.startswith(("=", "+", "-", "@", "\t"))]
