"""Charts of a report; what they share lies in `chart_drawing`."""

from __future__ import annotations

from orchestrator.performance.attention import per_head_us
from orchestrator.report.baselines import original
from orchestrator.report.charts.drawing import (
    MUTED,
    Chart,
    canvas,
    drawn,
    file_word,
    label,
    series,
    svg,
)
from orchestrator.report.charts.roofline import roofline
from orchestrator.report.figures import Figure, Figures
from remote_payload.contract.case import Shape
from remote_payload.contract.words import Method

__all__ = ["Chart", "roofline", "scaling"]


def scaling(figures: Figures) -> tuple[Chart, ...]:
    """µs/head over heads, one chart for each method and family of shapes."""
    charts = []
    for method in figures.methods:
        rows = [r for r in figures.of_method(method) if r.trusted]
        for family in dict.fromkeys(_family(row.record.shape) for row in rows):
            members = [row for row in rows if _family(row.record.shape) == family]
            charts.append(_scaling_chart(method, members))
    return tuple(charts)


def _family(shape: Shape) -> tuple[int, int, int, str, bool]:
    return shape.batch, shape.seq, shape.dim, shape.dtype.value, shape.causal


def _scaling_chart(method: Method, rows: list[Figure]) -> Chart:
    batch, seq, dim, dtype, causal = _family(rows[0].record.shape)
    mask = "-causal" if causal else ""
    name = f"scaling-b{batch}-s{seq}-d{dim}-{dtype}{mask}-{file_word(method)}.svg"
    title = f"Scaling, B={batch} S={seq} D={dim} {dtype}{mask.replace('-', ' ')}, {method.value}"
    if len({row.record.shape.heads for row in rows}) < 2:
        return Chart(name, title, "", "only one head count was timed")
    return drawn(name, title, lambda: _draw_scaling(title, method, rows))


def _draw_scaling(title: str, method: Method, rows: list[Figure]) -> str:
    with canvas(title) as (figure, axes):
        heads = sorted({row.record.shape.heads for row in rows})
        for provider, color, marker in series(rows):
            mine = [row for row in rows if row.record.provider == provider]
            mine.sort(key=lambda row: row.record.shape.heads)
            points = [_per_head(row) for row in mine]
            axes.errorbar(
                [row.record.shape.heads for row in mine],
                [middle for middle, _, _ in points],
                yerr=[[low for _, low, _ in points], [high for _, _, high in points]],
                color=color,
                marker=marker,
                markersize=6,
                linewidth=1.8,
                capsize=3,
                label=label(provider),
            )
        base = original()
        if method is base.method and rows[0].record.shape in map(base.shape, base.rows):
            axes.plot(
                [row.heads for row in base.rows],
                [row.per_head_us for row in base.rows],
                color=MUTED,
                linestyle="--",
                linewidth=1.4,
                label=f"original report: {base.name}",
            )
        axes.set_xscale("log", base=2)
        axes.set_xticks(heads, [str(count) for count in heads])
        axes.minorticks_off()
        axes.set_ylim(bottom=0)
        axes.set_xlabel("heads")
        axes.set_ylabel("µs per head (median, 95 % interval)")
        axes.legend(loc="best")
        return svg(figure)


def _per_head(row: Figure) -> tuple[float, float, float]:
    """Median and the distances down and up to its interval's ends, in µs per head."""
    shape, summary = row.record.shape, row.summary
    assert summary is not None, "only rows with a summary are drawn"
    low = summary.median_us if summary.low_us is None else summary.low_us
    high = summary.median_us if summary.high_us is None else summary.high_us
    middle = per_head_us(shape, summary.median_us)
    return middle, middle - per_head_us(shape, low), per_head_us(shape, high) - middle
