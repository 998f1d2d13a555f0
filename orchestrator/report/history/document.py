"""A history for programs: one document, or a table of all points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.performance.trend.trend import Point, Step
from orchestrator.report.history.series import Series, Shown
from orchestrator.report.history.wording import is_slower, verdict
from orchestrator.values.spreadsheet.cells import Value, csv_lines

_COLUMNS = (
    "machine", "operator", "provider", "case", "method", "what", "commit", "clean", "runs", "value",
    "low", "high", "by", "step",
)  # fmt: skip


def document(every: Sequence[Series]) -> list[dict[str, Any]]:
    """Each series with its points, steps and single runs."""
    return [_series(one) for one in every]


def table(every: Sequence[Series]) -> str:
    """CSV: a line for each commit of each series, and for each run that does not stand for one."""
    return csv_lines((_COLUMNS, *(row for one in every for row in _rows(one))))


def _rows(one: Series) -> Iterator[tuple[Value, ...]]:
    same = (one.machine, one.operator, one.provider, one.case, one.method, one.what)
    begins = {step.at for step in one.trend.steps}
    for number, point in enumerate(one.trend.points):
        by = "runs" if point.by_runs else "own" if point.half is not None else ""
        step = int(number in begins)
        yield (*same, point.commit, "yes", point.runs, *_values(point), by, step)
    for run in one.beside:
        clean = "no" if run.is_clean is False else ""
        yield (*same, run.commit, clean, 1, run.value, run.low, run.high, "own", 0)


def _series(one: Series) -> dict[str, Any]:
    trend = one.trend
    return {
        "machine": one.machine,
        "operator": one.operator,
        "provider": one.provider,
        "case": one.case,
        "method": one.method,
        "what": one.what,
        "baseline": one.baseline or None,
        "state": trend.state.value,
        "verdict": verdict(one),
        "points": [_point(point) for point in trend.points],
        "steps": [_step(one, step) for step in trend.steps],
        "levels": [math.exp(level) for level in trend.levels],
        "spread": trend.spread,
        "smallest_found": math.expm1(trend.smallest) if trend.smallest is not None else None,
        "outside": trend.outside,
        "runs": [_run(run) for run in one.runs],
        "not_counted": [_run(run) for run in one.beside],
        "left_out": dict(one.left_out),
    }


def _point(point: Point) -> dict[str, Any]:
    value, low, high = _values(point)
    return {
        "commit": point.commit,
        "runs": point.runs,
        "value": value,
        "low": low,
        "high": high,
        "by_runs": point.by_runs,
    }


def _values(point: Point) -> tuple[float, float | None, float | None]:
    if point.half is None:
        return math.exp(point.log), None, None
    low, high = (math.exp(point.log + sign * point.half) for sign in (-1, 1))
    return math.exp(point.log), low, high


def _step(one: Series, step: Step) -> dict[str, Any]:
    points = one.trend.points
    return {
        "commit": points[step.at].commit,
        "after": points[step.at - 1].commit,
        "first": points[step.first].commit,
        "last": points[step.last].commit,
        "change": math.expm1(step.log),
        "low": math.expm1(step.low),
        "high": math.expm1(step.high),
        "slower": is_slower(one, step),
    }


def _run(run: Shown) -> dict[str, Any]:
    return asdict(run)
