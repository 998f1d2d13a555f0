"""How a time grows along the axis that varies, one chart for each method and family of cases."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.report.baselines import Baseline, published
from orchestrator.report.charts import frame, words
from orchestrator.report.charts.boxes import Box
from orchestrator.report.charts.canvas import WIDTH, Drawing, Item, Line, Markers, Place, Text
from orchestrator.report.charts.drawing import Chart, Point, file_word, label, series, too_few
from orchestrator.report.charts.labels import BEHIND, Ends, Name, along, behind, taken
from orchestrator.report.charts.roofline import roofline
from orchestrator.report.charts.scales import Places, Scale, given, linear
from orchestrator.report.charts.style import MUTED, Look
from orchestrator.report.families import Sweep, file_name, sweep
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.wording.digits import rounded
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.words import Method

__all__ = ["Chart", "roofline", "scaling"]

_PLOT_PX = 160.0
_CAP = 3.5
_MOST_BEHIND = 0.36 * WIDTH  # of the width, for labels behind the ends
_PUBLISHED = Look(MUTED, "6 4")


def scaling(figures: Figures) -> tuple[Chart, ...]:
    """Times in the operator's unit over an axis, one chart for each method and family of cases."""
    charts = []
    for method in figures.methods:
        rows = [r for r in figures.of_method(method) if r.trusted]
        along_axis = sweep((row.record.case for row in rows), figures.result.operator)
        for family in dict.fromkeys(along_axis.family(row.record.case) for row in rows):
            members = [row for row in rows if along_axis.family(row.record.case) == family]
            charts.append(_chart(method, members, along_axis, figures.result.operator))
    return tuple(charts)


def _chart(method: Method, rows: list[Figure], along: Sweep, operator: OperatorFacts) -> Chart:
    family = along.family(rows[0].record.case)
    name = f"scaling-{file_name(family)}-{file_word(method)}.svg"
    title = f"Scaling, {family.label}, {method.value}"
    reason = too_few(len({along.value(row.record.case) for row in rows}), along.name)
    if reason:
        return Chart(name, title, None, reason)
    curves = tuple(_curves(rows, along, operator))
    unit = operator.unit.replace("/", " per ")
    bases = tuple(_base(one, method, rows, along) for one in published(operator.name))
    subject = Scaling(
        *(label(title, 90), label(along.name, 40), label(unit, 30)),
        *(curves, tuple(one for one in bases if one)),
    )
    return Chart(name, title, subject, description=subject.description)


@dataclass(frozen=True)
class Curve:
    """Those of one provider, or of a series that was published and has no intervals."""

    says: str
    look: Look
    points: tuple[Point, ...]


@dataclass(frozen=True)
class _Room:
    """Where values lie."""

    plot: Box
    across: Scale | Places
    up: Scale

    def path(self, curve: Curve) -> tuple[Place, ...]:
        return tuple((self.across.at(one.at), self.up.at(one.middle)) for one in curve.points)


