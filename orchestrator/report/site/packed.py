"""What a page of a run does not show at first, packed into one text that its script unpacks.

Packed are the insides of folds, and of drawings but the first. All has passed the gates before.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase, digits

from orchestrator.report.wording.plain import Gated

_LEVEL = 9  # always the same, so that the bytes are
# Of 85 characters five are four bytes, where base64 takes more; none needs a reference in HTML.
_DIGITS = bytes(one for one in range(33, 127) if one not in b"\"&<>'/\\`@")
_OF_PYTHON = f"{digits}{ascii_uppercase}{ascii_lowercase}!#$%&()*+-;<=>?@^_`{{|}}~".encode()
_IN_HTML = bytes.maketrans(_OF_PYTHON, _DIGITS)
_APART = "\0"  # which is no character of any HTML
_FOLD = re.compile(r"<details\b[^>]*>(?:\s*<summary\b[^>]*>.*?</summary>)?", re.DOTALL)
_EDGE = re.compile(r"<(/?)(details|svg)\b[^>]*>")
_PLACE = re.compile(r"<details\b|<svg\b[^>]*></svg>|<!--", re.IGNORECASE)


@dataclass(frozen=True)
class Packed:
    """A page's text in two: first, up to the first fold, and rest. What is packed belongs into the
    folds and the empty drawings of both, in their order; inside: all of it, as zlib in _DIGITS,
    "" for nothing."""

    first: Gated
    rest: Gated
    inside: Gated


def packed(html: str) -> Packed:
    """html: a report's. It stays as it is where a template of the user's has folds or drawings of
    which a browser would make something else than is made here."""
    shown, insides, at, first = "", list[str](), 0, -1
    for begin, end in _insides(html):
        if first < 0 and html.startswith("</details", end):
            first = len(shown) + html.rindex("<details", at, begin) - at
        shown += html[at:begin]
        insides.append(html[begin:end].replace(_APART, ""))
        at = end
    shown += html[at:]
    # By these the script finds the places, in the same number.
    if not insides or len(_PLACE.findall(shown)) != len(insides):
        return Packed(Gated(html), Gated(""), Gated(""))
    whole = zlib.compress(_APART.join(insides).encode(), _LEVEL)
    inside = Gated(base64.b85encode(whole).translate(_IN_HTML).decode("ascii"))
    split = first if first >= 0 else len(shown)
    return Packed(Gated(shown[:split]), Gated(shown[split:]), inside)


def _insides(html: str) -> Iterator[tuple[int, int]]:
    """Where the inside of each begins and ends; none lies in another."""
    depth, begin, drawings, wanted = 0, 0, 0, True
    for edge in _EDGE.finditer(html):
        if edge[1]:
            depth -= 1
            if depth == 0 and wanted:
                yield begin, edge.start()
            continue
        if depth == 0:
            is_fold = edge[2] == "details"
            drawings += not is_fold
            wanted = is_fold or drawings > 1
            fold = _FOLD.match(html, edge.start()) if is_fold else None
            begin = fold.end() if fold else edge.end()
        depth += 1
