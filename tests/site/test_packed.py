"""Packed is what a page does not show at first, and unpacked it is the same page."""

from __future__ import annotations

import pytest

from orchestrator.report.render import render
from orchestrator.report.site.lean import lean
from orchestrator.report.site.packed import Packed, packed
from tests.report import synthetic
from tests.site.made import FIRST, Kept, unpacked


def again(of: Packed) -> str:
    """What a browser has in the end."""
    told = f'<p data-packed="{of.inside}">…</p>' if of.inside else ""
    return unpacked(f"<main>{of.first}{told}{of.rest}").removeprefix("<main>")


@pytest.fixture(scope="module")
def body() -> str:
    return lean(render(synthetic.run(synthetic.gpu_result())).body)


def test_a_whole_report_is_the_same_once_it_is_unpacked(body: str) -> None:
    assert again(packed(body)) == body


def test_the_first_page_is_plain_and_so_is_what_folds_are_called(body: str) -> None:
    first, _, rest = body.partition("<details")
    short = packed(body)
    head, _, _ = first.rpartition("<svg")
    assert first.count("<svg") == 2
    assert short.first.startswith(head)
    assert "<details" not in short.first
    assert short.rest.count("<summary>") == rest.count("<summary>")
    assert "<table" not in short.rest


def test_it_is_a_good_deal_shorter(body: str) -> None:
    short = packed(body)
    assert len(f"{short.first}{short.inside}{short.rest}".encode()) < 0.6 * len(body.encode())


@pytest.mark.parametrize(
    "html",
    [
        "<p>a</p><details><summary>b</summary>c<details open><summary>d</summary>e</details>f"
        "</details><p>g</p><details><summary>h</summary></details>",
        '<svg a="1"><title>a</title></svg><svg><g></g></svg><details><summary>b</summary><svg><g>'
        "</g></svg></details><svg><path/></svg>",
        "<p>é</p><details><summary><b>s</b></summary>µ</details>",
    ],
)
def test_folds_in_folds_and_drawings_between_come_back_to_their_places(html: str) -> None:
    short = packed(html)
    assert short.inside
    assert again(short) == html


def test_the_inner_fold_is_packed_with_the_outer_one() -> None:
    short = packed(
        "<details><summary>a</summary><details><summary>b</summary>c</details></details>"
    )
    assert short.rest == "<details><summary>a</summary></details>"


def test_what_has_neither_folds_nor_a_second_drawing_stays_as_it_is() -> None:
    assert packed("<p>a</p><svg><g></g></svg>") == Packed("<p>a</p><svg><g></g></svg>", "", "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "html",
    [
        "<svg></svg><details><summary>a</summary>b</details>",
        "<svg/><details><summary>a</summary>b</details>",
        "<details><summary>a</summary>b</details><details><summary>c</summary>d",
        "</details><details><summary>a</summary>b</details>",
        "<!-- <details>a</details> --><details><summary>a</summary>b</details>",
        "<DETAILS>a</DETAILS><details><summary>a</summary>b</details>",
    ],
)
def test_what_a_browser_would_read_otherwise_stays_as_it_is(html: str) -> None:
    assert packed(html) == Packed(html, "", "")  # type: ignore[arg-type]


def test_the_character_between_two_insides_is_in_none_of_them() -> None:
    html = "<details><summary>a</summary>b\0c</details><details><summary>d</summary>e</details>"
    assert again(packed(html)) == html.replace("\0", "")


def test_the_page_says_how_to_get_the_whole_where_it_cannot_be_unpacked(three: Kept) -> None:
    three.make()
    raw = (three.site / "runs" / f"{FIRST}.html").read_text()
    assert f"<code>orchestrator report {FIRST} --html</code>" in raw
    assert "How to reproduce" in raw
    assert "<h1>" in raw
