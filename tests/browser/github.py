"""Markdown as GitHub shows it: its sizes, its tables that scroll, its light and its dark."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from markdown_it import MarkdownIt

_STYLE = (Path(__file__).parent / "github.css").read_text("utf-8")
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{style}</style></head><body><article>
{body}</article></body></html>
"""
# Of raw HTML, GitHub drops what would run or restyle the page.
_DROPPED = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""(<[a-z][^<>]*?)\s(?:style|class|on\w+)=(?:"[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE
)
_ALIGNED = re.compile(r'<(t[hd]) style="text-align:(\w+)">')
_HEADING = re.compile(r"<(h[1-6])>(.*?)</\1>", re.DOTALL)


def as_on_github(folder: Path, markdown: str, charts: Mapping[str, str]) -> Path:
    """Write a page and its charts into `folder`. charts: SVG by the address that the Markdown uses."""
    for name, svg in charts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(svg, "utf-8")
    body = shown(markdown)
    heading = _HEADING.search(re.sub(r' id="[^"]*"', "", body))
    title = re.sub("<.*?>", "", heading[2]) if heading else "Markdown"
    file = folder / "github.html"
    file.write_text(_PAGE.format(title=title, style=_STYLE, body=body), "utf-8")
    return file


def shown(markdown: str) -> str:
    """The HTML that GitHub makes of Markdown, as far as our pages use it."""
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    body = _DROPPED.sub("", _ALIGNED.sub(r'<\1 align="\2">', body))
    while (cleaned := _ATTRIBUTE.sub(r"\1", body)) != body:
        body = cleaned
    # Keys reach a table that scrolls there, and in every browser a <pre> that does.
    for tag in ("table", "pre"):
        body = body.replace(f"<{tag}>", f'<{tag} tabindex="0">')
    taken: Counter[str] = Counter()

    def anchored(found: re.Match[str]) -> str:
        name = slug(found[2])
        taken[name] += 1
        again = f"-{taken[name] - 1}" if taken[name] > 1 else ""
        return f'<{found[1]} id="{name}{again}">{found[2]}</{found[1]}>'

    return _HEADING.sub(anchored, body)


def slug(heading: str) -> str:
    """The name by which a link finds a heading."""
    text = html.unescape(re.sub("<.*?>", "", heading)).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
