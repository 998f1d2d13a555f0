"""On what the intervals of a comparison rest, in words."""

from __future__ import annotations

from orchestrator.report.comparing.comparison import Comparison
from orchestrator.report.wording import format as fmt


def spread_lines(found: Comparison) -> tuple[str, ...]:
    """On what the intervals rest, a line for all rows with the same grounds."""
    grounds: dict[tuple[int, int, int], list[float]] = {}
    for row in found.rows:
        history = row.found.history
        if history is not None:
            counts = (history.runs, len(history.before), len(history.after))
            known = history.spread.sd
            grounds.setdefault(counts, []).append(-1.0 if known is None else known)
    return tuple(_ground(*counts, spreads) for counts, spreads in grounds.items())


def _ground(runs: int, before: int, after: int, spreads: list[float]) -> str:
    rows = fmt.count(len(spreads), "row")
    sides = f"{fmt.count(before, 'run')} before, {fmt.count(after, 'run')} after"
    if max(spreads) < 0:
        return f"{rows}: {sides}; no code was run twice, so how much runs differ is assumed"
    low, high = (fmt.percent(each) for each in (min(spreads), max(spreads)))
    told = low if low == high else f"{low} to {high}"
    return f"{rows}: {sides}; runs of one code differ by {told} here, as {runs} runs tell"
