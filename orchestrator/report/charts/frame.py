"""What stands around a chart: its title, its axes, and a legend below where labels have no room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.report.charts import words
from orchestrator.report.charts.boxes import Box, Segment, level_without
from orchestrator.report.charts.canvas import WIDTH, Item, Line, Markers, Text
from orchestrator.report.charts.scales import Places, Scale, apart
from orchestrator.report.charts.style import FONT_PX, GRID, Look

EDGE = 8.0
_TICK = 5.0
# By which a number beside the axis reaches beyond its end.
_TICK_HALF = words.LINE_PX / 2 + 1
_SAMPLE = 30.0  # px of line in front of what a legend says
_BETWEEN = 18.0
_DOWN = words.ASCENT * FONT_PX
ROW = words.LINE_PX + 2


@dataclass(frozen=True)
class Entry:
    """What a legend says of one look. has_line: else it is a marker alone."""

    says: str
    look: Look
    has_line: bool = True
    is_hollow: bool = False


def heading(title: str, below: str = "") -> tuple[tuple[Text, ...], float]:
    """The title, below it what the axis that goes up tells; and where the next thing begins."""
    rows = words.lines(title, WIDTH - 2 * EDGE, is_bold=True)
    items = [
        Text(row, EDGE, EDGE + _DOWN + ROW * each, role="title") for each, row in enumerate(rows)
    ]
    y = EDGE + ROW * len(rows)
    if below:
        says = words.fitting(below, WIDTH - 2 * EDGE)
        items.append(Text(says, EDGE, y + _DOWN, role="tick"))
        y += ROW
    return tuple(items), y + _TICK_HALF


def left_of(ticks: Sequence[float]) -> float:
    """Where a plot begins, so that the numbers beside it have room."""
    widest = max((words.width(words.number(tick)) for tick in ticks), default=0.0)
    return EDGE + widest + 5


def axis_up(plot: Box, scale: Scale) -> Iterator[Item]:
    """Numbers at the left, and the axis."""
    fits = [tick for tick in scale.ticks if plot.top - 1 <= scale.at(tick) <= plot.bottom + 1]
    middle = (words.ASCENT - words.DESCENT) / 2 * FONT_PX
    ends = [(-scale.at(tick) - _DOWN / 2, -scale.at(tick) + _DOWN / 2) for tick in fits]
    for tick in [fits[each] for each in apart(ends, 2)]:
        y = scale.at(tick) + middle
        yield Text(words.number(tick), plot.left - 5, y, "end", "tick")
    sides = ((plot.left, plot.top), (plot.left, plot.bottom), (plot.right, plot.bottom))
    yield Line((sides,), thick=1, role="rule")


def axis_across(plot: Box, scale: Scale | Places, *titles: str) -> tuple[tuple[Item, ...], float]:
    """Ticks below, as many as have room, and what they are; and where the next thing begins."""
    items: list[Item] = []
    says = [words.number(tick) for tick in scale.ticks]
    at = [scale.at(tick) for tick in scale.ticks]
    fits = [each for each, x in enumerate(at) if plot.left - 1 <= x <= plot.right + 1]
    y = plot.bottom + _TICK_HALF + 1 + _DOWN
    middles = [_within(words.width(says[each]), at[each]) for each in fits]
    boxes = [words.box(says[each], x, y, "middle") for each, x in zip(fits, middles, strict=True)]
    for one in apart([(box.left, box.right) for box in boxes], 6):
        items.append(Text(says[fits[one]], middles[one], y, "middle", "tick"))
    marks = tuple(((at[each], plot.bottom), (at[each], plot.bottom + _TICK)) for each in fits)
    items.append(Line(marks, thick=1, role="rule"))
    after = max((box.right for box in boxes), default=plot.right) + 8
    if len(titles) == 1 and after + words.width(titles[0]) <= WIDTH - 2:
        # Behind the last of them, where there is room mostly, as labels take some there.
        return (*items, Text(titles[0], after, y, role="tick")), y - _DOWN + ROW
    y = plot.bottom + _TICK_HALF + 1 + ROW
    for row in (row for part in titles for row in words.lines(part, WIDTH - 2 * EDGE)):
        x = max(plot.right, EDGE + words.width(row))
        items.append(Text(row, x, y + _DOWN, "end", "tick"))
        y += ROW
    return tuple(items), y


def _within(wide: float, x: float) -> float:
    """As near to x as the middle of such a text can be on the page."""
    return min(max(x, wide / 2 + 2), WIDTH - wide / 2 - 2)


def grid(plot: Box, scale: Scale, texts: Sequence[Text]) -> Line:
    """A level stroke at each mark, with gaps where labels lie."""
    gaps = [text.box.grown(2) for text in texts]
    levels = [scale.at(tick) for tick in scale.ticks]
    strokes = [
        one
        for y in levels
        if plot.top <= y < plot.bottom - 1
        for one in level_without(Segment(plot.left + 1, y, plot.right, y), gaps)
    ]
    paths = tuple(((one.x1, one.y1), (one.x2, one.y2)) for one in strokes)
    return Line(paths, GRID, thick=1, role="rule")


def legend(entries: Sequence[Entry], top: float) -> tuple[tuple[Item, ...], float]:
    """Rows of as many as have room beside each other, and where they end."""
    items: list[Item] = []
    x, y = EDGE, top + (4 if entries else 0)
    room = WIDTH - 2 * EDGE - _SAMPLE - 6
    for entry in entries:
        rows = words.lines(entry.says, room)
        wide = _SAMPLE + 6 + max(map(words.width, rows))
        if x > EDGE and x + wide > WIDTH - EDGE:
            x, y = EDGE, y + ROW
        items += _sample(entry, x, y + ROW / 2)
        for each, row in enumerate(rows):
            items.append(Text(row, x + _SAMPLE + 6, y + ROW * each + _DOWN))
        x += wide + _BETWEEN
        if len(rows) > 1:
            x, y = EDGE, y + ROW * len(rows)
    return tuple(items), y + (ROW if x > EDGE else 0)


def _sample(entry: Entry, x: float, y: float) -> Iterator[Item]:
    look = entry.look
    if entry.has_line:
        yield Line((((x, y), (x + _SAMPLE, y)),), look.shade, look.dash)
    if look.marker:
        yield Markers(((x + _SAMPLE / 2, y),), look.marker, look.shade, is_hollow=entry.is_hollow)
