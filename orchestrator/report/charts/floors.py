"""The bar chart of time against the four floors that hold for any kernel: HBM, L2, tensor, exp."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.performance.roofline import Resource, roofs
from orchestrator.report.charts import frame, words
from orchestrator.report.charts.boxes import Box
from orchestrator.report.charts.canvas import WIDTH, Bars, Drawing, Item, Line, Text
from orchestrator.report.charts.drawing import Chart, file_word, label, series
from orchestrator.report.charts.scales import linear
from orchestrator.report.charts.style import FONT_PX, INK, MUTED
from orchestrator.report.families import file_name
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.insight import Insight, row_of, telling

# Top to bottom. mma.sync and FP32 hold only for kernels that use them, and stand in the table.
_ORDER = (Resource.MEMORY, Resource.L2, Resource.TENSOR, Resource.EXP)
_BAR_PX, _BETWEEN_PX = 13.0, 9.0
_TEXT_PX = words.LINE_PX + 3  # of the line of text above its bar


def floors(figures: Figures | None, insight: Insight) -> tuple[Chart, ...]:
    """The chart; none on a CPU and where nothing was timed."""
    if figures is None or not figures.on_gpu:
        return ()
    case = telling(figures, insight)
    names = dict.fromkeys(row.record.provider for row in figures.rows)
    found = [row_of(figures, name, case) for name in names] if case else []
    rows = [row for row in found if row is not None]
    if case is None or not rows:
        return ()
    method = rows[0].record.method
    rows = [row for row in rows if row.record.method is method]
    name = f"floors-{file_name(case)}-{file_word(method)}.svg"
    title = f"Time against the floors, {case.label}, {method.value}"
    if figures.device is None:
        return (Chart(name, title, None, "no roof is known for this machine"),)
    known = {roof.resource: roof for roof in roofs(rows[0].facts, figures.device, method)}
    bounds = tuple(
        Bound(f"{resource.value} floor", known[resource].floor_us)
        for resource in _ORDER
        if resource in known
    )
    if not bounds:
        return (Chart(name, title, None, "nobody knows how much work it is"),)
    looks = dict(series(rows, figures.result.operator))
    times = [
        Bound(label(row.record.provider), _median(row), looks[row.record.provider].shade)
        for row in sorted(rows, key=_median)
    ]
    subject = Floors(label(title, 90), bounds, tuple(times))
    return (Chart(name, title, subject, description=subject.description),)


@dataclass(frozen=True)
class Bound:
    """A bar. shade: of a provider; empty for a floor."""

    says: str
    us: float
    shade: str = ""


@dataclass(frozen=True)
class Floors:
    """floors, then times, each in the order of its bars; the fastest first."""

    title: str
    floors: tuple[Bound, ...]
    times: tuple[Bound, ...]

    @property
    def longest(self) -> Bound:
        """The floor that a perfect kernel would hit first."""
        return max(self.floors, key=lambda floor: floor.us)

    @property
    def description(self) -> str:
        """The longest floor, and how far the fastest and the slowest are from it."""
        told = [f"the longest floor is the {self.longest.says}, {self.longest.us:.4g} µs"]
        told.append(f"the fastest is {self.times[0].says} with {self._words(self.times[0])}")
        if len(self.times) > 1:
            told.append(f"the slowest is {self.times[-1].says} with {self._words(self.times[-1])}")
        return " ".join(words.listed(told))

    def drawing(self) -> Drawing:
        head, top = frame.heading(self.title)
        bars = (*self.floors, *self.times)
        row = _TEXT_PX + _BAR_PX + _BETWEEN_PX
        plot = Box(frame.EDGE, top, WIDTH - frame.EDGE - 8, top + row * len(bars))
        longest = max(bar.us for bar in bars)
        across = linear(0.0, longest, plot.left, plot.right)
        at = across.at(self.longest.us)
        boxes: list[Box] = []
        items: list[Item] = []
        for number, bar in enumerate(bars):
            below = top + row * number + _TEXT_PX
            right = max(across.at(bar.us), plot.left + 1)
            boxes.append(Box(plot.left, below, right, below + _BAR_PX))
            items += self._text(bar, plot, top + row * number)
            items += [Bars((boxes[-1],), bar.shade)] if bar.shade else []
        hatched = Bars(tuple(boxes[: len(self.floors)]), MUTED, is_hatched=True)
        # On each bar by itself, as it would strike out what stands above.
        marks = tuple(((at, box.top), (at, box.bottom + 5)) for box in boxes)
        mark = Line(marks, INK, "4 2", 1.5)
        sides = ((plot.left, plot.top), (plot.left, plot.bottom), (plot.right, plot.bottom))
        axis = Line((sides,), role="rule", thick=1)
        says = "µs per call (median); floors at documented peaks"
        below_axis, y = frame.axis_across(plot, across, says)
        items = [*head, hatched, *items, mark, axis, *below_axis]
        return Drawing(self.title, self.description, y + frame.EDGE, tuple(items))

    def _text(self, bar: Bound, plot: Box, top: float) -> tuple[Text, Text]:
        """Name and figures, above the bar."""
        baseline = top + words.ASCENT * FONT_PX
        figures = Text(self._words(bar), plot.right, baseline, "end", shade=MUTED)
        name = words.fitting(bar.says, figures.box.left - plot.left - 16)
        return Text(name, plot.left + 5, baseline, shade=bar.shade), figures

    def _words(self, bar: Bound) -> str:
        if not bar.shade:
            return f"{bar.us:.4g} µs"
        return f"{bar.us:.4g} µs, {bar.us / self.longest.us:.3g}× the {self.longest.says}"


def _median(row: Figure) -> float:
    return row.summary.median_us if row.summary else 0.0
