"""Rows of a long table that are samples of one measurement, gathered into one."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.audit.recognising import axes
from orchestrator.audit.recognising.rows import REPEATS, merged, without
from orchestrator.audit.values import Figure, Quantity, Row

# So many rows that nothing tells apart are repetitions, also where no column counts them.
_MANY = 5


def gathered(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows, each group of repetitions as one with raw samples, in the order of the first."""
    groups: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(without(row, REPEATS), []).append(row)
    found: list[Row] = []
    for group in groups.values():
        time = _the_one_time(group[0])
        if time is not None and _are_repetitions(group):
            found.append(merged(group, time))
        else:
            found += group
    return tuple(found)


def _the_one_time(row: Row) -> Figure | None:
    """The figure of which each row has another value; None where a row is no single sample."""
    times = [one for one in row.of(Quantity.TIME) if one.scaled]
    plain = len(times) == 1 and not times[0].statistic and not row.series
    return times[0] if plain else None


def _are_repetitions(group: list[Row]) -> bool:
    counted = any(axes.leaf(key) in REPEATS for key, _ in group[0].apart)
    nothing_else = not without(group[0], REPEATS)
    return len(group) >= _MANY or ((counted or nothing_else) and len(group) > 1)
