"""CSV that a spreadsheet takes for text where it is text, and for figures where it is figures."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from orchestrator.values.spreadsheet.cells import cell, csv_lines

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "-1+2",
    "+1",
    "\tx",
    "\r=1",
    "\n=1",
    "  =1",
    '"=1',
    "'=1",
    "\u00a0=1",
    "＝1",
    "\u22121+2",
)
HARMLESS = ("mine", "a=b", "1-2", "B=16 H=96 fp16", "sdpa@1a2b3c4", "", "5 - 3", "µs/head", "—")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_would_be_a_formula_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [*HARMLESS, -1.5, 1e-9, -3, 0, None])
def test_a_figure_and_text_that_is_no_formula_stay_as_they_are(value: str | float | None) -> None:
    assert cell(value) == value


def test_a_table_is_read_back_as_it_was_written() -> None:
    texts = (*HOSTILE, *HARMLESS, 'a,"b"\nc', "a\rb")
    text = csv_lines([("name", "median_us"), *((one, -0.1) for one in texts)])
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert [name for name, _ in read[1:]] == [cell(one) for one in texts]
    assert [float(figure) for _, figure in read[1:]] == [-0.1] * len(texts)


def test_figures_have_all_their_digits() -> None:
    (line,) = csv.reader(io.StringIO(csv_lines([(0.1 + 0.2, 1 / 3, None, 7)])))
    assert [float(line[0]), float(line[1]), line[2], line[3]] == [0.1 + 0.2, 1 / 3, "", "7"]


def test_csv_is_written_in_one_place() -> None:
    """Another writer would know nothing of formulas."""
    writes = re.compile(r"csv\.(?:writer|DictWriter)")
    found = [
        path.name
        for path in (ROOT / "orchestrator").rglob("*.py")
        if writes.search(path.read_text())
    ]
    assert found == ["cells.py"]
