"""Sketches drawn by matplotlib: SVG repeatable to the byte, readable on light and dark pages.

matplotlib is slow to import and slower to draw, so only who draws pays.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.report.charts.sketch import AXES, FIGURE, Sketch

INK, MUTED, PAGE = "#222222", "#666666", "#ffffff"
# What says a release, beside the code of each package that has a hand in a drawing.
_RELEASES = (("matplotlib", "_version.py"), ("numpy", "version.py"))
_STYLE = {
    "svg.hashsalt": "blackwell-sparsek",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e3e3",
    "figure.facecolor": PAGE,
    "axes.facecolor": PAGE,
    "legend.frameon": False,
}


@cache
def is_here() -> bool:
    """Whether there is anything to draw with."""
    return importlib.util.find_spec("matplotlib") is not None


@cache
def drawn_by() -> str | None:
    """The hand: this code and the releases that it draws with, as a digest. None: nobody knows."""
    found = hashlib.sha256(Path(__file__).read_bytes())
    for package, says in _RELEASES:
        spec = importlib.util.find_spec(package)
        try:
            found.update((Path(spec.origin or "").parent / says).read_bytes() if spec else b"-")
        except OSError:
            return None
    return found.hexdigest()


def drawn(sketch: Sketch) -> str:
    """The drawing as SVG."""
    with canvas(sketch.title) as (figure, axes):
        parts = {FIGURE: figure, AXES: axes}
        for call in sketch.calls:
            if call.name == "log_both":
                _log_both(axes)
            else:
                getattr(parts[call.of], call.name)(*call.values, **call.named)
        return svg(figure)


@contextmanager
def canvas(title: str) -> Iterator[tuple[Any, Any]]:
    """An empty figure in our style, and its axes."""
    import matplotlib
    from matplotlib.figure import Figure as Drawing

    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **_STYLE}):
        drawing = Drawing(figsize=(7.6, 4.4), layout="constrained")
        axes = drawing.subplots()
        axes.set_title(title, loc="left", fontsize=11, color=INK)
        yield drawing, axes


def svg(figure: Any) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _log_both(axes: Any) -> None:
    """Logarithmic both ways, with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
