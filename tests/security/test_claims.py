"""docs/security.md names a test for each claim; here each of them is looked up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "security.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))
ROW = re.compile(r"^\| (?!claim|---)(.+?) \| (.+) \|$", re.MULTILINE)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_named_by_the_threat_model_exists(file: str, name: str) -> None:
    assert f"\ndef {name}(" in (TESTS / file).read_text("utf-8")


def test_every_claim_of_the_tables_names_a_test() -> None:
    rows = ROW.findall(PAGE)
    assert len(rows) >= 20
    assert [claim for claim, tests in rows if "::test_" not in tests] == []
