"""What templates can ask of a value beside its text; each gives text that has passed the gate."""

from __future__ import annotations

import html
import re
import textwrap
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jinja2 import pass_context
from jinja2.runtime import Context

from orchestrator.report.printing.form import Form
from orchestrator.report.view.tables import ChartView
from orchestrator.report.wording.plain import Gated, plain, typed, words

_BETWEEN = "  "
_LONG_WORD = 24
# Fewer columns break a sentence to bits, which the terminal itself does no worse.
_LEAST_ROOM = 30
# How a cell begins whose column is one of figures; a dash is a figure that is missing.
_FIGURE = re.compile(r"[-−+±<≤]? ?\d[\d.,]*(?![\w-])|—$|$")


class Table(Protocol):
    """A table of a view; those of Nsight Compute's page have no rows that are marked."""

    @property
    def header(self) -> tuple[str, ...]: ...

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]: ...


def of(form: Form) -> dict[str, Callable[..., Any]]:
    """Those of a form, by name."""
    gate = typed if form is Form.TEXT else plain
    return {
        "strong": lambda text: text if form is Form.TEXT else Gated(f"**{gate(text)}**"),
        "element": _element,
        "raw": _raw,
        "aligned": _aligned,
        "numeric": numeric,
        "marked": _marked,
        "named": _named,
        "long": _long,
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


def numeric(table: Table) -> tuple[bool, ...]:
    """Of each column whether figures stand in it, which are aligned to the right."""
    columns = (tuple(row[place] for row in table.rows) for place in range(len(table.header)))
    return tuple(
        any(cell[:1].isdigit() for cell in column) and all(map(_FIGURE.match, column))
        for column in columns
    )


def _marked(table: Table) -> tuple[int, ...]:
    """The places of the rows that answer what was asked."""
    marked: tuple[int, ...] = getattr(table, "marked", ())
    return marked


def _long(cell: str) -> bool:
    """Whether it has a word so long that it may have to be broken."""
    return any(len(word) > _LONG_WORD for word in cell.split())


def _named(table: Table) -> bool:
    """Whether its columns have names."""
    return any(table.header)


def _aligned(table: Table, columns: int = 0) -> list[Gated]:
    """A table's lines, figures to the right, the rest to the left.

    columns: of the terminal, whose room the last cells are broken to where there is enough of it.
    """
    lines = [table.header, *table.rows] if _named(table) else list(table.rows)
    cells = [[typed(cell) for cell in line] for line in lines]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    room = columns - sum(widths[:-1]) - len(_BETWEEN) * len(widths[:-1])
    if room >= _LEAST_ROOM:
        cells = [broken for line in cells for broken in _broken(line, room)]
        widths[-1] = min(widths[-1], room)
    return [
        Gated(_BETWEEN.join(map(_padded, line, widths, numeric(table))).rstrip()) for line in cells
    ]


def _broken(line: list[str], room: int) -> list[list[str]]:
    """A line with its last cell in as many as it takes; a longer word stays whole, to be copied."""
    *before, last = line
    parts = textwrap.wrap(last, room, break_long_words=False, break_on_hyphens=False) or [""]
    return [[*before, parts[0]], *([""] * len(before) + [part] for part in parts[1:])]


def _padded(cell: str, width: int, to_the_right: bool) -> str:
    room = " " * (width - _width(cell))
    return room + cell if to_the_right else cell + room


def _width(text: str) -> int:
    """Columns of a terminal (Unicode, UAX #11)."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))
