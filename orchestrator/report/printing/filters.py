"""What templates can ask of a value beside its text; each gives text that has passed the gate."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from orchestrator.report.printing.form import Form
from orchestrator.report.view.tables import ChartView, Table
from orchestrator.report.wording.plain import Gated, plain, words

_BETWEEN = "  "


def of(form: Form) -> dict[str, Callable[..., Any]]:
    """Those of a form, by name."""
    gate = words if form is Form.TEXT else plain
    return {
        "strong": lambda text: text if form is Form.TEXT else Gated(f"**{gate(text)}**"),
        "element": _element,
        "raw": _raw,
        "aligned": _aligned,
        "drawing": _drawing,
    }


def _element(text: str) -> Gated:
    """Text inside an element or an attribute of HTML, where Markdown is none."""
    return Gated(html.escape(words(text), quote=True))


def _raw(cell: str) -> Gated:
    """The figure with all its digits that a cell shows rounded; empty for any other."""
    return _element(getattr(cell, "raw", ""))


@pass_context
def _drawing(context: Context, chart: ChartView) -> Gated:
    """The drawing itself, for a page that holds its charts."""
    drawings: Mapping[str, str] = context["drawings"]
    return Gated(drawings[chart.name])


def _aligned(table: Table) -> list[Gated]:
    """A table's lines, figures to the right, the rest to the left."""
    lines = [table.header, *table.rows] if table.has_header else list(table.rows)
    cells = [[words(cell) for cell in line] for line in lines]
    numeric = table.numeric
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    return [Gated(_BETWEEN.join(map(_padded, line, widths, numeric)).rstrip()) for line in cells]


def _padded(cell: str, width: int, to_the_right: bool) -> str:
    room = " " * (width - _width(cell))
    return room + cell if to_the_right else cell + room


def _width(text: str) -> int:
    """Columns of a terminal (Unicode, UAX #11)."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))
