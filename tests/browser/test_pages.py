"""The pages that people get: without fault in every dress, and as their pictures show them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import eyes
from tests.browser.opened import DRESSES, LIGHT, PRINT, Window
from tests.browser.pages import PAGES
from tests.browser.screenshots import HIGHEST_PX, IMAGES, LARGEST_BYTES, amiss, measured, taken

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EXAMPLE = PAGES["example"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_without_fault(name: str, window: Window, tmp_path: Path) -> None:
    page = window.show(PAGES[name].build(tmp_path))
    assert eyes.findings(page, PAGES[name].dresses) == ()


def test_the_pictures_of_the_documents_are_those_of_our_pages(browser: Browser) -> None:
    """Renew them with `python -m tests.browser.screenshots`."""
    assert amiss(browser, IMAGES, PAGES) == ()


def test_a_page_is_pictured_in_each_dress_no_higher_than_a_screen_or_two(
    browser: Browser, tmp_path: Path
) -> None:
    files = taken(browser, "a", EXAMPLE, DRESSES, tmp_path)
    assert [file.name for file in files] == [f"a-{dress.name}.png" for dress in DRESSES]
    for file, dress in zip(files, DRESSES, strict=True):
        wide, high = measured(file.read_bytes())
        assert wide == dress.width_px
        assert 400 < high <= HIGHEST_PX
        assert file.stat().st_size < LARGEST_BYTES
    light, dark, narrow, printed, _ = (file.read_bytes() for file in files)
    assert len({light, dark, narrow, printed}) == 4


def test_what_is_wrong_with_pictures_is_told(browser: Browser, tmp_path: Path) -> None:
    pages = {"a": replace(EXAMPLE, pictured=(LIGHT, PRINT))}
    light, printed = taken(browser, "a", EXAMPLE, pages["a"].pictured, tmp_path)
    assert amiss(browser, tmp_path, pages) == ()
    good = light.read_bytes()
    light.write_bytes(printed.read_bytes())
    printed.write_bytes(good + bytes(LARGEST_BYTES))
    (tmp_path / "b-light.png").write_bytes(good)
    other, heavy, none = amiss(browser, tmp_path, pages)
    assert other.startswith("a-light.png is 718 × ")
    assert heavy.endswith("bytes, where 250,000 are the most")
    assert none == "b-light.png is a picture of no page"
    light.unlink()
    assert amiss(browser, tmp_path, pages)[0] == "a-light.png is not there"
