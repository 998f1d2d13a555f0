"""What is asked of the index, in SQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from orchestrator.store.index.values import Asked, Entry, Figure, Wanted
from orchestrator.store.runs.marks import utc
from orchestrator.values.kept.summary import Row

_DAY = len("2026-11-22")
_Condition = tuple[str, str]
# What is asked for has the same name in the tables, but for this.
_ENTRY = ", ".join(f'"{one.name}"' for one in fields(Entry))
_OF_SERIES = ("provider", "case", "method", "dtype", "per", "unit", "baseline")
_FIGURE = ", ".join(
    [
        "runs.name",
        *(f'runs."{one.name}"' for one in fields(Figure) if one.name not in ("run", "row")),
        *(
            f'{"series" if one.name in _OF_SERIES else "figures"}."{one.name}"'
            for one in fields(Row)
        ),
    ]
)


def entries(base: sqlite3.Connection, wanted: Wanted) -> list[tuple[Any, ...]]:
    """Rows of runs, each in the order of Entry's fields."""
    conditions = [*_of_runs(wanted), *_of_entries(wanted)]
    where, given = _where(conditions)
    asked = f"SELECT {_ENTRY} FROM runs {where} ORDER BY place"
    if wanted.last:
        asked = f"{asked} DESC LIMIT {wanted.last}"
    rows = _answered(base, asked, given)
    return rows[::-1] if wanted.last else rows


def figures(base: sqlite3.Connection, asked: Asked) -> list[tuple[Any, ...]]:
    """Rows of races, each in the order of Figure's fields and then Row's."""
    conditions = [*_of_runs(asked), *_of_series(asked)]
    where, given = _where(conditions)
    return _answered(
        base,
        f"SELECT {_FIGURE} FROM series CROSS JOIN figures ON figures.series = series.id "
        f"CROSS JOIN runs ON runs.id = figures.run {where} ORDER BY place, series.id",
        given,
    )


def _answered(base: sqlite3.Connection, asked: str, given: list[str]) -> list[tuple[Any, ...]]:
    """All at once: whoever reads the rows slowly keeps nobody from writing."""
    base.create_function("made_at", 2, _made_at, deterministic=True)
    return base.execute(asked, given).fetchall()


def _made_at(commits: str, wanted: str) -> bool:
    return any(name in wanted for name, _ in json.loads(commits))


def _where(conditions: list[_Condition]) -> tuple[str, list[str]]:
    words = " AND ".join(f"({words})" for words, _ in conditions)
    return f"WHERE {words}" if words else "", [given for _, given in conditions]


def _of_runs(asked: Asked | Wanted) -> Iterator[_Condition]:
    for name in ("operator", "host", "branch", "verb", "machine"):
        if value := getattr(asked, name):
            yield f'runs."{name}" = ?', value
    if asked.since:
        yield "runs.at >= ?", utc(asked.since) if len(asked.since) > _DAY else asked.since
    if asked.until:
        yield (
            "substr(runs.at, 1, 10) <= ?" if len(asked.until) <= _DAY else "runs.at < ?",
            (utc(asked.until) if len(asked.until) > _DAY else asked.until),
        )
    if asked.tag:
        yield "instr(runs.tags, ?) > 0", json.dumps(asked.tag)
    if asked.commits:
        yield "made_at(runs.commits, ?)", " ".join(asked.commits)


def _of_entries(wanted: Wanted) -> Iterator[_Condition]:
    if wanted.status:
        yield "runs.status = ?", wanted.status
    if wanted.gpu:
        yield "instr(lower(runs.gpu), lower(?)) > 0", wanted.gpu
    if wanted.provider:
        yield "instr(runs.providers, ?) > 0", json.dumps(wanted.provider)


def _of_series(asked: Asked) -> Iterator[_Condition]:
    for name in ("provider", "method", "dtype"):
        if value := getattr(asked, name):
            yield f'series."{name}" = ?', value
    for word in asked.case.split():
        yield "instr(' ' || series.\"case\" || ' ', ?) > 0", f" {word} "
