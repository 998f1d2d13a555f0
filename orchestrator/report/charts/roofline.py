"""The roofline: TFLOPS over arithmetic intensity, under the machine's roofs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.performance.attention import intensity, tflops
from orchestrator.performance.device import Device
from orchestrator.performance.practical import practical
from orchestrator.performance.roofline import Resource, exp_tflops, roofs, special_roofs
from orchestrator.performance.target import TARGET_SHAPE
from orchestrator.report.charts.drawing import (
    INK,
    MUTED,
    PAGE,
    Chart,
    canvas,
    drawn,
    file_word,
    label,
    series,
    svg,
)
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.plain import private
from remote_payload.contract.case import Shape
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method

_MEASURED = "#2f7d4f"
_LEGEND_ROW_INCHES = 0.22
# Where two horizontal roofs are closer than this, one label names both.
_SAME = 0.02
_APART = 1.07


def roofline(figures: Figures) -> Chart | None:
    """TFLOPS over arithmetic intensity under the machine's roofs; None if nothing was timed."""
    rows = [r for r in figures.rows if r.trusted]
    if not rows:
        return None
    method, dtype = rows[0].record.method, rows[0].record.shape.dtype
    rows = [r for r in rows if (r.record.method, r.record.shape.dtype) == (method, dtype)]
    title = f"Roofline, {dtype.value}, {method.value}"
    name = f"roofline-{dtype.value}-{file_word(method)}.svg"
    if figures.device is None:
        return Chart(name, title, "", "no roof is known for this machine")
    device = figures.device
    return drawn(name, title, lambda: _draw(title, rows, device, figures.result))


def _draw(title: str, rows: list[Figure], device: Device, result: Result) -> str:
    shapes = [row.record.shape for row in rows]
    with canvas(title) as (figure, axes):
        left, right = _width(shapes, device)
        _sloping(axes, device, left, right)
        _level(axes, shapes, device, right)
        _practical(axes, result, shapes[0], left, right)
        looks = list(series(rows))
        for place, (provider, color, marker) in enumerate(looks):
            mine = [row for row in rows if row.record.provider == provider]
            _points(axes, mine, color, marker, _APART ** (place - (len(looks) - 1) / 2))
        _reached(axes, rows, _APART ** (len(looks) / 2))
        _log_axes(axes)
        axes.set_xlim(left, right)
        axes.set_ylim(*_height(rows, device))
        beside = "; providers of one shape stand side by side" if len(looks) > 1 else ""
        axes.set_xlabel(f"FLOP per byte of compulsory traffic{beside}")
        axes.set_ylabel("TFLOPS (median)")
        figure.set_size_inches(7.6, 4.8 + _LEGEND_ROW_INCHES * len(looks))
        figure.legend(loc="outside lower left", fontsize=9)
        return svg(figure)


def _points(axes: Any, rows: list[Figure], color: str, marker: str, shift: float) -> None:
    """All of a provider's shapes, the telling one large and with its distance to its roof.

    shift: a factor on the intensity, since all providers of a shape have the same.
    """
    chosen = _telling(rows)
    others = [row for row in rows if row is not chosen]
    style = {"marker": marker, "color": color, "linestyle": "none", "markeredgecolor": PAGE}
    x = intensity(chosen.record.shape) * shift
    axes.plot(
        [intensity(row.record.shape) * shift for row in others],
        [row.tflops for row in others],
        markersize=5,
        alpha=0.45,
        **style,
    )
    if chosen.roof is not None and chosen.tflops is not None:
        top = tflops(chosen.record.shape, chosen.roof.floor_us)
        axes.plot([x, x], [chosen.tflops, top], color=color, linewidth=1.2, alpha=0.7)
    axes.plot([x], [chosen.tflops], markersize=10, label=_distance(chosen), zorder=5, **style)


def _reached(axes: Any, rows: list[Figure], width: float) -> None:
    """A level mark where the telling shape's own intensity meets its roof."""
    chosen = _telling(rows)
    if chosen.roof is not None:
        shape = chosen.record.shape
        top, x = tflops(shape, chosen.roof.floor_us), intensity(shape)
        axes.plot([x / width, x * width], [top, top], color=INK, linewidth=1)


def _telling(rows: list[Figure]) -> Figure:
    def weight(row: Figure) -> tuple[bool, int]:
        shape = row.record.shape
        return shape == TARGET_SHAPE, shape.batch * shape.heads * shape.seq**2 * shape.dim

    return max(rows, key=weight)


def _distance(row: Figure) -> str:
    shape, summary = row.record.shape, row.summary
    text = f"{label(row.record.provider)} at H={shape.heads}: {row.tflops:.0f} TFLOPS"
    if row.roof is None or summary is None:
        return text
    times = summary.median_us / row.roof.floor_us
    return f"{text}, {times:.2f}× below its nearest roof ({row.roof.resource.value})"


