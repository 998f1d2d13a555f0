"""The report as one page, in a real browser: what it does when somebody uses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.report.render import render
from tests.browser.opened import NARROW, Opened, Window
from tests.browser.pages import PAGES
from tests.browser.places import places
from tests.report import synthetic

Look = Callable[[str], Opened]
TIMES = "h2 + .wide table"


@pytest.fixture(scope="module")
def html() -> str:
    return render(synthetic.run(synthetic.gpu_result())).html


def column(page: Opened, place: int) -> list[str]:
    found: list[str] = page.page.eval_on_selector(
        TIMES, "(t, n) => [...t.tBodies[0].rows].map(r => r.cells[n].textContent)", place
    )
    return found


@pytest.mark.parametrize("name", ["report", "report-on-github"])
def test_the_first_page_answers(name: str, window: Window, tmp_path: Path) -> None:
    """First timing, what holds it back, and all of it with its folds shut, 1,200 px wide."""
    found = places(window.show(PAGES[name].build(tmp_path)))
    assert found.timings_px is not None
    assert found.timings_px <= 900
    assert found.bottleneck_px is not None
    assert found.bottleneck_px <= 600
    assert found.height_px <= 2400


def test_a_table_is_sorted_by_any_column_by_its_figures(html: str, look: Look) -> None:
    page = look(html)
    heads = page.page.locator(f"{TIMES} th button")
    speeds = [float(one.partition("×")[0]) for one in column(page, 3)]
    heads.nth(3).click()
    assert [float(one.partition("×")[0]) for one in column(page, 3)] == sorted(speeds)
    assert page.page.locator(f"{TIMES} th").nth(3).get_attribute("aria-sort") == "ascending"
    heads.nth(0).click()
    assert column(page, 0) == ["8", "16", "32", "64", "96", "128"]
    heads.nth(0).press("Enter")
    assert column(page, 0) == ["128", "96", "64", "32", "16", "8"]
    assert page.page.locator(f"{TIMES} th[aria-sort]").count() == 1


def test_raw_values_are_copied_and_no_spreadsheet_takes_one_for_a_formula(
    look: Look, html: str
) -> None:
    formulas = {"32": '"=1+cmd|x', "64": "\uff1d1+cmd|x", "96": "=1+cmd|x"}
    hostile = html
    for heads, formula in formulas.items():
        hostile = hostile.replace(f">{heads}</td>", f">{formula}</td>", 1)
    page = look(hostile)
    copied: list[str] = []
    page.page.expose_function("noted", lambda text: copied.append(text))
    page.page.evaluate(
        "Object.defineProperty(navigator, 'clipboard',"
        " {value: {writeText: async (text) => noted(text)}, configurable: true})"
    )
    page.page.locator(f".wide:has({TIMES.split()[-1]}) + .copy").first.click()
    page.page.get_by_role("button", name="copied").wait_for()
    rows: list[list[str]] = [line.split("\t") for line in copied[0].splitlines()]
    assert rows[0][:2] == ["Heads", "sdpa, µs/head"]
    assert float(rows[1][1]) == pytest.approx(4.642, abs=0.001)
    assert len(rows[1][1]) > 8
    assert [row[0] for row in rows[3:6]] == [f"'{formula}" for formula in formulas.values()]


def test_paper_shows_what_is_folded(html: str, look: Look) -> None:
    page = look(html)

    def shown() -> Any:
        return page.ask("document.querySelectorAll('details[open]').length")

    assert shown() == 0
    page.ask("dispatchEvent(new Event('beforeprint'))")
    assert shown() == page.ask("document.querySelectorAll('details').length")
    page.ask("dispatchEvent(new Event('afterprint'))")
    assert shown() == 0


def test_a_wide_table_scrolls_by_itself_on_a_phone(html: str, look: Look) -> None:
    page = look(html)
    page.put_on(NARROW)
    assert page.ask("document.documentElement.scrollWidth") == NARROW.width_px


def test_a_page_opens_from_a_file_whose_name_is_odd(
    html: str, tmp_path: Path, window: Window
) -> None:
    file = tmp_path / "a report #1 %20?.html"
    file.write_text(html)
    assert window.show(file).ask("document.title").startswith("sparsek is FASTER")
