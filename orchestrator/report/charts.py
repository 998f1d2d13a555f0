"""Charts as SVG: repeatable to the byte, readable on light and dark pages, colour-blind safe."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from orchestrator.model.attention import intensity, per_head_us, tflops
from orchestrator.model.device import Device
from orchestrator.model.roofline import Resource, exp_tflops, roofs
from orchestrator.report.baselines import original
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.plain import one_line, private
from remote_payload.catalog import BASELINE, OURS
from remote_payload.contract import Method, Shape

# Okabe and Ito's palette (jfly.uni-koeln.de/color), told apart also by marker and in grey.
_INK, _MUTED, _PAGE = "#222222", "#666666", "#ffffff"
_FIXED = {OURS: ("#D55E00", "o"), BASELINE: ("#0072B2", "s")}
_OTHERS = (("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P"))

_STYLE = {
    "svg.hashsalt": "blackwell-sparsek",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _MUTED,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e3e3",
    "figure.facecolor": _PAGE,
    "axes.facecolor": _PAGE,
    "legend.frameon": False,
}


@dataclass(frozen=True)
class Chart:
    """One drawing. name: file name under charts/; svg: empty when reason says why not."""

    name: str
    title: str
    svg: str
    reason: str = ""


def scaling(figures: Figures) -> tuple[Chart, ...]:
    """µs/head over heads, one chart for each method and family of shapes."""
    charts = []
    for method in figures.methods:
        rows = [r for r in figures.of_method(method) if r.trusted]
        for family in dict.fromkeys(_family(row.record.shape) for row in rows):
            members = [row for row in rows if _family(row.record.shape) == family]
            charts.append(_scaling_chart(method, members))
    return tuple(charts)


def roofline(figures: Figures) -> Chart | None:
    """TFLOPS over arithmetic intensity under the machine's roofs; None if nothing was timed."""
    rows = [r for r in figures.rows if r.trusted]
    if not rows:
        return None
    method, dtype = rows[0].record.method, rows[0].record.shape.dtype
    rows = [r for r in rows if (r.record.method, r.record.shape.dtype) == (method, dtype)]
    title = f"Roofline, {dtype.value}, {method.value}"
    name = f"roofline-{dtype.value}-{_file_word(method)}.svg"
    if figures.device is None:
        return Chart(name, title, "", "no roof is known for this machine")
    return Chart(name, title, _draw_roofline(title, rows, figures.device))


def _family(shape: Shape) -> tuple[int, int, int, str, bool]:
    return shape.batch, shape.seq, shape.dim, shape.dtype.value, shape.causal


def _file_word(method: Method) -> str:
    return method.value.replace("_", "-")


def _scaling_chart(method: Method, rows: list[Figure]) -> Chart:
    batch, seq, dim, dtype, causal = _family(rows[0].record.shape)
    mask = "-causal" if causal else ""
    name = f"scaling-b{batch}-s{seq}-d{dim}-{dtype}{mask}-{_file_word(method)}.svg"
    title = f"Scaling, B={batch} S={seq} D={dim} {dtype}{mask.replace('-', ' ')}, {method.value}"
    if len({row.record.shape.heads for row in rows}) < 2:
        return Chart(name, title, "", "only one head count was timed")
    return Chart(name, title, _draw_scaling(title, method, rows))


