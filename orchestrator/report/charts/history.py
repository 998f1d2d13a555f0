"""A figure over commits: a line for each machine, its levels, and where it steps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.report.charts import frame, words
from orchestrator.report.charts.boxes import Box, Taken
from orchestrator.report.charts.canvas import WIDTH, Bars, Drawing, Item, Line, Markers, Place, Text
from orchestrator.report.charts.drawing import FEWEST_VALUES, Chart, Point, label
from orchestrator.report.charts.labels import first_free, taken
from orchestrator.report.charts.scales import Scale, apart, linear
from orchestrator.report.charts.style import (
    FONT_PX,
    INK,
    LEVEL_OPACITY,
    LOOKS,
    MUTED,
    SPAN_OPACITY,
    Look,
)
from orchestrator.report.history.series import Series
from orchestrator.report.history.wording import DIGITS, change
from orchestrator.report.wording.digits import rounded

_PLOT_PX = 230.0
_HEADROOM = words.LINE_PX + 6  # above all points, for what steps came to
_MANY = 60  # points, from which on their markers are small


def history(every: Sequence[Series]) -> Chart:
    """One drawing of all, which are of the same figure; the commits of one machine stand where they
    follow those of the others."""
    first = every[0]
    title = f"{first.provider}, {first.case}, {first.method}"
    if len({one.provider for one in every}) > 1 or len({one.case for one in every}) > 1:
        title = f"History of {first.operator}"
    places = _places(every)
    if len(places) < FEWEST_VALUES:
        many = "one commit" if len(places) == 1 else f"{len(places)} commits"
        return Chart("history.svg", title, None, f"only {many} can be shown")
    looks = [LOOKS[number % len(LOOKS)] for number in range(len(every))]
    tracks = tuple(_track(*pair, every, places) for pair in zip(every, looks, strict=True))
    subject = History(label(title, 90), label(every[0].what, 40), tuple(places), tracks)
    return Chart("history.svg", title, subject, description=subject.description)


@dataclass(frozen=True)
class Level:
    """From the commit at `start` to that at `end`."""

    start: int
    end: int
    value: float


@dataclass(frozen=True)
class Change:
    """At a point of its track, somewhere from the commit at `first` to that at `last`."""

    says: str
    at: int
    first: int
    last: int
    value: float


@dataclass(frozen=True)
class Track:
    """One series. hollow: place and value of runs that stand for no commit."""

    says: str
    look: Look
    points: tuple[Point, ...]
    levels: tuple[Level, ...]
    changes: tuple[Change, ...]
    hollow: tuple[Place, ...]


@dataclass(frozen=True)
class History:
    """commits: in their order, with their names in full."""

    title: str
    what: str
    commits: tuple[str, ...]
    tracks: tuple[Track, ...]

    @property
    def description(self) -> str:
        """From what to what each goes, and how it steps."""
        told = [f"{len(self.commits)} commits; told is {self.what}"]
        for track in self.tracks:
            if track.points:
                first, last = (rounded(track.points[each].middle, None) for each in (0, -1))
                told.append(f"{track.says}: from {first} to {last}{self._steps(track)}")
        return " ".join(words.listed(told))

    def _steps(self, track: Track) -> str:
        return "".join(f", {one.says} at {self.commits[one.at][:DIGITS]}" for one in track.changes)

    def drawing(self) -> Drawing:
        head, top = frame.heading(self.title, f"{self.what} (median, 95 %)")
        up = self._up(top)
        plot = Box(frame.left_of(up.ticks), top, WIDTH - frame.EDGE - 4, top + _PLOT_PX)
        across = linear(-0.6, len(self.commits) - 0.4, plot.left, plot.right)
        spans = [item for one in self.tracks for item in _spans(one, across, plot)]
        lines = [item for one in self.tracks for item in self._drawn(one, across, up)]
        axis = tuple(frame.axis_up(plot, up))
        texts = _changes(self.tracks, across, up, plot, taken([*spans, *lines, *axis]))
        names, y = self._names(plot, across)
        entries = [frame.Entry(one.says, one.look) for one in self.tracks]
        if any(one.hollow for one in self.tracks):
            entries.append(
                frame.Entry("with uncommitted edits", Look(MUTED, "", "circle"), False, True)
            )
        keys, y = frame.legend(entries, y)
        grid = frame.grid(plot, up, texts)
        items = (*head, *spans, grid, *axis, *names, *keys, *lines, *texts)
        return Drawing(self.title, self.description, y + frame.EDGE, items)

    def _up(self, top: float) -> Scale:
        values = [value for one in self.tracks for value in _values(one)]
        low, high = min(values), max(values)
        room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
        low, high = max(low - room, 0.0), high + room
        bottom = top + _PLOT_PX
        # The numbers go up to where the headroom begins.
        return linear(low, high, bottom, top + _HEADROOM)

    def _drawn(self, track: Track, across: Scale, up: Scale) -> Iterator[Item]:
        """Levels below, then points with their intervals, joined by a thin line."""
        look = track.look
        half = (across.at(1) - across.at(0)) * 0.4
        ends = [(across.at(one.start) - half, across.at(one.end) + half, up.at(one.value))
                for one in track.levels]  # fmt: skip
        levels = tuple(((left, y), (right, y)) for left, right, y in ends)
        yield Line(levels, look.shade, thick=5, opacity=LEVEL_OPACITY)
        path = tuple((across.at(one.at), up.at(one.middle)) for one in track.points)
        yield Line((path,), look.shade, thick=0.8)
        bars = tuple(
            ((across.at(one.at), up.at(one.low)), (across.at(one.at), up.at(one.high)))
            for one in track.points
            if one.low < one.high
        )
        yield Line(bars, look.shade, thick=1.2)
        radius = 3.5 if len(self.commits) < _MANY else 2.2
        yield Markers(path, look.marker, look.shade, radius)
        hollow = tuple((across.at(x + 0.3), up.at(value)) for x, value in track.hollow)
        yield Markers(hollow, look.marker, look.shade, radius, is_hollow=True)

    def _names(self, plot: Box, across: Scale) -> tuple[tuple[Item, ...], float]:
        """Commits read from below upwards; where there are many, those of steps before others."""
        at = [across.at(each) for each in range(len(self.commits))]
        half = words.LINE_PX / 2
        steps = [change.at for one in self.tracks for change in one.changes]
        kept = _spaced(dict.fromkeys(steps), at, half)
        rest = apart([(x - half, x + half) for x in at], 1)
        kept = _spaced(dict.fromkeys((*kept, *rest)), at, half)
        below = plot.bottom + 10
        says = {each: label(self.commits[each][:DIGITS]) for each in kept}
        middle = (words.ASCENT - words.DESCENT) / 2 * FONT_PX
        names = tuple(
            Text(says[each], at[each] + middle, below, "end", "tick", is_turned=True)
            for each in kept
        )
        marks = tuple(((x, plot.bottom), (x, plot.bottom + 4)) for x in (at[each] for each in kept))
        y = below + max(map(words.width, says.values())) + 4
        order = Text("commit, in order", plot.right, y + words.ASCENT * FONT_PX, "end", "tick")
        return (*names, Line(marks, thick=1, role="rule"), order), y + frame.ROW


def _spaced(numbers: Sequence[int] | dict[int, None], at: list[float], half: float) -> list[int]:
    """The first of them, and of those after it each that comes near none before."""
    kept: list[int] = []
    for number in numbers:
        if all(abs(at[number] - at[one]) >= 2 * half + 1 for one in kept):
            kept.append(number)
    return sorted(kept)


def _spans(track: Track, across: Scale, plot: Box) -> Iterator[Item]:
    for one in track.changes:
        left, right = across.at(one.first - 0.5), across.at(one.last - 0.3)
        yield Bars((Box(left, plot.top, right, plot.bottom),), MUTED, opacity=SPAN_OPACITY)
        sides = tuple(((x, plot.top), (x, plot.bottom)) for x in (left, right))
        yield Line(sides, dash="2 3", thick=1, role="rule")


def _changes(
    tracks: Sequence[Track], across: Scale, up: Scale, plot: Box, drawn: Taken
) -> list[Text]:
    """What steps came to, each as near to its step as there is room; without room it is left to the
    description."""
    texts: list[Text] = []
    for track in tracks:
        for one in track.changes:
            left, right = across.at(one.first - 0.5), across.at(one.last - 0.3)
            free = drawn.with_boxes(text.box for text in texts)
            place = (left, right, up.at(one.value))
            shade = track.look.shade if len(tracks) > 1 else INK
            text = first_free(_beside(one.says, place, plot, shade), plot, free)
            texts += [text] if text else []
    return texts


def _beside(says: str, place: tuple[float, float, float], plot: Box, shade: str) -> Iterator[Text]:
    """At the top, right and left of a span, then further down, and near the point itself."""
    left, right, y = place
    rows = [
        plot.top + 2 + words.ASCENT * FONT_PX + 6 * each for each in range(int(plot.height // 6))
    ]
    for baseline in (rows[0], *sorted(rows[1:], key=lambda row: abs(row - y))):
        yield Text(says, right + 5, baseline, shade=shade)
        yield Text(says, left - 5, baseline, "end", shade=shade)
        yield Text(says, left + 4, baseline, shade=shade)


def _values(track: Track) -> Iterator[float]:
    for one in track.points:
        yield from (one.low, one.middle, one.high)
    yield from (value for _, value in track.hollow)
    yield from (one.value for one in track.levels)


def _places(every: Sequence[Series]) -> dict[str, int]:
    """Each commit's place, by when it was made, else first run."""
    when: dict[str, tuple[str, str]] = {}
    for one in every:
        for run in (*one.runs, *one.beside):
            known = when.get(run.commit, ("", run.at))
            when[run.commit] = (known[0] or run.committed_at, min(known[1], run.at))
    ordered = sorted(when, key=lambda commit: (when[commit][0] or when[commit][1], when[commit][1]))
    return {commit: place for place, commit in enumerate(ordered)}


def _track(one: Series, look: Look, every: Sequence[Series], places: dict[str, int]) -> Track:
    alone = len({(each.provider, each.case, each.method) for each in every}) == 1
    name = one.machine if alone else f"{one.name}, {one.machine}"
    trend = one.trend
    at = [places[point.commit] for point in trend.points]
    points = []
    for place, point in zip(at, trend.points, strict=True):
        middle, half = math.exp(point.log), point.half or 0.0
        ends = (middle * math.exp(sign * half) for sign in (-1, 1))
        low, high = ends
        points.append(Point(place, low, middle, high))
    bounds = (0, *(step.at for step in trend.steps), len(at))
    levels = tuple(
        Level(at[start], at[end - 1], math.exp(level))
        for level, start, end in zip(trend.levels, bounds, bounds[1:], strict=False)
    )
    changes = tuple(
        Change(
            label(change(one, step).partition(" (")[0], 30),
            *(at[step.at], at[step.first], at[step.last]),
            math.exp(trend.points[step.at].log),
        )
        for step in trend.steps
    )
    hollow = tuple((places[run.commit], run.value) for run in one.beside)
    return Track(label(name, 60), look, tuple(points), levels, changes, hollow)
