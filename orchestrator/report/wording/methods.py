"""The ways to take a time, in words."""

from __future__ import annotations

from orchestrator.performance.family import PROMISED_ERROR
from orchestrator.report.baselines import published
from orchestrator.report.figures import Figures
from remote_payload.contract.words import Method

# What the interval beside a verdict holds with; the verdict goes by it.
SURE = f"{100 * (1 - PROMISED_ERROR):.0f} %"
PROMISED = f"{SURE} interval over all rows"
_HOW = {
    Method.BACK_TO_BACK: "calls launched back to back between two events, divided by their number "
    "(warm L2{original})",
    Method.COLD: "the last-level cache is flushed before each single, separately timed call",
    Method.GRAPH: "as back_to_back, but the launches were recorded once in a CUDA graph that the "
    "GPU replays, so the host's part in each launch is out of the time",
}

_ONE_BY_ONE = (
    "calls made back to back, each timed by the host's clock; a sample is their median "
    "(warm caches; what calls give back stays with their process)"
)


def way(method: Method, figures: Figures) -> str:
    """How the method takes its times."""
    known = published(figures.result.operator.name)
    if any(row.record.mean_us for row in figures.of_method(method)):
        return _ONE_BY_ONE
    original = "; the original report's method" if any(b.method is method for b in known) else ""
    return _HOW[method].format(original=original)
