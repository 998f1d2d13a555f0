"""The forms in which a page can be had; all come from the same templates."""

from __future__ import annotations

from enum import Enum


class Form(Enum):
    """The value is the folder of the templates that this form has of its own.

    HTML is Markdown whose tables, charts and folds are HTML already (`html.page` does the rest);
    TEXT has no markup beside headings and bullets, for terminals.
    """

    MARKDOWN = "markdown"
    HTML = "html"
    TEXT = "text"
