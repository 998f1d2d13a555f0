"""HTML of our own templates in fewer bytes: the page that a browser makes of it is the same.

Left out is what HTML lets be left out (Living Standard, 13.1.2.4 Optional tags), what stands in
each cell of a column, which the table says once, digits that a site does not show, and the
style that each drawing brings along.
"""

from __future__ import annotations

import re

from orchestrator.report.site import drawn

_TABLE = re.compile(r"<table>(.*?)</table>", re.DOTALL)
_HEAD = re.compile(r"<t[hd]\b[^>]*>")
_ROW = re.compile(r"<tr[^>]*>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r'<(t[hd])(?: scope="col")?(?: class="n")?(?: data-raw="[^"]*")?>')
_ENDS = re.compile(r"</(?:t[hdr]|thead|tbody)>")
_LINES = re.compile(r"\s*\n\s*(?=<t[rdhb])")
_BETWEEN = re.compile(r">\s*\n\s*<")
_VERBATIM = re.compile(r"(<(?:pre|svg)\b.*?</(?:pre|svg)>)", re.DOTALL)


def lean(html: str) -> str:
    """The same page, where it wears the site's stylesheet; what is verbatim stays as it is."""
    parts = _VERBATIM.split(html)
    return "".join(
        _apart(part, number) if number % 2 else _BETWEEN.sub("><", _TABLE.sub(_table, part))
        for number, part in enumerate(parts)
    ).strip()


def _apart(part: str, number: int) -> str:
    return drawn.lean(part, (number + 1) // 2) if part.startswith("<svg") else part


def _table(found: re.Match[str]) -> str:
    """A column of figures is named by its place: `n3` is the third one."""
    inside = found[1]
    first = _ROW.search(inside)
    cells = _HEAD.findall(first[1]) if first else []
    columns = [f"n{at}" for at, cell in enumerate(cells, 1) if 'class="n"' in cell]
    named = f' class="{" ".join(columns)}"' if columns else ""
    bare = _ENDS.sub("", _CELL.sub(r"<\1>", inside))
    return f"<table{named}>{_LINES.sub('', bare).strip()}</table>"
