"""How a time grows along the axis that varies, one chart for each method and family of cases."""

from __future__ import annotations

from typing import Any

from orchestrator.report.baselines import Baseline, published
from orchestrator.report.charts.drawing import (
    MUTED,
    Chart,
    Sketch,
    blank,
    file_word,
    label,
    series,
    sketched,
)
from orchestrator.report.charts.roofline import roofline
from orchestrator.report.families import Sweep, file_name, sweep
from orchestrator.report.figures import Figure, Figures
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.words import Method

__all__ = ["Chart", "roofline", "scaling"]


def scaling(figures: Figures) -> tuple[Chart, ...]:
    """Times in the operator's unit over an axis, one chart for each method and family of cases."""
    charts = []
    for method in figures.methods:
        rows = [r for r in figures.of_method(method) if r.trusted]
        along = sweep((row.record.case for row in rows), figures.result.operator)
        for family in dict.fromkeys(along.family(row.record.case) for row in rows):
            members = [row for row in rows if along.family(row.record.case) == family]
            charts.append(_chart(method, members, along, figures.result.operator))
    return tuple(charts)


def _chart(method: Method, rows: list[Figure], along: Sweep, operator: OperatorFacts) -> Chart:
    family = along.family(rows[0].record.case)
    name = f"scaling-{file_name(family)}-{file_word(method)}.svg"
    title = f"Scaling, {family.label}, {method.value}"
    if len({along.value(row.record.case) for row in rows}) < 2:
        what = f"one value of {along.name}" if along.name else "one case"
        return Chart(name, title, None, f"only {what} was timed")
    return sketched(name, title, lambda: _draw(title, method, rows, along, operator))


def _draw(
    title: str, method: Method, rows: list[Figure], along: Sweep, operator: OperatorFacts
) -> Sketch:
    sketch = blank(title)
    axes = sketch.axes
    values = sorted({along.value(row.record.case) for row in rows})
    for provider, color, marker in series(rows, operator):
        mine = [row for row in rows if row.record.provider == provider]
        mine.sort(key=lambda row: along.value(row.record.case))
        points = [_point(row) for row in mine]
        axes.errorbar(
            [along.value(row.record.case) for row in mine],
            [middle for middle, _, _ in points],
            yerr=[[low for _, low, _ in points], [high for _, _, high in points]],
            color=color,
            marker=marker,
            markersize=6,
            linewidth=1.8,
            capsize=3,
            label=label(provider),
        )
    for base in published(operator.name):
        _beside(axes, base, method, rows, along)
    axes.set_xscale("log", base=2)
    axes.set_xticks(values, [str(value) for value in values])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel(along.name)
    axes.set_ylabel(f"{_unit(operator)} (median, 95 % interval)")
    axes.legend(loc="best")
    return sketch


def _unit(operator: OperatorFacts) -> str:
    """µs/head as `µs per head`."""
    return operator.unit.replace("/", " per ")


def _beside(axes: Any, base: Baseline, method: Method, rows: list[Figure], along: Sweep) -> None:
    """The line of a published series that runs through these cases."""
    if method is not base.method or rows[0].record.case not in [row.case for row in base.rows]:
        return
    axes.plot(
        [along.value(row.case) for row in base.rows],
        [row.unit_us for row in base.rows],
        color=MUTED,
        linestyle="--",
        linewidth=1.4,
        label=f"original report: {base.name}",
    )


def _point(row: Figure) -> tuple[float, float, float]:
    """Median and the distances down and up to its interval's ends, in the operator's unit."""
    summary, per = row.summary, row.facts.per
    assert summary is not None, "only rows with a summary are drawn"
    low = summary.median_us if summary.low_us is None else summary.low_us
    high = summary.median_us if summary.high_us is None else summary.high_us
    middle = summary.median_us / per
    return middle, middle - low / per, high / per - middle
