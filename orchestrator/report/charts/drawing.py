"""What all charts share: colours and markers, names from outside, and how one becomes SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from orchestrator.report.charts import pen
from orchestrator.report.charts.pen import INK as INK
from orchestrator.report.charts.pen import MUTED as MUTED
from orchestrator.report.charts.pen import PAGE as PAGE
from orchestrator.report.charts.sketch import Sketch as Sketch
from orchestrator.report.figures import Figure
from orchestrator.report.wording.plain import one_line, private
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.words import Method

# Okabe and Ito's palette (jfly.uni-koeln.de/color), told apart also by marker and in grey.
_OURS, _BASELINE = ("#D55E00", "o"), ("#0072B2", "s")
_OTHERS = (
    *(("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P")),
    # Four more, darker, of Tol's (sronpersonalpages.nl/~pault), for a run with all peers.
    *(("#332288", "X"), ("#882255", "*"), ("#999933", "<"), ("#117733", ">")),
)

NO_MATPLOTLIB = "matplotlib is not installed; orchestrator report draws the charts where it is"


@dataclass(frozen=True)
class Chart:
    """One drawing. name: file name under charts/; sketch: None when reason says why not."""

    name: str
    title: str
    sketch: Sketch | None
    reason: str = ""

    @cached_property
    def svg(self) -> str:
        """The drawing itself, drawn when it is asked for; empty without a sketch."""
        return pen.drawn(self.sketch) if self.sketch else ""


def sketched(name: str, title: str, sketch: Callable[[], Sketch]) -> Chart:
    """The chart that `sketch` gives, or why there is none."""
    if not pen.is_here():
        return Chart(name, title, None, NO_MATPLOTLIB)
    return Chart(name, title, sketch())


def blank(title: str) -> Sketch:
    """Nothing but a title, which is for strangers too."""
    return Sketch(private(title))


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
