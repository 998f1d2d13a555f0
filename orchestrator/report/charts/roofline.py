"""The roofline: TFLOPS over arithmetic intensity, under the machine's roofs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.performance.device import Device
from orchestrator.performance.practical import practical
from orchestrator.performance.roofline import (
    Resource,
    exp_per_second,
    exp_tflops,
    roofs,
    special_roofs,
)
from orchestrator.performance.targets.judging import in_force, weight
from orchestrator.performance.work import intensity, tflops
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
from orchestrator.report.families import sweep
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.wording.plain import private
from remote_payload.contract.facts import CaseFacts, OperatorFacts
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method

_MEASURED = "#2f7d4f"
_LEGEND_ROW_INCHES = 0.22
# Where two horizontal roofs are closer than this, one label names both.
_SAME = 0.02
_APART = 1.07
_FEW_TFLOPS = 10.0  # below which digits after the point tell something


def roofline(figures: Figures) -> Chart | None:
    """TFLOPS over arithmetic intensity under the machine's roofs; None if nothing was timed."""
    rows = [r for r in figures.rows if r.trusted]
    if not rows:
        return None
    method, dtype = rows[0].record.method, rows[0].record.case.dtype
    rows = [r for r in rows if (r.record.method, r.record.case.dtype) == (method, dtype)]
    title = f"Roofline, {dtype.value}, {method.value}"
    name = f"roofline-{dtype.value}-{file_word(method)}.svg"
    if figures.device is None:
        return Chart(name, title, None, "no roof is known for this machine")
    device = figures.device
    rows = [row for row in rows if row.tflops is not None and intensity(row.facts) is not None]
    if not rows:
        return Chart(name, title, None, "no FLOP are known of what was timed")
    return sketched(name, title, lambda: _draw(title, rows, device, figures.result))


def _draw(title: str, rows: list[Figure], device: Device, result: Result) -> Sketch:
    known = list(dict.fromkeys(row.facts for row in rows))
    sketch = blank(title)
    axes = sketch.axes
    left, right = _width(known, device)
    _sloping(axes, device, known[0], left, right)
    _level(axes, known, device, right)
    _practical(axes, result, known[0], left, right)
    looks = list(series(rows, result.operator))
    for place, (provider, color, marker) in enumerate(looks):
        mine = [row for row in rows if row.record.provider == provider]
        shift = _APART ** (place - (len(looks) - 1) / 2)
        _points(axes, mine, result, (color, marker, shift))
    _reached(axes, rows, result, _APART ** (len(looks) / 2))
    axes.log_both()
    axes.set_xlim(left, right)
    axes.set_ylim(*_height(rows, device))
    beside = "; providers of one case stand side by side" if len(looks) > 1 else ""
    axes.set_xlabel(f"FLOP per byte of compulsory traffic{beside}")
    axes.set_ylabel("TFLOPS (median)")
    sketch.figure.set_size_inches(7.6, 4.8 + _LEGEND_ROW_INCHES * len(looks))
    sketch.figure.legend(loc="outside lower left", fontsize=9)
    return sketch


def _x(row: Figure) -> float:
    return intensity(row.facts) or 0.0


def _points(axes: Any, rows: list[Figure], result: Result, look: tuple[str, str, float]) -> None:
    """All of a provider's cases, the telling one large and with its distance to its roof.

    look: colour, marker, and a factor on the intensity, since all providers of a case have the
    same.
    """
    color, marker, shift = look
    chosen = _telling(rows, result)
    others = [row for row in rows if row is not chosen]
    style = {"marker": marker, "color": color, "linestyle": "none", "markeredgecolor": PAGE}
    x = _x(chosen) * shift
    axes.plot(
        [_x(row) * shift for row in others],
        [row.tflops for row in others],
        markersize=5,
        alpha=0.45,
        **style,
    )
    if chosen.roof is not None and chosen.tflops is not None:
        top = tflops(chosen.facts, chosen.roof.floor_us)
        axes.plot([x, x], [chosen.tflops, top], color=color, linewidth=1.2, alpha=0.7)
    words = _distance(chosen, result.operator, rows)
    axes.plot([x], [chosen.tflops], markersize=10, label=words, zorder=5, **style)


def _reached(axes: Any, rows: list[Figure], result: Result, width: float) -> None:
    """A level mark where the telling case's own intensity meets its roof."""
    chosen = _telling(rows, result)
    if chosen.roof is not None:
        top, x = tflops(chosen.facts, chosen.roof.floor_us), _x(chosen)
        axes.plot([x / width, x * width], [top, top], color=INK, linewidth=1)


def _telling(rows: list[Figure], result: Result) -> Figure:
    return max(rows, key=lambda row: weight(row.facts, in_force(result)))


