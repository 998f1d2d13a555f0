"""Each example has a short page, whose commands are taken as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples.conftest import EXAMPLES, PAGES, Reader, blocks

MOST_LINES = 60
_LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def test_that_the_index_names_every_example() -> None:
    linked = set(_LINK.findall((EXAMPLES / "README.md").read_text("utf-8")))
    assert {f"{page.parent.name}/README.md" for page in PAGES} <= linked
    assert {"softmax.py", "norms.py", "providers"} <= linked


@pytest.mark.parametrize("page", [EXAMPLES / "README.md", *PAGES], ids=lambda p: p.parent.name)
def test_that_a_page_is_short_and_links_to_what_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    for target in _LINK.findall(text):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.parent.name)
def test_that_every_command_of_a_page_is_taken(reader: Reader, page: Path) -> None:
    reader.project.inventory(
        "hosts:\n  local: {transport: local}\n  h100: {transport: local, env: {A: b}}\n"
    )
    taken = [one for block in blocks(page) for one in reader.types(block, "--dry-run")]
    assert len(taken) >= 2
    for outcome in taken:
        assert outcome.code == 0, outcome.err
