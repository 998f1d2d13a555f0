"""Every page of a site is whole: it has what a page needs, its links lead somewhere, and it asks
nothing of anybody."""

from __future__ import annotations

import re

import pytest

from orchestrator.report.site.names import HISTORY
from tests.history.made import Made, series, store
from tests.index.kept import at
from tests.site.made import FIRST, SECOND, THIRD, Kept, broken, seen, slower

ADDRESS = re.compile(
    rb"(?:src|href|action|data|poster)=[\"']?(?:https?:)?//|url\((?!#)|@import|<object|<embed|<iframe"
)


@pytest.fixture
def many(three: Kept) -> Kept:
    """Also those of a GPU, a failed one, and a series of many commits."""
    three.runs.home("20261123-101530-h100-profile", slower(1.0), revisions=at("a" * 40))
    three.runs.home("20261124-101530-h100-profile", slower(1.1), revisions=at("b" * 40, False))
    three.runs.made("20261125-101530-h100-bench")
    store(three.runs.root, series([1.2] * 12 + [1.0] * 12, each=1))
    three.make()
    return three


def test_every_page_has_a_language_a_title_one_heading_and_a_policy(many: Kept) -> None:
    pages = sorted(many.site.rglob("*.html"))
    assert len(pages) > 30
    for path in pages:
        page = seen(path)
        assert page.lang == "en", path
        assert page.title, path
        assert page.tags.count("h1") == 1, path
        assert "default-src 'none'" in page.policy, path
        assert "unsafe-inline" not in page.policy.partition("script-src")[2], path
        assert len(page.ids) == len(set(page.ids)), path
        assert not page.handlers, path


def test_every_link_of_every_page_leads_to_a_page_that_is_there(many: Kept) -> None:
    assert broken(many.site) == []
    listed = (many.site / "data/runs.js").read_text()
    for path in (many.site / "runs").iterdir():
        assert f'"{path.stem}"' in listed


def test_nothing_is_asked_of_any_network(many: Kept) -> None:
    for name, data in many.read().items():
        assert not ADDRESS.search(data), name
        assert b"fetch(" not in data, name
        assert b"XMLHttpRequest" not in data, name


def test_a_run_leads_to_the_one_before_the_one_after_and_to_both_comparisons(three: Kept) -> None:
    three.make()
    links = seen(three.site / "runs" / f"{SECOND}.html").links
    assert f"../runs/{FIRST}.html" in links
    assert f"../runs/{THIRD}.html" in links
    assert f"../compare.html#a={FIRST}&b={SECOND}" in links
    assert f"../compare.html#a={SECOND}&b=last" in links
    last = seen(three.site / "runs" / f"{THIRD}.html").links
    assert not [link for link in last if "b=last" in link]


def test_runs_of_other_kinds_are_no_neighbours(three: Kept) -> None:
    three.runs.home("20261123-101530-h100-profile", slower(1.0))
    three.make()
    links = seen(three.site / "runs" / "20261123-101530-h100-profile.html").links
    assert not [link for link in links if "runs/" in link]


def test_a_page_holds_the_whole_report_of_its_run(many: Kept) -> None:
    page = many.page("20261124-101530-h100-profile")
    for words in (
        "Fast\N{NO-BREAK SPACE}enough?",
        "Every timing in full",
        "How to reproduce",
        "<svg",
        "Environment",
    ):
        assert words in page, words


def test_tags_and_a_note_stand_on_the_page_and_in_the_list(three: Kept) -> None:
    three.tag(FIRST, "paper")
    three.make()
    assert '<span class="tag">paper</span>' in three.page(FIRST)
    assert '"paper"' in (three.site / "data/runs.js").read_text()


def test_a_history_of_many_commits_is_drawn_and_one_of_few_is_a_table(kept: Kept) -> None:
    other = Made(90, 1.1, case="M=8 N=8 fp16", machine="ANOTHER GPU")
    store(kept.runs.root, [*series([1.2] * 20 + [1.0] * 20), other])
    kept.make()
    pages = {path.name: path.read_text() for path in (kept.site / "history").iterdir()}
    mine = next(text for text in pages.values() if "<h1>mine, op: history</h1>" in text)
    drawn, few = (part for part in mine.split("<section ")[1:])
    drawn, few = (drawn, few) if "<svg" in drawn else (few, drawn)
    assert "slower by" in drawn
    assert "1 step found" in drawn
    assert "<svg" not in few
    assert "not enough runs" in few
    overview = (kept.site / HISTORY).read_text()
    assert "a step in 1" in overview
    assert "<h2>1 step found</h2>" in overview
    assert re.search(
        r'href="history/\w+\.html#s\d">op: mine on M=16 N=64 fp16, back_to_back</a>: slower by',
        overview,
    )
    assert broken(kept.site) == []


def test_a_site_of_no_runs_says_so(kept: Kept) -> None:
    done = kept.make()
    assert (done.runs, done.written) == (0, 0)
    assert broken(kept.site) == []


def test_the_same_runs_give_the_same_bytes(many: Kept) -> None:
    before = many.files()
    again = Kept(many.runs, many.site.with_name("again"))
    again.make()
    assert again.files() == before
