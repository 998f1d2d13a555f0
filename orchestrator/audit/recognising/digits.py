"""How exactly numbers of JSON were written: programs leave out zeros at the end, so that a lone 0.1
may be anything from exact to 0.0951 rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.audit.values import Figure, Row

# Of a number by itself, whoever wrote it; of one digit it would be a half.
_LONE = 0.25


def judged(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows, each figure with the slack of where all of its key were rounded: that is the last
    place that any of them has."""
    finest: dict[str, list[float]] = {}
    for row in rows:
        for figure in row.figures:
            finest.setdefault(figure.key, []).append(_half(figure))
    places = {key: min(halves) for key, halves in finest.items() if len(halves) > 1}
    return tuple(
        replace(row, figures=tuple(_judged(one, places.get(one.key)) for one in row.figures))
        for row in rows
    )


def _half(figure: Figure) -> float:
    return abs(figure.value) * figure.slack


def _judged(figure: Figure, half: float | None) -> Figure:
    if half is None or not figure.value:
        return replace(figure, slack=min(figure.slack, _LONE))
    return replace(figure, slack=min(figure.slack, half / abs(figure.value)))