def _distance(row: Figure, operator: OperatorFacts, rows: list[Figure]) -> str:
    along = sweep((one.record.case for one in rows), operator)
    where = f"{along.symbols}={along.value(row.record.case)}"
    text = f"{label(row.record.provider)} at {where}: {row.tflops:.0f} TFLOPS"
    if row.tflops is not None and row.tflops < _FEW_TFLOPS:
        text = f"{label(row.record.provider)} at {where}: {row.tflops:.3g} TFLOPS"
    if row.roof is None or row.summary is None:
        return text
    times = row.summary.median_us / row.roof.floor_us
    return f"{text}, {times:.2f}× below its nearest roof ({row.roof.resource.value})"


def _width(known: list[CaseFacts], device: Device) -> tuple[float, float]:
    ridge = _peak(known[0], device)[1] * 1e3 / device.memory_gbs
    intensities = [ridge, *(intensity(facts) or ridge for facts in known)]
    return min(intensities) / 6, max(intensities) * 4


def _height(rows: list[Figure], device: Device) -> tuple[float, float]:
    rates = [row.tflops for row in rows if row.tflops is not None]
    exps = [exp_tflops(row.facts, device) for row in rows]
    top = max(_peak(rows[0].facts, device)[1], *(rate for rate in exps if rate), *rates)
    return min([*rates, device.fp32_tflops or top]) / 1.6, top * 1.6


def _peak(facts: CaseFacts, device: Device) -> tuple[str, float]:
    """What computes at the most: the tensor cores for what they take, else FP32 arithmetic."""
    floors = {roof.resource: roof.floor_us for roof in roofs(facts, device, Method.COLD)}
    floors |= {roof.resource: roof.floor_us for roof in special_roofs(facts, device)}
    for resource in (Resource.TENSOR, Resource.FP32):
        if resource in floors:
            return resource.value, tflops(facts, floors[resource]) or device.tensor_tflops
    return Resource.TENSOR.value, device.tensor_tflops


def _sloping(axes: Any, device: Device, facts: CaseFacts, left: float, right: float) -> None:
    """Bandwidths, each up to the compute roof, named along its line."""
    known = [("HBM", device.memory_gbs, "-", INK)]
    if device.l2_gbs:
        known.append(("L2", device.l2_gbs, "--", MUTED))
    for name, rate_gbs, dash, color in known:
        ridge = _peak(facts, device)[1] * 1e3 / rate_gbs
        end = min(ridge, right)
        axes.plot(
            [left, end], [left * rate_gbs / 1e3, end * rate_gbs / 1e3], color=color, linestyle=dash
        )
        # To the upper left of a rising line there is room.
        x = left * (end / left) ** 0.45
        _note(axes, x, x * rate_gbs / 1e3, f"{name} {rate_gbs / 1e3:.3g} TB/s ", above=True)


def _level(axes: Any, known: list[CaseFacts], device: Device, right: float) -> None:
    """Compute roofs, named at the right; equal ones share a label."""
    name, peak = _peak(known[0], device)
    axes.plot([peak * 1e3 / device.memory_gbs, right], [peak, peak], color=INK)
    levels = [(f"{name} {peak:.0f} TFLOPS", peak)]
    for facts in known:
        rate = exp_tflops(facts, device)
        if rate is not None and all(rate != drawn_rate for _, drawn_rate in levels):
            each = rate / (exp_per_second(device) / 1e12)
            levels.append((f"exp, {each:.4g} FLOP each: {rate:.0f} TFLOPS", rate))
            axes.axhline(rate, color=MUTED, linestyle=":")
    for roof in special_roofs(known[0], device):
        level = tflops(known[0], roof.floor_us)
        if level is not None and roof.resource.value != name:
            levels.append((f"{roof.resource.value} {level:.3g} TFLOPS", level))
            axes.axhline(level, color=MUTED, linestyle="-.", linewidth=0.9)
    for place, (text, level_shown) in enumerate(_merged(levels)):
        _note(axes, right / 1.05, level_shown, text, above=place == 0)


def _merged(levels: list[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    groups: list[tuple[list[str], float]] = []
    for text, rate in sorted(levels, key=lambda one: -one[1]):
        if groups and abs(rate / groups[-1][1] - 1) < _SAME:
            groups[-1][0].append(text)
        else:
            groups.append(([text], rate))
    for texts, rate in groups:
        yield ", ".join(texts), rate


def _practical(axes: Any, result: Result, facts: CaseFacts, left: float, right: float) -> None:
    """Ceilings that were measured on the machine, in a colour of their own and one legend line."""
    words = []
    measured = practical(result, facts.case)
    tops = [tflops(facts, one.floor_us) for one in measured if one.resource is Resource.TENSOR]
    for one in measured:
        style = {"color": _MEASURED, "linewidth": 1.2, "alpha": 0.8}
        level = tflops(facts, one.floor_us)
        if one.resource is Resource.MEMORY:
            rate = one.per_second / 1e12
            end = min([right, *(top / rate for top in tops if top)])
            axes.plot([left, end], [left * rate, end * rate], **style)
            words.append(f"{one.name} {rate:.3g} TB/s")
        elif level is not None:
            axes.axhline(level, **style)
            words.append(f"{one.name} {level:.0f} TFLOPS")
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
