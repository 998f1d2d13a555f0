"""A drawing as one sees it: read from its SVG alone, with a geometry of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from xml.etree import ElementTree

from orchestrator.report.charts import words
from orchestrator.report.charts.style import FONT_PX

SVG = "{http://www.w3.org/2000/svg}"
_STEP = re.compile(r"([MlhvazML])([^MlhvazML]*)")
_NUMBER = re.compile(r"-?\d*\.?\d+")
_SLACK = 0.2  # px, of rounding


@dataclass(frozen=True)
class Area:
    """What: of whom it is, for a test's message."""

    what: str
    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: Area) -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > _SLACK and down > _SLACK

    def is_struck(self, stroke: tuple[float, float, float, float]) -> bool:
        """By looking at many of its points, half a pixel apart."""
        x1, y1, x2, y2 = stroke
        if max(x1, x2) < self.left or min(x1, x2) > self.right:
            return False
        if max(y1, y2) < self.top or min(y1, y2) > self.bottom:
            return False
        count = int(2 * max(abs(x2 - x1), abs(y2 - y1))) + 1
        for number in range(count + 1):
            share = number / count
            x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
            inside = self.left + _SLACK < x < self.right - _SLACK
            if inside and self.top + _SLACK < y < self.bottom - _SLACK:
                return True
        return False


@dataclass(frozen=True)
class Drawn:
    """texts and areas (markers, bars) with their places; strokes from end to end."""

    tree: ElementTree.Element
    texts: tuple[Area, ...]
    areas: tuple[Area, ...]
    strokes: tuple[tuple[float, float, float, float], ...]

    @property
    def words(self) -> str:
        return "\n".join(text.what for text in self.texts)

    def said(self, name: str) -> str:
        """The text of its title or of its desc."""
        node = self.tree.find(f"{SVG}{name}")
        assert node is not None
        return node.text or ""

    def faults(self) -> list[str]:
        """What touches what, and what lies outside."""
        wide, high = (float(self.tree.get(side) or 0) for side in ("width", "height"))
        page = (0.0, 0.0, wide, high)
        found = [f"{one.what!r} leaves the page" for one in self.texts if not _holds(page, one)]
        for one, two in combinations(self.texts, 2):
            found += [f"{one.what!r} touches {two.what!r}"] if one.touches(two) else []
        for text in self.texts:
            found += [f"{text.what!r} on a {two.what}" for two in self.areas if text.touches(two)]
            found += [f"{text.what!r} struck" for stroke in self.strokes if text.is_struck(stroke)]
        return found


def read(svg: str) -> Drawn:
    """Only what stands in the file; widths of text are those that the table gives."""
    tree = ElementTree.fromstring(svg)
    texts = tuple(_text(node) for node in tree.iter(f"{SVG}text"))
    areas: list[Area] = []
    strokes: list[tuple[float, float, float, float]] = []
    for node in tree.findall(f"{SVG}path"):
        kind = (node.get("class") or "").split()[0]
        # What shines through covers nothing.
        if kind in ("bsk-marker", "bsk-bar") and not node.get("fill-opacity"):
            areas += [_around(kind, corners) for corners in _corners(node.get("d") or "")]
        elif kind in ("bsk-line", "bsk-rule"):
            for corners in _corners(node.get("d") or ""):
                strokes += [(*one, *two) for one, two in pairwise(corners)]
    return Drawn(tree, texts, tuple(areas), tuple(strokes))


def _holds(page: tuple[float, float, float, float], one: Area) -> bool:
    left, top, right, bottom = page
    return left <= one.left and top <= one.top and one.right <= right and one.bottom <= bottom


def _text(node: ElementTree.Element) -> Area:
    says = "".join(node.itertext())
    is_bold = "bsk-title" in (node.get("class") or "")
    wide = float(node.get("textLength") or words.width(says, is_bold=is_bold))
    x, y = float(node.get("x") or 0), float(node.get("y") or 0)
    before = {"start": 0.0, "middle": wide / 2, "end": wide}[node.get("text-anchor") or "start"]
    above, below = words.ASCENT * FONT_PX, words.DESCENT * FONT_PX
    if node.get("transform"):
        return Area(says, x - above, y - wide + before, x + below, y + before)
    return Area(says, x - before, y - above, x - before + wide, y + below)


def _corners(path: str) -> Iterator[list[tuple[float, float]]]:
    """Of each part of a path the places that it goes through."""
    at: list[tuple[float, float]] = []
    for letter, rest in _STEP.findall(path):
        numbers = [float(one) for one in _NUMBER.findall(rest)]
        x, y = at[-1] if at else (0.0, 0.0)
        if letter == "M":
            if at:
                yield at
            at = [(numbers[0], numbers[1])]
        elif letter == "a":
            radius = numbers[0]
            aside = numbers[-2] / 2
            at += [(x + aside, y - radius), (x + aside, y + radius), (x + 2 * aside, y)]
        elif letter == "z":
            at.append(at[0])
        else:
            assert letter in "lhv", path
            dx, dy = _step(letter, numbers)
            at.append((x + dx, y + dy))
    if at:
        yield at


def _step(letter: str, numbers: list[float]) -> tuple[float, float]:
    if letter == "l":
        return numbers[0], numbers[1]
    return (numbers[0], 0.0) if letter == "h" else (0.0, numbers[0])


def _around(kind: str, corners: list[tuple[float, float]]) -> Area:
    across, down = zip(*corners, strict=True)
    return Area(kind.removeprefix("bsk-"), min(across), min(down), max(across), max(down))
