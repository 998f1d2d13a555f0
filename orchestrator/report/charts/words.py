"""Text on a drawing: how wide it can come out, and what of it there is room for.

Nobody knows the reader's font; these widths are those of a wide one (DejaVu Sans, Verdana). What
other scripts take is no property of a character alone, so their text is told its width.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from orchestrator.report.charts.boxes import Box
from orchestrator.report.charts.style import FONT_PX
from orchestrator.report.wording.plain import one_line, private

# Of the font's size.
ASCENT, DESCENT = 1.0, 0.26
LINE_PX = FONT_PX * (ASCENT + DESCENT)
BOLD = 1.12
CUT = "…"
_WIDE, _ALPHABET, _PICTURE, _OTHER = 1.0, 0.7, 1.4, 0.9
_ALPHABETS = 0x0900  # Latin to Arabic, below this
_CLASSES = (
    (0.3, "'ijl|"),
    (0.37, " ,.`"),
    (0.42, "It"),
    (0.47, "!()-/:;[\\]fr·"),
    (0.56, '"*Jcsz^_'),
    (0.65, "#$?0123456789FLabdeghknopquvxyµ{}¢"),
    (0.72, "ABCEKPRSTVXYZ–"),
    (0.84, "&+<=>DGHNOQUw~×±"),
    (1.0, "%@MWm—…"),
)
_KNOWN = {character: width for width, characters in _CLASSES for character in characters}
# So many marks on one letter are a word; more are a tower.
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_TOWER = re.compile(f"({_MARK}{{2}}){_MARK}+")
_LEFTWARDS = ("R", "AL", "AN")
_APART, _TOGETHER = "\u2068", "\u2069"


def label(text: str, most: int = 22) -> str:
    """A name from outside: one line, nothing private, of at most so many characters."""
    flat = _TOWER.sub(r"\1", unicodedata.normalize("NFC", one_line(private(text)))) or "?"
    if len(flat) > most:
        tail = most // 3
        flat = f"{flat[: most - 1 - tail].rstrip()}{CUT}{flat[-tail:].lstrip()}"
    # Else what follows it would change places with it.
    is_leftwards = any(unicodedata.bidirectional(one) in _LEFTWARDS for one in flat)
    return f"{_APART}{flat}{_TOGETHER}" if is_leftwards else flat


def width(text: str, *, is_bold: bool = False) -> float:
    """At most, in px."""
    return FONT_PX * sum(map(_width, text)) * (BOLD if is_bold else 1.0)


def is_known(text: str) -> bool:
    """Whether the table has all of it, so that no font is far from its width."""
    return all(character in _KNOWN for character in text)


def box(text: str, x: float, y: float, anchor: str, *, is_bold: bool = False) -> Box:
    """What text takes whose baseline is at y."""
    wide = width(text, is_bold=is_bold)
    left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
    return Box(left, y - ASCENT * FONT_PX, left + wide, y + DESCENT * FONT_PX)


def fitting(text: str, room: float) -> str:
    """As much of the text as there is room for."""
    while len(text) > 2 and width(text) > room:
        text = text.removesuffix(CUT)[:-1].rstrip() + CUT
    return text


def lines(text: str, room: float, most: int = 2, *, is_bold: bool = False) -> list[str]:
    """Broken at blanks, the last one cut."""
    room = room / BOLD if is_bold else room
    found = [""]
    for word in text.split():
        longer = f"{found[-1]} {word}".lstrip()
        if not found[-1] or width(longer) <= room or len(found) == most:
            found[-1] = longer
        else:
            found.append(word)
    return [fitting(line, room) for line in found]


def number(value: float) -> str:
    """Plain: `4`, `0.5`, `1000`."""
    return f"{value:.12g}" if value >= 1e-4 or value <= 0 else f"{value:.3g}"


def listed(parts: list[str]) -> Iterator[str]:
    """Sentences, each with a capital and a full stop."""
    return (f"{part[:1].upper()}{part[1:]}." for part in parts if part)


def _width(character: str) -> float:
    known = _KNOWN.get(character)
    if known is not None:
        return known
    if character in (_APART, _TOGETHER) or unicodedata.combining(character):
        return 0.0
    if ord(character) >= 0x1F000:
        return _PICTURE
    if unicodedata.east_asian_width(character) in "WF":
        return _WIDE
    return _ALPHABET if ord(character) < _ALPHABETS else _OTHER
