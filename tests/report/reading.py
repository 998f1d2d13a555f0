"""Parts of a report by their names, as whoever unfolds them reads them."""

from __future__ import annotations

import html
import re

_OPENS, _SHUTS = "<details>", "</details>"


def part(markdown: str, name: str) -> str:
    """The sentence that a section stands under, and all of it; "" where there is none."""
    found = re.search(rf"^(?:<details><summary>|## )({re.escape(name)}[^\n]*)$", markdown, re.M)
    if found is None:
        return ""
    title = html.unescape(found[1].removesuffix("</summary>"))
    rest = markdown[found.end() :]
    if found[0].startswith("## "):
        return title + re.split(r"\n(?=## |<details>)", rest, maxsplit=1)[0]
    return title + rest[: _end(rest)]


def _end(text: str) -> int:
    """Where the fold shuts that stands open before the text."""
    depth = 1
    for mark in re.finditer(f"{_OPENS}|{_SHUTS}", text):
        depth += 1 if mark[0] == _OPENS else -1
        if not depth:
            return mark.start()
    raise AssertionError("a fold that is never shut")


def summaries(markdown: str) -> list[str]:
    """What sections stand under, in their order."""
    found = re.findall(r"^(?:<details><summary>|## )([^\n]*)$", markdown, re.M)
    return [html.unescape(one.removesuffix("</summary>")) for one in found]
