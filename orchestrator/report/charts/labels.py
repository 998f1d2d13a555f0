"""Labels where they touch nothing: behind the ends of lines, along them, or nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orchestrator.report.charts import words
from orchestrator.report.charts.boxes import Box, Taken
from orchestrator.report.charts.canvas import Drawing, Item, Line, Place, Text
from orchestrator.report.charts.style import FONT_PX, MUTED

GAP = 2.0  # px around a label
BEHIND = 11.0  # px from the end of a line to its label
_FAR = 34.0  # px that a label may lie above or below what it names
_LEADS = 7.0  # px from which on a stroke leads to it
# Of the way from left to right; a line that slopes has another one near each of its ends.
_LEVEL = (1.0, 0.94, 0.8, 0.65, 0.5, 0.35, 0.2, 0.06)
_SLOPING = (0.45, 0.55, 0.35, 0.65, 0.25, 0.75, 0.15, 0.85, 1.0)
_UP, _DOWN = words.DESCENT * FONT_PX, words.ASCENT * FONT_PX


@dataclass(frozen=True)
class Name:
    """What a label says, of what lies at that place."""

    says: str
    at: Place
    shade: str


@dataclass(frozen=True)
class Ends:
    """Labels behind the ends of lines, and the strokes that lead to those that lie apart."""

    texts: tuple[Text, ...]
    leads: tuple[Line, ...]


def taken(items: Sequence[Item]) -> Taken:
    """What labels must not touch."""
    all_of_it = Drawing("", "", 0, tuple(items))
    boxes = tuple(text.box for text in all_of_it.texts)
    return Taken(all_of_it.strokes, (*all_of_it.boxes, *boxes))


def behind(names: Sequence[Name], x: float, area: Box, drawn: Taken) -> Ends | None:
    """All of them in a column from x on, in the order of what they name; None without room."""
    ordered = sorted(names, key=lambda name: (name.at[1], name.says))
    low, high = area.top + _DOWN, area.bottom - _UP
    middle = (_DOWN - _UP) / 2  # from the middle of a line of text down to its baseline
    found = _spread([name.at[1] + middle for name in ordered], words.LINE_PX + 1, low, high)
    if found is None:
        return None
    texts, leads = [], []
    for name, y in zip(ordered, found, strict=True):
        text = Text(name.says, x, y, shade=name.shade)
        aside = y - middle - name.at[1]
        fits = area.holds(text.box) and drawn.leaves(text.box.grown(GAP))
        if not fits or abs(aside) > _FAR:
            return None
        if abs(aside) > _LEADS:
            path = ((name.at[0] + BEHIND - 6, name.at[1]), (x - GAP - 1, y - middle))
            leads.append(Line((path,), name.shade, thick=1, role="rule"))
        texts.append(text)
    return Ends(tuple(texts), tuple(leads))


def along(says: str, path: Sequence[Place], area: Box, drawn: Taken) -> Text | None:
    """Beside a line, touching nothing of what is drawn, nor the line if it is among that."""
    return first_free(_beside(says, path, MUTED), area, drawn)


def first_free(candidates: Iterable[Text], area: Box, drawn: Taken) -> Text | None:
    for text in candidates:
        if area.holds(text.box) and drawn.leaves(text.box.grown(GAP)):
            return text
    return None


def _beside(says: str, path: Sequence[Place], shade: str) -> Iterator[Text]:
    shares = _LEVEL if path[0][1] == path[-1][1] else _SLOPING
    for off in (4.0, 9.0, 16.0):
        for share in shares:
            x, y = _point(path, share)
            above, below = y - off - _UP, y + off + _DOWN
            yield Text(says, x - off, above, "end", shade=shade)
            if shares is _SLOPING and share == 1:
                continue  # there another line begins
            yield Text(says, x, above, "middle", shade=shade)
            yield Text(says, x + off, above, "start", shade=shade)
            yield Text(says, x + off, below, "start", shade=shade)
            yield Text(says, x, below, "middle", shade=shade)
            yield Text(says, x - off, below, "end", shade=shade)


def _point(path: Sequence[Place], share: float) -> Place:
    """Where the line is when it has come so far from its left end to its right one."""
    x = path[0][0] + share * (path[-1][0] - path[0][0])
    for (x1, y1), (x2, y2) in pairwise(path):
        if x1 <= x <= x2 and x2 > x1:
            return x, y1 + (y2 - y1) * (x - x1) / (x2 - x1)
    return path[-1]


def _spread(wanted: Sequence[float], pitch: float, low: float, high: float) -> list[float] | None:
    """Near what is wanted, in its order, a pitch from one to the next, within the bounds."""
    if high - low < pitch * (len(wanted) - 1):
        return None
    clusters: list[tuple[float, int]] = []  # the middle of some that lie close, and how many
    for place in wanted:
        middle, many = place, 1
        while clusters and middle - clusters[-1][0] < pitch * (many + clusters[-1][1]) / 2:
            before, number = clusters.pop()
            middle = (middle * many + before * number) / (many + number)
            many += number
        clusters.append((middle, many))
    found = [
        middle + pitch * (each - (many - 1) / 2)
        for middle, many in clusters
        for each in range(many)
    ]
    last = len(found) - 1
    down = [max(place, low + pitch * each) for each, place in enumerate(found)]
    for each in range(1, len(down)):
        down[each] = max(down[each], down[each - 1] + pitch)
    up = [min(place, high - pitch * (last - each)) for each, place in enumerate(down)]
    for each in range(last - 1, -1, -1):
        up[each] = min(up[each], up[each + 1] - pitch)
    return up
