"""Each eye sees its fault on a page that has it, and nothing on one that has not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser import eyes
from tests.browser.conftest import Look
from tests.browser.faulty import BAD, LINE, QUIET, page, svg, text
from tests.browser.opened import DRESSES, Dress, Window

GOOD = (Path(__file__).parent / "example.html").read_text("utf-8")


@pytest.mark.parametrize("fault", BAD)
def test_a_fault_is_seen(fault: str, look: Look) -> None:
    eye, dress, html, told = BAD[fault]
    at = look(html)
    at.put_on(dress)
    found = eye(at)
    assert [each for each in found if told in each], found


@pytest.mark.parametrize("what", QUIET)
def test_what_is_right_is_let_be(what: str, look: Look) -> None:
    eye, dress, html = QUIET[what]
    at = look(html)
    at.put_on(dress)
    assert eye(at) == ()


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.name)
def test_no_eye_finds_fault_with_a_good_page(dress: Dress, look: Look) -> None:
    at = look(GOOD)
    at.put_on(dress)
    for eye in (*eyes.IN_ANY, *eyes.IN_EACH, *eyes.AT_LAST):
        assert eye(at) == ()


def test_every_eye_is_tried_on_a_bad_page() -> None:
    tried = {eye for eye, *_ in BAD.values()}
    assert tried == {*eyes.IN_ANY, *eyes.IN_EACH, *eyes.AT_LAST, eyes.broken_print}


def test_one_load_is_enough_for_all_eyes_in_all_dresses(look: Look) -> None:
    assert eyes.findings(look(GOOD)) == ()


def test_what_one_page_did_is_not_laid_to_the_next(look: Look) -> None:
    bad = look(page("<script src='http://127.0.0.1:9/x.js'></script><script>gone()</script>"))
    assert eyes.requests(bad)
    assert eyes.console_errors(bad)
    good = look(GOOD)
    assert (*eyes.requests(good), *eyes.console_errors(good)) == ()


MUTATIONS: dict[str, tuple[Callable[[str], str], str]] = {
    "pale in the dark alone": (lambda html: html.replace("#9198a1", "#333333"), "(dark)"),
    "folded and small": (
        lambda html: html.replace("<p>It is folded", "<p style='font-size: 9px'>It is folded"),
        "(light, dark, narrow, print, print-dark)",
    ),
    "too wide for a telephone alone": (
        lambda html: html.replace('<h2>Words', '<h2 style="width: 500px">Words'), "(narrow)",
    ),
    "folded on paper": (lambda html: html.replace("details::details-content", "x"), "(print, print-dark)"),
    "printed by who likes it dark": (lambda html: html.replace("screen and ", ""), "(print-dark)"),
}  # fmt: skip


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_finding_names_the_dresses_in_which_it_is_seen(mutation: str, look: Look) -> None:
    change, dresses = MUTATIONS[mutation]
    html = change(GOOD)
    assert html != GOOD
    found = eyes.findings(look(html))
    assert found
    assert all(each.endswith(dresses) for each in found), found


def test_a_drawing_may_be_the_whole_page(window: Window, tmp_path: Path) -> None:
    file = tmp_path / "chart.svg"
    file.write_text(svg(text("sdpa"), text("sparsek", 40, 104, "font-size='9'")), "utf-8")
    found = eyes.findings(window.show(file))
    for told in ("“sdpa” and “sparsek” touch", "written in 9.0 px", "has no <title>"):
        assert [each for each in found if told in each], found


def test_a_drawing_in_a_file_of_its_own_is_looked_into(look: Look, tmp_path: Path) -> None:
    (tmp_path / "a b.svg").write_text(svg(LINE, text("sdpa", 20, 55)), "utf-8")
    found = eyes.findings(look(page("<img alt='A chart' src='a%20b.svg'>")))
    assert [each for each in found if "runs into the label “sdpa”" in each], found
