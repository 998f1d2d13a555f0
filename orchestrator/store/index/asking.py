"""What is asked of the index, in SQL."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache
from typing import Any

from orchestrator.store.index.tables import A_NAME
from orchestrator.store.index.values import Asked, Entry, Figure, Wanted
from orchestrator.store.runs.marks import utc
from orchestrator.values.kept.summary import Row

_DAY = len("2026-11-22")
_WHOLE = 40  # digits of a commit's name
_ALWAYS = ("name", "status", "is_clean")
_Condition = tuple[str, str | bytes]
Candidate = tuple[str, int]  # a run's name, and its place
# What is asked for has the same name in the tables, but for this.
_ENTRY = tuple(one.name for one in fields(Entry))
_OF_SERIES = ("provider", "case", "method", "dtype", "per", "unit", "baseline")
_FIGURE = ", ".join(
    [
        "runs.name",
        *(f'runs."{one.name}"' for one in fields(Figure) if one.name not in ("run", "row")),
        *(
            f'{"series" if one.name in _OF_SERIES else "figures"}."{one.name}"'
            for one in fields(Row)
        ),
        "figures.revision",
    ]
)


def candidates(base: sqlite3.Connection, asked: Asked | Wanted) -> list[Candidate]:
    """The runs, in their order, that may be meant by what their cards say; what became of them is
    not looked at yet."""
    where, given = _where([*_of_cards(asked)])
    words = f"SELECT name, place FROM runs {where} ORDER BY place"
    last = asked.last if isinstance(asked, Wanted) and not any(_of_states(asked)) else 0
    if last:
        return _answered(base, f"{words} DESC LIMIT {last}", given)[::-1]
    return _answered(base, words, given)


def told_of(wanted: Wanted) -> tuple[str, ...]:
    """The fields of an Entry that `entries` tells."""
    if not wanted.fields:
        return _ENTRY
    return tuple(one for one in _ENTRY if one in wanted.fields or one in _ALWAYS)


def entries(
    base: sqlite3.Connection, wanted: Wanted, first: Candidate, last: Candidate
) -> list[tuple[Any, ...]]:
    """Rows of runs, each in the order of `told_of`. first, last: only from the one to the
    other; where one is gone meanwhile, from where it stood."""
    conditions = [*_of_cards(wanted), *_of_states(wanted)]
    conditions.append(("status >= ?", ""))  # one that came in meanwhile was not looked at yet
    for how, (name, place) in ((">=", first), ("<=", last)):
        now = f"coalesce((SELECT place FROM runs WHERE name = {A_NAME}), {place})"
        conditions.append((f"place {how} {now}", os.fsencode(name)))
    where, given = _where(conditions)
    # By its table: SQLite takes a quoted name for a text where no column is called so.
    told = ", ".join(f'runs."{name}"' for name in told_of(wanted))
    words = f"SELECT {told} FROM runs {where} ORDER BY place"
    if wanted.last:
        return _answered(base, f"{words} DESC LIMIT {wanted.last}", given)[::-1]
    return _answered(base, words, given)


def figures(base: sqlite3.Connection, asked: Asked) -> list[tuple[Any, ...]]:
    """Rows of races, each in the order of Figure's fields and then Row's; the last value is the
    commit and its time, in JSON, where these are not the run's own."""
    conditions = [*_of_cards(asked), *_of_states(asked), *_of_series(asked)]
    where, given = _where(conditions)
    return _answered(
        base,
        f"SELECT {_FIGURE} FROM series CROSS JOIN figures ON figures.series = series.id "
        f"CROSS JOIN runs ON runs.id = figures.run {where} ORDER BY place, series.id",
        given,
    )


def _answered(
    base: sqlite3.Connection, asked: str, given: list[str | bytes]
) -> list[tuple[Any, ...]]:
    """All at once: whoever reads the rows slowly keeps nobody from writing."""
    base.create_function("made_at", 2, _made_at, deterministic=True)
    return base.execute(asked, given).fetchall()


def _made_at(commits: str, wanted: str) -> bool:
    """wanted: full names, and beginnings of some, with blanks between them."""
    whole, parts = _split(wanted)
    names = [name for name, _ in json.loads(commits)]
    return any(name in whole or (parts and name.startswith(parts)) for name in names)


@lru_cache(maxsize=4)
def _split(wanted: str) -> tuple[frozenset[str], tuple[str, ...]]:
    names = wanted.split()
    return frozenset(names), tuple(name for name in names if len(name) < _WHOLE)


def _where(conditions: list[_Condition]) -> tuple[str, list[str | bytes]]:
    """What is asked for as it is kept: bytes of an argument that are no text are in no table."""
    words = " AND ".join(f"({words})" for words, _ in conditions)
    asked = [
        given.encode("utf-8", "backslashreplace").decode() if isinstance(given, str) else given
        for _, given in conditions
    ]
    return f"WHERE {words}" if words else "", asked


def _of_cards(asked: Asked | Wanted) -> Iterator[_Condition]:
    for name in ("operator", "host", "branch", "verb"):
        if value := getattr(asked, name):
            yield f'runs."{name}" = ?', value
    if asked.since:
        yield "runs.at >= ?", utc(asked.since) if len(asked.since) > _DAY else asked.since
    if asked.until:
        yield "runs.at > ?", ""  # when the others were made, nobody knows
        yield (
            "substr(runs.at, 1, 10) <= ?" if len(asked.until) <= _DAY else "runs.at < ?",
            (utc(asked.until) if len(asked.until) > _DAY else asked.until),
        )
    if asked.tag:
        yield from _in_list("tags", asked.tag)
    if asked.commits:
        yield "made_at(runs.commits, ?)", " ".join(asked.commits)


def _of_states(asked: Asked | Wanted) -> Iterator[_Condition]:
    if asked.machine:
        yield "runs.machine = ?", asked.machine
    if isinstance(asked, Asked):
        return
    if asked.status:
        yield "runs.status = ?", asked.status
    if asked.gpu:
        yield "instr(lower(runs.gpu), lower(?)) > 0", asked.gpu
    if asked.provider:
        yield from _in_list("providers", asked.provider)


def _in_list(column: str, word: str) -> Iterator[_Condition]:
    """Whether a list has this word. Its text tells that quickly, but where a quote in it is one of
    a word's own, or what is asked for stands between two words."""
    yield f"instr(runs.{column}, ?) > 0", json.dumps(word)
    is_plain = "0" if word == ", " else f"instr(runs.{column}, '\\') = 0"
    yield f"{is_plain} OR ? IN (SELECT value FROM json_each(runs.{column}))", word


def _of_series(asked: Asked) -> Iterator[_Condition]:
    for name in ("provider", "method", "dtype"):
        if value := getattr(asked, name):
            yield f'series."{name}" = ?', value
    for word in asked.case.split():
        yield "instr(' ' || series.\"case\" || ' ', ?) > 0", f" {word} "
