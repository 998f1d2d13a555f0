"""The bar chart of time against the four floors that hold for any kernel: HBM, L2, tensor, exp."""

from __future__ import annotations

from orchestrator.performance.roofline import Resource, Roof, roofs
from orchestrator.report.charts.drawing import (
    INK,
    MUTED,
    PAGE,
    Chart,
    Sketch,
    blank,
    file_word,
    label,
    series,
    sketched,
)
from orchestrator.report.families import file_name
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.insight import Insight, row_of, telling
from remote_payload.contract.facts import OperatorFacts

# Top to bottom. mma.sync and FP32 hold only for kernels that use them, and stand in the table.
_ORDER = (Resource.MEMORY, Resource.L2, Resource.TENSOR, Resource.EXP)
_FLOOR = "#c8c8c8"
_ROW_INCHES, _FRAME_INCHES = 0.42, 1.3
_ROOM_FOR_TEXT = 1.55


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
    bounds = [known[resource] for resource in _ORDER if resource in known]
    if not bounds:
        return (Chart(name, title, None, "nobody knows how much work it is"),)
    return (sketched(name, title, lambda: _draw(title, rows, bounds, figures.result.operator)),)


def _draw(title: str, rows: list[Figure], bounds: list[Roof], operator: OperatorFacts) -> Sketch:
    looks = {provider: color for provider, color, _ in series(rows, operator)}
    rows = sorted(rows, key=_median)
    lowest = max(bounds, key=lambda roof: roof.floor_us)
    sketch = blank(title)
    axes = sketch.axes
    sketch.figure.set_size_inches(7.6, _FRAME_INCHES + _ROW_INCHES * (len(rows) + len(bounds)))
    names, ends = [], []
    for place, roof in enumerate(bounds):
        axes.barh(place, roof.floor_us, color=_FLOOR, edgecolor=MUTED, hatch="//", height=0.7)
        names.append(f"{roof.resource.value} floor")
        ends.append((roof.floor_us, f"{roof.floor_us:.4g} µs"))
    for place, row in enumerate(rows, len(bounds)):
        axes.barh(place, _median(row), color=looks[row.record.provider], height=0.7)
        names.append(label(row.record.provider))
        ends.append((_median(row), _words(row, lowest)))
    for place, (end, text) in enumerate(ends):
        axes.annotate(
            text,
            (end, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            bbox={"facecolor": PAGE, "edgecolor": "none", "pad": 1},
        )
    axes.axvline(lowest.floor_us, color=INK, linestyle="--", linewidth=1.2)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_axisbelow(True)
    axes.set_xlim(0, max(end for end, _ in ends) * _ROOM_FOR_TEXT)
    axes.set_xlabel("µs per call (median); floors at documented peaks")
    return sketch


def _median(row: Figure) -> float:
    return row.summary.median_us if row.summary else 0.0


def _words(row: Figure, lowest: Roof) -> str:
    ratio = _median(row) / lowest.floor_us
    return f"{_median(row):.4g} µs, {ratio:.3g}× the {lowest.resource.value} floor"
