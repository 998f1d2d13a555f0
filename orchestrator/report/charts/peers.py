"""The chart of a standing: how much faster each provider is than the best other, case by case."""

from __future__ import annotations

from orchestrator.report.charts.drawing import (
    INK,
    MUTED,
    Chart,
    Sketch,
    blank,
    file_word,
    label,
    series,
    sketched,
)
from orchestrator.report.families import file_name
from orchestrator.report.sections.findings.beside import Place, Standing

# Cases stand one apart; the providers of one share this much of that, side by side.
_GROUP = 0.7


def speedups(found: Standing) -> Chart:
    """One line for each provider, with the intervals of its speed-ups."""
    name = f"beside-{file_name(found.family)}-{file_word(found.method)}.svg"
    title = f"Beside the best, {found.family.label}, {found.method.value}"
    return sketched(name, title, lambda: _draw(title, found))


def _draw(title: str, found: Standing) -> Sketch:
    looks = tuple(series([p.figure for p in found.places], found.result.operator))
    sketch = blank(title)
    axes = sketch.axes
    for number, (provider, color, marker) in enumerate(looks):
        mine = [place for place in found.places if place.provider == provider]
        aside = _GROUP * (number / max(len(looks) - 1, 1) - 0.5)
        points = [_point(place) for place in mine]
        axes.errorbar(
            [found.values.index(found.along.value(place.case)) + aside for place in mine],
            [middle for middle, _, _ in points],
            yerr=[[low for _, low, _ in points], [high for _, _, high in points]],
            color=color,
            marker=marker,
            markersize=6,
            linewidth=0.8,
            elinewidth=1.6,
            capsize=3,
            label=label(provider),
        )
    axes.axhline(1, color=INK, linewidth=1.2, zorder=1)
    axes.set_xlim(-0.5, len(found.values) - 0.5)
    axes.set_xticks(range(len(found.values)), [str(count) for count in found.values])
    axes.grid(visible=False, axis="x")
    for border in range(1, len(found.values)):
        axes.axvline(border - 0.5, color=MUTED, linewidth=0.5, zorder=0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(found.along.name)
    axes.set_ylabel("times as fast as the best other (95 % interval)")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return sketch


def _point(place: Place) -> tuple[float, float, float]:
    """The speed-up and the distances down and up to its interval's ends; the best other is 1."""
    if place.against is None:
        return 1.0, 0.0, 0.0
    speedup = place.against.speedup
    low = speedup.median if speedup.low is None else speedup.low
    high = speedup.median if speedup.high is None else speedup.high
    return speedup.median, speedup.median - low, high - speedup.median
