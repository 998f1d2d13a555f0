"""The page that is one file: the same content, its charts in it, nothing from anywhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from orchestrator.report.render import Report, render
from tests.report import synthetic
from tests.report.test_render import CASES, HOSTILE, hostile_result, report_of

# All that a page of ours is made of, and its charts.
OURS = frozenset(
    re.findall(
        r"\w+",
        "html head meta title style body main script h1 h2 h3 p ul ol li strong em code pre div "
        "table thead tbody tr th td figure details summary",
    )
)
SVG = frozenset(
    re.findall(
        r"\w+",
        "svg title desc style defs g path line rect circle polygon polyline text "
        "tspan pattern clippath use",
    )
)
_LOADS = ("src", "href", "srcset", "data", "action", "xlink:href")


@dataclass
class Seen(HTMLParser):
    """The elements, attributes and text of a page."""

    tags: set[str] = field(default_factory=set)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.inside.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.inside):
            self.text.append(data)


def seen(page: str) -> Seen:
    found = Seen()
    found.feed(page)
    found.close()
    return found


def cells(markdown: str) -> Iterator[str]:
    """What the cells of all tables show."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    for token, of in zip(tokens[1:], tokens, strict=False):
        if of.type in ("td_open", "th_open"):
            yield "".join(child.content for child in token.children or ())


def _packed(text: str) -> str:
    """Without blanks, which elements stand for too."""
    return "".join(text.split())


@pytest.mark.parametrize("case", CASES)
def test_all_that_markdown_tells_the_page_tells_too(case: str) -> None:
    report = report_of(case)
    text = _packed("".join(seen(report.html).text))
    missing = [one for one in cells(report.markdown) if _packed(one) not in text]
    assert missing == []


@pytest.mark.parametrize("case", CASES)
def test_the_page_asks_nothing_of_any_network(case: str) -> None:
    page = seen(report_of(case).html)
    loaded = [value for name, value in page.attributes if name in _LOADS]
    assert [value for value in loaded if not value.startswith("#")] == []
    assert "link" not in page.tags
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", report_of(case).html)
    policy = [value for name, value in page.attributes if value.startswith("default-src")]
    assert policy == [
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    ]


@pytest.mark.parametrize("case", CASES)
def test_the_page_holds_every_chart_that_markdown_shows(case: str) -> None:
    report = report_of(case)
    assert report.html.count("<svg") == len(report.charts)


def test_a_cell_that_shows_a_figure_rounded_has_it_with_all_its_digits() -> None:
    page = report_of("synthetic_gpu").html
    found = re.search(r'data-raw="(2\.95\d+)">2\.9522 ±', page)
    assert found is not None
    assert len(found[1]) > 10


def hostile() -> Report:
    return render(synthetic.run(hostile_result(), host=HOSTILE, reproduce=HOSTILE))


def test_a_hostile_result_adds_no_element_and_no_attribute() -> None:
    page = seen(hostile().html)
    assert page.tags <= OURS | SVG
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "{{ 7*7 }}" in " ".join(page.text)
    for private in ("203.0.113.7", "alice"):
        assert private not in hostile().html


def test_words_for_a_terminal_have_no_reference_and_no_markup_in_them() -> None:
    told = hostile().answers()
    assert "&#" not in told
    assert "\x1b" not in told
    assert "<img src=x onerror=alert(1)>" in hostile().text
    for case in CASES:
        text = report_of(case).text
        assert "&#" not in text
        assert "**" not in text
        assert "|---" not in text
