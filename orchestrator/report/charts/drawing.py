"""What all charts share: SVG repeatable to the byte, readable on light and dark pages."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from orchestrator.report.figures import Figure
from orchestrator.report.wording.plain import one_line, private
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.words import Method

# Okabe and Ito's palette (jfly.uni-koeln.de/color), told apart also by marker and in grey.
INK, MUTED, PAGE = "#222222", "#666666", "#ffffff"
_OURS, _BASELINE = ("#D55E00", "o"), ("#0072B2", "s")
_OTHERS = (
    *(("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P")),
    # Four more, darker, of Tol's (sronpersonalpages.nl/~pault), for a run with all peers.
    *(("#332288", "X"), ("#882255", "*"), ("#999933", "<"), ("#117733", ">")),
)

NO_MATPLOTLIB = "matplotlib is not installed; orchestrator report draws the charts where it is"

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


@dataclass(frozen=True)
class Chart:
    """One drawing. name: file name under charts/; svg: empty when reason says why not."""

    name: str
    title: str
    svg: str
    reason: str = ""


def drawn(name: str, title: str, draw: Callable[[], str]) -> Chart:
    """The chart that `draw` gives as SVG, or why there is none."""
    if importlib.util.find_spec("matplotlib") is None:
        return Chart(name, title, "", NO_MATPLOTLIB)
    return Chart(name, title, draw())


def file_word(method: Method) -> str:
    return method.value.replace("_", "-")


def series(rows: list[Figure], operator: OperatorFacts) -> Iterator[tuple[str, str, str]]:
    """Provider, colour and marker; ours and the baseline always look the same."""
    providers = sorted({row.record.provider for row in rows})
    fixed = {operator.ours: _OURS, operator.baseline: _BASELINE}
    others = [name for name in providers if name not in fixed]
    for provider in providers:
        look = fixed.get(provider) or _OTHERS[others.index(provider) % len(_OTHERS)]
        yield provider, *look


def label(text: str) -> str:
    """A name from outside, in characters every font has; a leading _ would hide it."""
    return one_line(private(text)).encode("ascii", "replace").decode().lstrip("_") or "?"


@contextmanager
def canvas(title: str) -> Iterator[tuple[Any, Any]]:
    """An empty figure in our style. matplotlib is slow to import, so only who draws pays."""
    import matplotlib
    from matplotlib.figure import Figure as Drawing

    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **_STYLE}):
        drawing = Drawing(figsize=(7.6, 4.4), layout="constrained")
        axes = drawing.subplots()
        axes.set_title(private(title), loc="left", fontsize=11, color=INK)
        yield drawing, axes


def svg(figure: Any) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()
