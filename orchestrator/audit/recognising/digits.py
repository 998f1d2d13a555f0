"""How exactly numbers of JSON were written: programs leave out zeros at the end, so 0.1 may be
anything from a tenth to the last bit to 0.0951 rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.audit.values import Figure, Row

# Two digits, as far as nothing else in the file tells that there were fewer.
_LEAST = 0.05
_SO_MANY = 3


def judged(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows, with a slack of no more than two digits leave open; but where all of several
    figures of a key stop at the same place, they were rounded there."""
    finest: dict[str, list[float]] = {}
    for row in rows:
        for figure in row.figures:
            finest.setdefault(figure.key, []).append(_half(figure))
    rounded = {
        key: min(halves)
        for key, halves in finest.items()
        if len(halves) >= _SO_MANY and min(halves) * 1.001 >= max(halves)
    }
    return tuple(
        replace(row, figures=tuple(_capped(one, one.key in rounded) for one in row.figures))
        for row in rows
    )


def _half(figure: Figure) -> float:
    return abs(figure.value) * figure.slack


def _capped(figure: Figure, rounded: bool) -> Figure:
    return figure if rounded else replace(figure, slack=min(figure.slack, _LEAST))
