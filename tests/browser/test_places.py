"""How far down things stand, and how Markdown looks on GitHub."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import Look
from tests.browser.github import as_on_github, shown
from tests.browser.opened import Window
from tests.browser.pages import example_on_github
from tests.browser.places import Places, places

SHEET = """<!DOCTYPE html><style>* { margin: 0 } p, td, th, table { line-height: 20px }</style>
<table style="height: 100px"><tr><th>GPU</th></tr></table>
<details><summary style="height: 50px">More</summary>
<table><tr><th>Folded µs</th></tr></table></details>
<svg width="16" height="16" style="display: block; height: 50px"></svg>
<table style="height: 100px"><tr><th>Total µs</th></tr></table>
<p style="height: 100px">What holds it back: nothing.</p>
<svg width="300" height="150" style="display: block"></svg>
"""


def test_places_are_pixels_below_the_top(look: Look) -> None:
    page = look(SHEET)
    found = places(page)
    assert found == Places(height_px=800, timings_px=200, bottleneck_px=300, chart_px=400)
    with page.unfolded():
        assert places(page).timings_px == 150


def test_what_is_not_there_has_no_place(look: Look) -> None:
    found = places(look("<!DOCTYPE html><table><tr><th>GPU</th></tr></table><p>a bottle</p>"))
    assert (found.timings_px, found.bottleneck_px, found.chart_px) == (None, None, None)


def test_github_aligns_columns_folds_details_and_scales_charts(
    window: Window, tmp_path: Path
) -> None:
    page = window.show(example_on_github(tmp_path))
    cells = "[...document.querySelectorAll('td')].map(td => getComputedStyle(td).textAlign)"
    assert [each.removeprefix("-webkit-") for each in page.ask(cells)] == ["left", "right"]
    assert not page.ask("document.querySelector('li').checkVisibility()")
    with page.unfolded():
        assert page.ask("document.querySelector('li').checkVisibility()")
    assert page.ask("document.title") == "Markdown without a fault"
    found = places(page)
    assert found.timings_px
    assert found.chart_px
    assert found.timings_px < found.chart_px


def test_github_drops_what_would_restyle_or_run() -> None:
    raw = "<p class='a' style=\"color: red\" onclick=x align=right>text</p>\n<style>p {}</style>\n"
    assert shown(raw) == "<p align=right>text</p>\n\n"


def test_github_names_headings_and_counts_those_of_one_name(window: Window, tmp_path: Path) -> None:
    body = shown("## What holds it back?\n\n## A/A & `x_y`\n\n### What holds it back?\n")
    assert [part.split('"')[0] for part in body.split('id="')[1:]] == [
        "what-holds-it-back", "aa--x_y", "what-holds-it-back-1",
    ]  # fmt: skip
    page = window.show(as_on_github(tmp_path, "no heading", {}))
    assert page.ask("document.title") == "Markdown"