def _width(shapes: list[Shape], device: Device) -> tuple[float, float]:
    ridge = _tensor(shapes[0], device) * 1e3 / device.memory_gbs
    intensities = [ridge, *(intensity(shape) for shape in shapes)]
    return min(intensities) / 6, max(intensities) * 4


def _height(rows: list[Figure], device: Device) -> tuple[float, float]:
    rates = [row.tflops for row in rows if row.tflops is not None]
    shapes = [row.record.shape for row in rows]
    roofs_shown = [_tensor(shapes[0], device), *(exp_tflops(shape, device) for shape in shapes)]
    top = max(*roofs_shown, *rates)
    return min([*rates, device.fp32_tflops or top]) / 1.6, top * 1.6


def _tensor(shape: Shape, device: Device) -> float:
    every = roofs(shape, device, Method.COLD)
    floors = [roof.floor_us for roof in every if roof.resource is Resource.TENSOR]
    return tflops(shape, floors[0])


def _sloping(axes: Any, device: Device, left: float, right: float) -> None:
    """Bandwidths, each up to the tensor roof, named along its line."""
    known = [("HBM", device.memory_gbs, "-", INK)]
    if device.l2_gbs:
        known.append(("L2", device.l2_gbs, "--", MUTED))
    for name, rate_gbs, dash, color in known:
        ridge = device.tensor_tflops * 1e3 / rate_gbs
        end = min(ridge, right)
        axes.plot(
            [left, end], [left * rate_gbs / 1e3, end * rate_gbs / 1e3], color=color, linestyle=dash
        )
        # To the upper left of a rising line there is room.
        x = left * (end / left) ** 0.45
        _note(axes, x, x * rate_gbs / 1e3, f"{name} {rate_gbs / 1e3:.3g} TB/s ", above=True)


def _level(axes: Any, shapes: list[Shape], device: Device, right: float) -> None:
    """Compute roofs, named at the right; equal ones share a label."""
    ridge = _tensor(shapes[0], device) * 1e3 / device.memory_gbs
    tensor = _tensor(shapes[0], device)
    axes.plot([ridge, right], [tensor, tensor], color=INK)
    levels = [(f"tensor {tensor:.0f} TFLOPS", tensor)]
    for dim in sorted({shape.dim for shape in shapes}):
        rate = exp_tflops(next(shape for shape in shapes if shape.dim == dim), device)
        levels.append((f"exp at D={dim}: {rate:.0f} TFLOPS", rate))
        axes.axhline(rate, color=MUTED, linestyle=":")
    for roof in special_roofs(shapes[0], device):
        rate = tflops(shapes[0], roof.floor_us)
        levels.append((f"{roof.resource.value} {rate:.3g} TFLOPS", rate))
        axes.axhline(rate, color=MUTED, linestyle="-.", linewidth=0.9)
    for place, (text, rate) in enumerate(_merged(levels)):
        _note(axes, right / 1.05, rate, text, above=place == 0)


def _merged(levels: list[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    groups: list[tuple[list[str], float]] = []
    for text, rate in sorted(levels, key=lambda one: -one[1]):
        if groups and abs(rate / groups[-1][1] - 1) < _SAME:
            groups[-1][0].append(text)
        else:
            groups.append(([text], rate))
    for texts, rate in groups:
        yield ", ".join(texts), rate


def _practical(axes: Any, result: Result, shape: Shape, left: float, right: float) -> None:
    """Ceilings that were measured on the machine, in a colour of their own and one legend line."""
    words = []
    measured = practical(result, shape)
    tops = [tflops(shape, one.floor_us) for one in measured if one.resource is Resource.TENSOR]
    for one in measured:
        style = {"color": _MEASURED, "linewidth": 1.2, "alpha": 0.8}
        if one.resource is Resource.MEMORY:
            rate = one.per_second / 1e12
            end = min([right, *(top / rate for top in tops)])
            axes.plot([left, end], [left * rate, end * rate], **style)
            words.append(f"{one.name} {rate:.3g} TB/s")
        else:
            rate = tflops(shape, one.floor_us)
            axes.axhline(rate, **style)
            words.append(f"{one.name} {rate:.0f} TFLOPS")
    if words:
        said = private(f"ceilings measured here: {', '.join(words)}")
        axes.plot([], [], color=_MEASURED, label=said)


def _note(axes: Any, x: float, y: float, text: str, *, above: bool) -> None:
    axes.annotate(
        text,
        (x, y),
        xytext=(0, 3 if above else -3),
        textcoords="offset points",
        ha="right",
        va="bottom" if above else "top",
        color=MUTED,
        fontsize=9,
    )


def _log_axes(axes: Any) -> None:
    """Logarithmic both ways, with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
