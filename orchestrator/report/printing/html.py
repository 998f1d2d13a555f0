"""Markdown whose tables, charts and folds are HTML already, made a page that needs nothing else."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt

from orchestrator.here import shipped
from orchestrator.report.printing.form import Form
from orchestrator.report.printing.templates import fill
from orchestrator.report.wording.plain import Gated

STYLE, SCRIPT = "html/page.css", "html/page.js"


def body(markdown: str) -> str:
    """The HTML of a page's text. All that came from outside passed the gate before."""
    return str(_parser().render(markdown))


def page(markdown: str, title: str) -> str:
    """A whole page with its style and script in it; nothing is asked of any network."""
    folder = shipped.folder("templates")
    style, script = (Gated((folder / file).read_text("utf-8")) for file in (STYLE, SCRIPT))
    whole = Gated(body(markdown))
    return fill("page.j2", Form.HTML, title=title, body=whole, style=style, script=script)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True})
