"""A site in a real browser, from its files: search, filters, keys, and two runs by their address."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.index.kept import Runs, at
from tests.site.made import FIRST, SECOND, THIRD, Kept, slower

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EARLY, LATE = "20261124-101530-h100-profile", "20261125-101530-h100-profile"
NARROW_PX = 400


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of a CPU, two of a GPU at two commits, and a damaged one."""
    kept = Kept(Runs(tmp_path_factory.mktemp("of") / "runs"), tmp_path_factory.mktemp("site"))
    for name in (FIRST, SECOND, THIRD):
        kept.runs.home(name)
    kept.runs.home(EARLY, slower(1.0), revisions=at("a" * 40))
    kept.runs.home(LATE, slower(1.1), revisions=at("b" * 40))
    kept.runs.home("20261126-101530-h100-check")
    (kept.runs.store.folder("20261126-101530-h100-check") / "result.json").write_text("{half")
    kept.tag(FIRST, "paper")
    kept.make()
    return kept.site


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window; nothing in it may fail, or be asked of a network."""
    context = browser.new_context(offline=True)
    page, wrong = context.new_page(), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: wrong.append(asked.url) if "file:" not in asked.url else None)
    yield page
    context.close()
    assert wrong == []


def listed(page: Page, site: Path, state: str = "") -> list[str]:
    """The runs that the list shows at this address."""
    page.goto(f"{(site / 'index.html').as_uri()}{state}")
    page.reload()
    # No function is waited for: the pages' policy lets nothing be evaluated again and again.
    page.locator("#count:not(:empty)").wait_for(state="attached")
    return shown(page)


def shown(page: Page) -> list[str]:
    return page.locator("#list .name").all_inner_texts()


def count(page: Page) -> str:
    return page.locator("#count").inner_text()


def test_all_runs_are_listed_the_newest_first(page: Page, site: Path) -> None:
    names = listed(page, site)
    assert names == sorted(names, reverse=True)
    assert count(page) == "6 of 6 runs"


def test_what_is_typed_is_looked_for_and_stands_in_the_address(page: Page, site: Path) -> None:
    listed(page, site)
    page.fill("#q", "SPARSEK h=96")
    assert shown(page) == [LATE, EARLY]
    assert count(page) == "2 of 6 runs"
    assert page.url.endswith("#q=SPARSEK%20h%3D96")
    page.fill("#q", "nobody")
    assert "No run fits." in page.locator("#list").inner_text()
    page.keyboard.press("Escape")
    assert count(page) == "6 of 6 runs"
    assert "#" not in page.url


def test_an_address_that_somebody_sent_shows_what_he_saw(page: Page, site: Path) -> None:
    assert listed(page, site, "#tag=paper") == [FIRST]
    assert page.locator("#by-tag").input_value() == "paper"
    assert listed(page, site, "#verb=profile&q=20261124") == [EARLY]
    assert page.locator("#q").input_value() == "20261124"
    assert listed(page, site, f"#commit={'b' * 10}") == [LATE]
    assert listed(page, site, "#status=damaged") == ["20261126-101530-h100-check"]
    assert listed(page, site, "#gpu=NVIDIA%20H100%2080GB%20HBM3") == [LATE, EARLY]
    assert listed(page, site, "#provider=of%20nobody") == []
    assert page.locator("#by-provider").input_value() == "of nobody"


def test_filters_are_chosen_and_taken_back(page: Page, site: Path) -> None:
    listed(page, site)
    page.select_option("#by-verb", "bench")
    assert shown(page) == [THIRD, SECOND, FIRST]
    page.select_option("#by-tag", "paper")
    assert shown(page) == [FIRST]
    assert page.url.endswith("#tag=paper&verb=bench")
    page.click("#clear")
    assert count(page) == "6 of 6 runs"
    assert page.locator("#by-verb").input_value() == ""


def test_a_commit_leads_to_its_runs_and_back(page: Page, site: Path) -> None:
    listed(page, site)
    page.click(f"a.commit:has-text('{'a' * 10}')")
    page.locator("#list li").nth(1).wait_for(state="detached")
    assert shown(page) == [EARLY]
    page.go_back()
    page.locator("#list li").nth(5).wait_for()


def test_keys_alone_search_go_through_the_list_choose_and_open(page: Page, site: Path) -> None:
    listed(page, site)
    page.keyboard.press("/")
    page.keyboard.type("profile")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    assert page.locator("#which").inner_text() == f"{LATE} and {EARLY}"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*.html")
    assert LATE in page.url


def test_two_boxes_lead_to_a_comparison_the_older_one_before(page: Page, site: Path) -> None:
    listed(page, site)
    page.check(f"[aria-label='compare {LATE}']")
    assert not page.locator("#compare").is_visible()
    page.check(f"[aria-label='compare {EARLY}']")
    page.click("#compare")
    page.wait_for_selector("#found")
    assert page.url.endswith(f"compare.html#a={EARLY}&b={LATE}")


def compared(page: Page, site: Path, state: str) -> str:
    page.goto(f"{(site / 'compare.html').as_uri()}{state}")
    page.reload()
    told = "#found:not([hidden]), #said:not(:empty):not(:text-is('…'))"
    page.locator(told).first.wait_for(state="attached")
    return page.locator("main").inner_text()


def test_two_runs_by_their_address_share_rows_with_times_ratios_and_differences(
    page: Page, site: Path
) -> None:
    text = compared(page, site, f"#a={EARLY}&b={LATE}")
    assert "12 baselines" not in text
    rows = page.locator("#rows tbody tr")
    assert rows.count() == 24
    row = rows.filter(has_text="sparsek").filter(has_text=re.compile("H=96 .*back_to_back")).first
    cells = row.locator("td").all_inner_texts()
    assert cells[:3] == ["sparsek", "B=16 H=96 S=512 D=64 fp16", "back_to_back"]
    assert cells[3] == "2.9522 (2.9494–2.9550)"
    assert cells[5] == "+10.0 %"
    assert cells[6].startswith("1.320")
    assert cells[6].endswith("×")
    assert cells[8] == "−9.09 %"
    base = rows.filter(has_text="sdpa").first.locator("td").all_inner_texts()
    assert base[5] == "+0.00 %"


def test_it_judges_nothing_and_says_what_does(page: Page, site: Path) -> None:
    text = compared(page, site, f"#a={EARLY}&b={LATE}")
    assert f"orchestrator compare {EARLY} {LATE}" in text
    assert "this page cannot say" in text
    assert not re.search(r"FASTER|SLOWER|SAME", page.locator("#rows").inner_text())


def test_it_tells_whether_the_machines_are_the_same_and_what_differs(
    page: Page, site: Path
) -> None:
    text = compared(page, site, f"#a={EARLY}&b={LATE}")
    assert "The machines are alike" in text
    facts = page.locator("#facts").inner_text()
    assert "a" * 10 in facts
    assert "b" * 10 in facts
    assert "driver" not in facts
    text = compared(page, site, f"#a={FIRST}&b={LATE}")
    assert "The machines differ" in text
    assert "driver 580.65.06" in page.locator("#facts").inner_text()
    assert "they share no provider" in text


def test_the_last_of_a_kind_is_found_by_that_word(page: Page, site: Path) -> None:
    compared(page, site, f"#a={FIRST}&b=last")
    assert page.locator("#b").input_value() == THIRD


def test_what_is_chosen_stands_in_the_address_and_may_be_swapped(page: Page, site: Path) -> None:
    assert "Choose two runs" in compared(page, site, "")
    page.select_option("#a", FIRST)
    page.select_option("#b", SECOND)
    page.wait_for_selector("#found")
    assert page.url.endswith(f"#a={FIRST}&b={SECOND}")
    page.click("#swap")
    assert page.url.endswith(f"#a={SECOND}&b={FIRST}")


@pytest.mark.parametrize(
    "state", ["#a=..%2F..%2Fx&b=y", "#a=%3Cscript%3E&b=1", "#a=__proto__&b=constructor"]
)
def test_an_address_that_names_no_run_loads_nothing(page: Page, site: Path, state: str) -> None:
    assert "No run here is called" in compared(page, site, state)
    assert page.locator("head script").count() == 0


def test_a_run_without_times_is_told_so(page: Page, site: Path) -> None:
    assert "there are no times of 20261126" in compared(
        page, site, f"#a=20261126-101530-h100-check&b={LATE}"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "file", ["index.html", "compare.html", "history.html", f"runs/{LATE}.html"]
)
def test_no_page_is_wider_than_a_telephone(
    browser: Browser, site: Path, file: str, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": NARROW_PX, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto((site / file).as_uri())
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW_PX
    context.close()


def test_nothing_that_a_page_is_given_is_carried_out_beside_the_sites_own_scripts(
    page: Page, site: Path, tmp_path: Path
) -> None:
    """The policy holds where the gate would fail: a script within the page is refused."""
    copied = tmp_path / "copied"
    shutil.copytree(site, copied)
    file = copied / "runs" / f"{LATE}.html"
    told = "<script>document.title = 'carried out'</script><img src=x onerror=\"document.title = 'too'\">"
    file.write_text(file.read_text().replace("</main>", f"{told}</main>"))
    context = page.context
    other = context.new_page()
    other.goto(file.as_uri())
    assert other.title() not in ("carried out", "too")