def _draw_scaling(title: str, method: Method, rows: list[Figure]) -> str:
    with _canvas(title) as (figure, axes):
        heads = sorted({row.record.shape.heads for row in rows})
        for provider, color, marker in _series(rows):
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
                label=_label(provider),
            )
        base = original()
        if method is base.method and rows[0].record.shape in map(base.shape, base.rows):
            axes.plot(
                [row.heads for row in base.rows],
                [row.per_head_us for row in base.rows],
                color=_MUTED,
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
        return _svg(figure)


def _draw_roofline(title: str, rows: list[Figure], device: Device) -> str:
    with _canvas(title) as (figure, axes):
        _draw_roofs(axes, [row.record.shape for row in rows], device)
        for provider, color, marker in _series(rows):
            mine = [row for row in rows if row.record.provider == provider]
            axes.plot(
                [intensity(row.record.shape) for row in mine],
                [row.tflops for row in mine],
                color=color,
                marker=marker,
                markersize=7,
                markeredgecolor=_PAGE,
                linestyle="none",
                label=_label(provider),
            )
        _log_axes(axes)
        axes.set_xlabel("FLOP per byte of compulsory traffic")
        axes.set_ylabel("TFLOPS (median)")
        axes.legend(loc="best")
        return _svg(figure)


def _draw_roofs(axes: Any, shapes: list[Shape], device: Device) -> None:
    tensor = next(
        tflops(shapes[0], roof.floor_us)
        for roof in roofs(shapes[0], device, Method.COLD)
        if roof.resource is Resource.TENSOR
    )
    ridge = tensor * 1e3 / device.memory_gbs
    intensities = [ridge, *(intensity(shape) for shape in shapes)]
    left, right = min(intensities) / 8, max(intensities) * 8
    corner = left * device.memory_gbs / 1e3
    axes.plot([left, ridge, right], [corner, tensor, tensor], color=_INK)
    _note(axes, right, tensor, f"tensor {tensor:.0f} TFLOPS", above=True)
    _note(axes, left * 1.6, corner * 1.2, f"HBM {device.memory_gbs / 1e3:.3g} TB/s", side="left")
    for dim in sorted({shape.dim for shape in shapes}):
        rate = exp_tflops(next(shape for shape in shapes if shape.dim == dim), device)
        axes.axhline(rate, color=_MUTED, linestyle=":")
        _note(axes, right, rate, f"exp at D={dim}: {rate:.0f} TFLOPS")


def _log_axes(axes: Any) -> None:
    """Logarithmic both ways, with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _note(
    axes: Any, x: float, y: float, text: str, *, side: str = "right", above: bool = False
) -> None:
    axes.annotate(
        text,
        (x, y),
        xytext=(0, 4 if above else -4),
        textcoords="offset points",
        ha=side,
        va="bottom" if above else "top",
        color=_MUTED,
        fontsize=9,
    )


def _per_head(row: Figure) -> tuple[float, float, float]:
    """Median and the distances down and up to its interval's ends, in µs per head."""
    shape, summary = row.record.shape, row.summary
    assert summary is not None, "only rows with a summary are drawn"
    low = summary.median_us if summary.low_us is None else summary.low_us
    high = summary.median_us if summary.high_us is None else summary.high_us
    middle = per_head_us(shape, summary.median_us)
    return middle, middle - per_head_us(shape, low), per_head_us(shape, high) - middle


def _series(rows: list[Figure]) -> Iterator[tuple[str, str, str]]:
    """Provider, colour and marker; ours and the baseline always look the same."""
    providers = sorted({row.record.provider for row in rows})
    others = [name for name in providers if name not in _FIXED]
    for provider in providers:
        look = _FIXED.get(provider) or _OTHERS[others.index(provider) % len(_OTHERS)]
        yield provider, *look


def _label(text: str) -> str:
    """A name from outside, in characters every font has; a leading _ would hide it."""
    return private(one_line(text)).encode("ascii", "replace").decode().lstrip("_") or "?"


@contextmanager
def _canvas(title: str) -> Iterator[tuple[Any, Any]]:
    """An empty figure in our style. matplotlib is slow to import, so only who draws pays."""
    import matplotlib
    from matplotlib.figure import Figure as Drawing

    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **_STYLE}):
        drawing = Drawing(figsize=(7.6, 4.4), layout="constrained")
        axes = drawing.subplots()
        axes.set_title(title, loc="left", fontsize=11, color=_INK)
        yield drawing, axes


def _svg(figure: Any) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()
