"""What a drawing is made of, as values that know where they lie, and how they become SVG."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from orchestrator.report.charts import words
from orchestrator.report.charts.boxes import Box, Segment
from orchestrator.report.charts.style import FARTHEST_CORNER, INK, MARKERS, MUTED, sheet

WIDTH = 460.0
_USUAL = {"label": INK, "title": INK, "tick": MUTED, "rule": MUTED, "line": INK}
Place = tuple[float, float]
_ID = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Text:
    """y: of its baseline. role: label, tick or title, of which each has a shade unless one is said.
    is_turned: it is read from below upwards."""

    says: str
    x: float
    y: float
    anchor: str = "start"
    role: str = "label"
    shade: str = ""
    is_turned: bool = False

    @property
    def box(self) -> Box:
        flat = words.box(self.says, self.x, self.y, self.anchor, is_bold=self.role == "title")
        if not self.is_turned:
            return flat
        low, high = self.x - flat.left, flat.right - self.x
        above, below = self.y - flat.top, flat.bottom - self.y
        return Box(self.x - above, self.y - high, self.x + below, self.y + low)

    def svg(self, name: str) -> str:
        more = "" if self.anchor == "start" else f' text-anchor="{self.anchor}"'
        if self.is_turned:
            more += f' transform="rotate(-90 {_n(self.x)} {_n(self.y)})"'
        if not words.is_known(self.says):
            more += f' textLength="{_n(self.box.width if not self.is_turned else self.box.height)}"'
            more += ' lengthAdjust="spacingAndGlyphs"'
        place = f'x="{_n(self.x)}" y="{_n(self.y)}"'
        return f"<text {_class(self.role, self.shade)} {place}{more}>{escape(self.says)}</text>"


@dataclass(frozen=True)
class Line:
    """Strokes from place to place. role: line for what is shown, rule for what helps to read it,
    which is muted unless a shade is said."""

    paths: tuple[tuple[Place, ...], ...]
    shade: str = ""
    dash: str = ""
    thick: float = 2.0
    opacity: float = 1.0
    role: str = "line"

    @property
    def strokes(self) -> tuple[Segment, ...]:
        return tuple(Segment(*one, *two) for path in self.paths for one, two in pairwise(path))

    def svg(self, name: str) -> str:
        more = f' stroke-dasharray="{self.dash}"' if self.dash else ""
        more += f' stroke-width="{_n(self.thick)}"' if self.thick != 1 else ""
        more += f' stroke-opacity="{_n(self.opacity, 2)}"' if self.opacity != 1 else ""
        steps = "".join(_path(path) for path in self.paths if path)
        return f'<path {_class(self.role, self.shade)} d="{steps}"{more}/>' if steps else ""


@dataclass(frozen=True)
class Markers:
    """The same shape in several places."""

    places: tuple[Place, ...]
    shape: str
    shade: str
    radius: float = 4.0
    is_hollow: bool = False

    @property
    def boxes(self) -> tuple[Box, ...]:
        far = self.radius * FARTHEST_CORNER + (1 if self.is_hollow else 0)
        return tuple(Box(x, y, x, y).grown(far) for x, y in self.places)

    def svg(self, name: str) -> str:
        steps = "".join(self._one(x, y) for x, y in self.places)
        kind = "marker bsk-hollow" if self.is_hollow else "marker bsk-fill"
        return f'<path {_class(kind, self.shade)} d="{steps}"/>' if steps else ""

    def _one(self, x: float, y: float) -> str:
        corners, r = MARKERS[self.shape], self.radius
        if not corners:
            around = f"a{_n(r)} {_n(r)} 0 1 0"
            return f"M{_n(x - r)} {_n(y)}{around} {_n(2 * r)} 0{around}{_n(-2 * r)} 0z"
        return _path(tuple((x + r * dx, y + r * dy) for dx, dy in corners)) + "z"


@dataclass(frozen=True)
class Bars:
    """Areas. is_hatched: with slanting lines and a border, and no fill."""

    boxes: tuple[Box, ...]
    shade: str
    is_hatched: bool = False
    opacity: float = 1.0

    def svg(self, name: str) -> str:
        steps = "".join(
            f"M{_n(one.left)} {_n(one.top)}h{_n(one.width)}v{_n(one.height)}h{_n(-one.width)}z"
            for one in self.boxes
        )
        more = f' fill-opacity="{_n(self.opacity, 2)}"' if self.opacity != 1 else ""
        kind = "bar bsk-fill"
        if self.is_hatched:
            kind, more = "bar bsk-rule", f' style="fill:url(#{name}-hatch)"'
        return f'<path {_class(kind, self.shade)} d="{steps}"{more}/>' if steps else ""


Item = Text | Line | Markers | Bars


@dataclass(frozen=True)
class Drawing:
    """All of a chart, in the order in which it is painted. title, description: for who cannot see
    it."""

    title: str
    description: str
    height: float
    items: tuple[Item, ...]
    width: float = WIDTH

    @property
    def texts(self) -> tuple[Text, ...]:
        return tuple(item for item in self.items if isinstance(item, Text))

    @property
    def strokes(self) -> tuple[Segment, ...]:
        lines = (item for item in self.items if isinstance(item, Line))
        return tuple(stroke for line in lines for stroke in line.strokes)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Of markers, and of bars that hide what is below them."""
        return tuple(box for item in self.items for box in _covers(item))

    def svg(self, name: str) -> str:
        """name: unlike that of any other drawing on the page, for what is called by a name."""
        own = f"bsk-{_ID.sub('-', name)}"
        size = f'width="{_n(self.width)}" height="{_n(self.height)}"'
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="bsk-chart" role="img" {size} '
            f'viewBox="0 0 {_n(self.width)} {_n(self.height)}" '
            f'aria-labelledby="{own}-title {own}-desc">'
        )
        told = (
            f'<title id="{own}-title">{escape(self.title)}</title>',
            f'<desc id="{own}-desc">{escape(self.description)}</desc>',
            f"<style>{sheet((INK, *(item.shade for item in self.items)))}</style>",
        )
        drawn = (item.svg(own) for item in self.items)
        parts = (head, *told, *self._hatch(own), *drawn, "</svg>")
        return "\n".join(part for part in parts if part) + "\n"

    def _hatch(self, own: str) -> Iterable[str]:
        if any(isinstance(item, Bars) and item.is_hatched for item in self.items):
            yield (
                f'<defs><pattern id="{own}-hatch" width="6" height="6" '
                'patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
                '<path class="bsk-rule bsk-muted" d="M0 0v6" stroke-width="2.4"/>'
                "</pattern></defs>"
            )


def _covers(item: Item) -> tuple[Box, ...]:
    if isinstance(item, Markers):
        return item.boxes
    return item.boxes if isinstance(item, Bars) and item.opacity == 1 else ()


def _class(role: str, shade: str) -> str:
    return f'class="bsk-{role} bsk-{shade or _USUAL[role]}"'


def _path(places: tuple[Place, ...]) -> str:
    """`M10 20l20 10h5`: after the first place each by its distance; rounding does not add up."""
    at, *rest = [(round(x, 1), round(y, 1)) for x, y in places]
    steps = f"M{_n(at[0])} {_n(at[1])}"
    for place in rest:
        aside, down = _n(place[0] - at[0]), _n(place[1] - at[1])
        if down == "0":
            steps += f"h{aside}"
        elif aside == "0":
            steps += f"v{down}"
        else:
            steps += f"l{aside}{down}" if down.startswith("-") else f"l{aside} {down}"
        at = place
    return steps


def _n(value: float, digits: int = 1) -> str:
    """As short as can be; -0 is 0."""
    return f"{round(value, digits) + 0.0:g}" if abs(value) < 1e5 else f"{value:.0f}"
