"""Nothing that comes from outside can act inside a report."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.report.wording.plain import plain, words


class _Text(HTMLParser):
    """Gathers text, and takes no tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        raise AssertionError(f"a tag: {tag}")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def in_html(safe: str) -> str:
    """What a browser shows of it."""
    parser = _Text()
    parser.feed(safe)
    parser.close()
    return parser.text


def shown(safe: str) -> str:
    """What it shows as where it begins a line of Markdown."""
    made = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(safe)
    return in_html(made.removeprefix("<p>").removesuffix("</p>\n")) if made else ""


def in_cell(safe: str) -> str:
    """The same of a cell in a table."""
    made = MarkdownIt("gfm-like", {"html": True, "linkify": False}).disable("linkify")
    table = made.render(f"| a |\n| --- |\n| {safe} |\n")
    assert table.count("<td>") == 1
    return in_html(table.partition("<td>")[2].partition("</td>")[0])


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a | b | c",
        "`code`",
        "[click](javascript:x)",
        "![x](y)",
        "**bold** _it_ ~~x~~",
        "# title",
        "$x^2$",
        "a & b &lt;",
        "\\| escaped",
    ],
)
def test_markup_shows_as_the_characters_it_is_made_of(text: str) -> None:
    assert shown(f"{plain(text)}\n") == text
    assert in_html(plain(text)) == text


def test_words_with_underscores_stay_readable() -> None:
    assert plain("back_to_back, 366.7 µs (365–368)") == "back_to_back, 366.7 µs (365–368)"
    assert plain("sm__throughput.avg") == "sm__throughput.avg"
    assert plain("__all__ _x a_ ___") == "&#95;&#95;all&#95;&#95; &#95;x a&#95; &#95;&#95;&#95;"


def test_line_breaks_control_and_direction_characters_become_spaces() -> None:
    assert plain("a\r\nb\tc\x1b[31md\u202ee\u2028f\x00g") == "a b c &#91;31md e f g"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("connect to 203.0.113.7:40022 failed", "connect to (address) failed"),
        ("ssh root&#64;pod", "ssh root&#38;&#35;64;pod"),
        ("ssh root@203.0.113.7", "ssh (address)"),
        ("git alice@example.org:x", "git (address):x"),
        ("at 2001:db8:0:0:0:0:0:1 now", "at (address) now"),
        ("/home/alice/project/a.cu(3): error", "…/a.cu(3): error"),
        ("in /home/alice", "in …"),
        ("in ~alice/x", "in …"),
        (r"C:\Users\alice\a.cu(3)", "…/a.cu(3)"),
        ("csrc/attention/api.cu(3)", "csrc/attention/api.cu(3)"),
        ("driver 580.65.06, torch 2.4.1+cu124", "driver 580.65.06, torch 2.4.1+cu124"),
        ("at 10:15:30", "at 10:15:30"),
        ("https://www.nvidia.com/en-us/h100/", "https://www.nvidia.com/en-us/h100/"),
        ("366.7 TB/s", "366.7 TB/s"),
    ],
)
def test_addresses_users_and_folders_are_masked_and_nothing_else(text: str, masked: str) -> None:
    assert plain(text) == masked


@given(st.text(max_size=300))
def test_any_text_becomes_one_line_without_structure(text: str) -> None:
    safe = plain(text)
    assert safe.splitlines() in ([safe], [])
    safe.encode()
    assert shown(safe) == in_html(safe) == words(text)
    assert in_cell(safe) == words(text)


@given(st.text("<&;/!?>a1 #*_`|[]()\\~$@-+=.:\"'", max_size=12))
def test_nothing_made_of_markup_alone_acts_as_any(text: str) -> None:
    safe = plain(text)
    assert shown(safe) == in_html(safe) == in_cell(safe) == words(text)


def test_what_cannot_be_structure_stays_as_it_is() -> None:
    text = "forward<64, 0> of 16 * 2 tiles, A & B, a -> b, #, x = -1"
    assert plain(text) == text


def test_a_flood_is_cut() -> None:
    assert len(plain("x" * 10**6)) < 2100


@pytest.mark.parametrize("value", [1, 1.5, True, None, ("a",)])
def test_only_text_may_be_printed(value: object) -> None:
    with pytest.raises(TypeError, match="text only"):
        plain(value)