@dataclass(frozen=True)
class Scaling:
    """axis and unit: in words. curves: the last one lies in front."""

    title: str
    axis: str
    unit: str
    curves: tuple[Curve, ...]
    bases: tuple[Curve, ...] = ()

    @property
    def description(self) -> str:
        """Who is fastest at the end of the axis, and from what to what that one goes."""
        last = max(point.at for curve in self.curves for point in curve.points)
        ends = [(one.points[-1].middle, one) for one in self.curves if one.points[-1].at == last]
        best, curve = min(ends, key=lambda pair: pair[0])
        slowest, slow = max(ends, key=lambda pair: pair[0])
        told = f"at {self.axis} {last} {curve.says} is the fastest, {_told(best)} {self.unit}"
        if len(ends) == 1:
            told = f"at {self.axis} {last} {curve.says} takes {_told(best)} {self.unit}"
        elif slow is not curve:
            told += f", and {slow.says} the slowest, {_told(slowest)}"
        first = curve.points[0]
        came = f"from {self.axis} {first.at} to {last} {curve.says} goes from "
        came += f"{_told(first.middle)} to {_told(best)}"
        return " ".join(words.listed([told, came] if first.at != last else [told]))

    def drawing(self) -> Drawing:
        head, top = frame.heading(self.title, f"{self.unit} (median, 95 % interval)")
        room = self._room(top, self._behind())
        lines = [item for curve in (*self.bases, *self.curves) for item in _drawn(curve, room)]
        labels = self._labels(room, lines)
        if labels is None and room.plot.right < WIDTH - frame.EDGE - BEHIND:
            room = self._room(top, frame.EDGE + BEHIND)
            lines = [item for curve in (*self.bases, *self.curves) for item in _drawn(curve, room)]
        named = labels or Ends((), ())
        unnamed = [] if labels else list(self.curves[::-1])
        texts = list(named.texts)
        for base in self.bases:
            text = _along(base, room, [*lines, *texts])
            texts += [text] if text else []
            unnamed += [] if text else [base]
        below, y = frame.axis_across(room.plot, room.across, self.axis)
        keys, y = frame.legend([frame.Entry(one.says, one.look) for one in unnamed], y)
        around = (*frame.axis_up(room.plot, room.up), *below, *keys)
        grid = frame.grid(room.plot, room.up, texts)
        items = (*head, grid, *around, *lines, *named.leads, *texts)
        return Drawing(self.title, self.description, y + frame.EDGE, items)

    def _behind(self) -> float:
        """What labels behind the ends would take of the width; of too much they get none."""
        widest = max(words.width(curve.says) for curve in self.curves)
        wide = BEHIND + widest + frame.EDGE
        return wide if wide < _MOST_BEHIND else BEHIND + frame.EDGE

    def _room(self, top: float, at_right: float) -> _Room:
        points = [point for curve in (*self.curves, *self.bases) for point in curve.points]
        highest = max(max(point.high, point.middle) for point in points)
        bottom = top + _PLOT_PX
        up = linear(0.0, highest * 1.06, bottom, top)
        left = frame.left_of(up.ticks)
        plot = Box(left, top, WIDTH - at_right, bottom)
        across = given([point.at for point in points], left + 12, plot.right)
        ticks = tuple(sorted({point.at for curve in self.curves for point in curve.points}))
        return _Room(
            plot, replace(across, ticks=ticks) if isinstance(across, Scale) else across, up
        )

    def _labels(self, room: _Room, lines: list[Item]) -> Ends | None:
        """One behind the end of each curve, if all end together and there is room for all."""
        last = max(point.at for curve in self.curves for point in curve.points)
        if any(curve.points[-1].at != last for curve in self.curves):
            return None
        names = [Name(one.says, room.path(one)[-1], one.look.shade) for one in self.curves]
        area = Box(0, room.plot.top, WIDTH - 2, room.plot.bottom)
        return behind(names, room.across.at(last) + BEHIND, area, taken(lines))


def _along(base: Curve, room: _Room, items: list[Item]) -> Text | None:
    sides = Line((((room.plot.left, room.plot.top), (room.plot.left, room.plot.bottom)),))
    return along(base.says, room.path(base), room.plot, taken([*items, sides]))


def _drawn(curve: Curve, room: _Room) -> list[Item]:
    path, look = room.path(curve), curve.look
    line = Line((path,), look.shade, look.dash, 2.0 if look.marker else 1.5)
    if not look.marker:
        return [line]
    bars = []
    for (x, _), point in zip(path, curve.points, strict=True):
        low, high = room.up.at(point.low), room.up.at(point.high)
        if low - high >= 1:  # px; a shorter one is all below its marker
            bars += [((x - _CAP, y), (x + _CAP, y)) for y in (low, high)] + [((x, low), (x, high))]
    marks = Markers(path, look.marker, look.shade)
    return [line, Line(tuple(bars), look.shade, thick=1.5), marks] if bars else [line, marks]


def _curves(rows: list[Figure], along: Sweep, operator: OperatorFacts) -> list[Curve]:
    """Ours last, so that it lies in front."""
    curves = []
    for provider, look in series(rows, operator):
        mine = [row for row in rows if row.record.provider == provider]
        mine.sort(key=lambda row: along.value(row.record.case))
        points = tuple(_point(row, along) for row in mine)
        curves.append((provider == operator.ours, Curve(label(provider), look, points)))
    return [curve for _, curve in sorted(curves, key=lambda pair: pair[0])]


def _point(row: Figure, along: Sweep) -> Point:
    summary, per = row.summary, row.facts.per
    assert summary is not None, "only rows with a summary are drawn"
    low = summary.median_us if summary.low_us is None else summary.low_us
    high = summary.median_us if summary.high_us is None else summary.high_us
    return Point(along.value(row.record.case), low / per, summary.median_us / per, high / per)


def _base(base: Baseline, method: Method, rows: list[Figure], along: Sweep) -> Curve | None:
    """The line of a published series that runs through these cases."""
    if method is not base.method or rows[0].record.case not in [row.case for row in base.rows]:
        return None
    points = [Point(along.value(row.case), *(row.unit_us,) * 3) for row in base.rows]
    points.sort(key=lambda point: point.at)
    short = base.name.partition(",")[0]
    return Curve(label(f"original report: {short}", 40), _PUBLISHED, tuple(points))


def _told(value: float) -> str:
    return rounded(value, None)
