"""Drawings that wear the site's stylesheet: what each would bring along is left out."""

from __future__ import annotations

import re

from orchestrator.report.charts.style import MUTED, SHADES, sheet

_OWN = re.compile(r'aria-labelledby="(\S+)-title \1-desc"')
_DRESS = re.compile(r"<style>.*?</style>", re.DOTALL)
_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'
# Roles for which the sheet has no rule.
_ROLE = re.compile(r'(<(?:text|path) class=")bsk-(?:label|tick|marker|bar) ')
_BETWEEN = re.compile(r">\n+<")


def style() -> str:
    """The rules of all drawings; what is said of no text in particular is muted."""
    light, dark = SHADES[MUTED].light, SHADES[MUTED].dark
    usual = f"text{{color:{light}}}@media (prefers-color-scheme:dark){{text{{color:{dark}}}}}"
    return f"{usual}@media print{{text{{color:{light}}}}}{sheet(SHADES)}\n"


def lean(svg: str, number: int) -> str:
    """The same picture where `style` is worn. number: unlike that of any other on the page. Text of
    a drawing has no bare quotes and no bare `<`, so nothing of it is taken for markup."""
    found = _OWN.search(svg)
    if found is None:
        return svg
    own, short = found[1], f"c{number}"
    for before, after in (
        (found[0], f'aria-labelledby="{short}t {short}d"'),
        (f'<title id="{own}-title"', f'<title id="{short}t"'),
        (f'<desc id="{own}-desc"', f'<desc id="{short}d"'),
        (f'<pattern id="{own}-hatch"', f'<pattern id="{short}h"'),
        (f'style="fill:url(#{own}-hatch)"', f'style="fill:url(#{short}h)"'),
        (_NAMESPACE, ""),
    ):
        svg = svg.replace(before, after)
    bare = _ROLE.sub(r"\1", _DRESS.sub("", svg))
    return _BETWEEN.sub("><", bare.replace('<text class="bsk-muted"', "<text"))
