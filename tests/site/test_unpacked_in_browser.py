"""What is packed in a page of a run, in a real browser, from its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.report.site.packed import packed
from tests.browser.opened import Opened, Window, windowed
from tests.index.kept import Runs
from tests.site.made import PACKED, Kept, inside, seen, slower

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RUN = "20261124-101530-h100-profile"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run of six cases by two methods."""
    kept = Kept(Runs(tmp_path_factory.mktemp("of") / "runs"), tmp_path_factory.mktemp("site"))
    kept.runs.home(RUN, slower(1.0))
    kept.make()
    return kept.site / "runs" / f"{RUN}.html"


@pytest.fixture
def window(browser: Browser) -> Iterator[Window]:
    with windowed(browser) as window:
        yield window


def number(page: Opened, of: str) -> int:
    return page.page.locator(of).count()


def test_all_of_it_comes_back_and_nothing_is_asked_of_anybody(file: Path, window: Window) -> None:
    page, whole = window.show(file), seen(file)
    assert page.errors == []
    assert [one for one in page.asked if not one.startswith("file:")] == []
    for tag in ("table", "svg", "details", "pre", "text", "pattern"):
        assert number(page, f"main {tag}") == whole.tags.count(tag) > 0, tag
    assert number(page, "svg:empty, [data-packed]") == 0
    assert page.ask("[...document.querySelectorAll('main svg, main svg *')]"
                    ".every(one => one instanceof SVGElement)")  # fmt: skip
    names = page.ask("[...document.querySelectorAll('svg')]"
                     ".map(one => document.getElementById(one.getAttribute('aria-labelledby')"
                     ".split(' ')[0]).textContent)")  # fmt: skip
    assert len(set(names)) == whole.tags.count("svg")


def test_a_table_of_a_fold_is_sorted_and_copied(file: Path, window: Window) -> None:
    page = window.show(file)
    fold = page.page.locator("details", has_text="Every timing in full").first
    fold.locator("summary").first.click()
    case = "(t) => [...t.tBodies[0].rows].map(r => r.cells[2].textContent)"
    table = fold.locator("table").first
    heads = table.locator("th button")
    assert heads.count() == table.locator("th").count()
    heads.nth(2).click()
    figures = [float(one.split()[0]) for one in table.evaluate(case)]
    assert figures == sorted(figures)
    assert fold.get_by_role("button", name="copy table").count() == fold.locator("table").count()


def test_paper_shows_it(file: Path, window: Window) -> None:
    page = window.show(file)
    page.ask("dispatchEvent(new Event('beforeprint'))")
    assert page.page.locator("details table").last.is_visible()


def test_a_browser_that_cannot_unpack_it_says_so_and_what_to_do(file: Path, window: Window) -> None:
    window.page.add_init_script("delete window.DecompressionStream")
    page = window.show(file, is_unpacked=False)
    said = page.page.locator("[data-packed]")
    said.wait_for(state="visible")
    assert f"orchestrator report {RUN} --html" in said.inner_text()
    assert page.page.locator("summary").first.is_visible()
    assert page.errors == []


def test_without_script_the_page_says_so_too(browser: Browser, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    try:
        page = context.new_page()
        page.goto(file.as_uri())
        assert page.locator("[data-packed]").is_visible()
        assert page.locator("main svg text").first.is_visible()
    finally:
        context.close()


def test_no_script_that_is_packed_is_carried_out(
    file: Path, window: Window, tmp_path: Path
) -> None:
    """The policy holds where the gate would fail, inside too."""
    hostile = "<script>document.title = 'carried out'</script><img src=x onerror=\"document.title = 'too'\">"
    whole = file.read_text()
    found = PACKED.search(whole)
    assert found
    told = packed(f"<details><summary>a</summary>{inside(found[1])}{hostile}</details>").inside
    copied = file.with_name("hostile.html")
    copied.write_text(whole.replace(found[1], told))
    page = window.show(copied)
    assert number(page, "main script, main img") == 2
    assert page.ask("document.title") not in ("carried out", "too")
    copied.unlink()
