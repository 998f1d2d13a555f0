"""Bringing the index up to what lies in the folders: only what has changed there is looked at."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from orchestrator.store.index import looking, quick
from orchestrator.store.index.crediting import credited
from orchestrator.store.index.quick import Known
from orchestrator.store.index.tables import A_NAME, with_any_name
from orchestrator.store.runs import marks, run_order
from orchestrator.store.runs.marks import Commit, Mark

# How long others wait for us at the most, and how much an interrupt can cost.
_FIRST_TURN_S, _TURN_S = 0.1, 1.0
_BATCH = 32
_BITS = 63  # of a whole number, beside its sign
Mask = Callable[[str], str]

# In the order of `_mark_of`.
_OF_MARK = "name, run_id, at, after, before_at, before_number, verb, host, tags, commits"


@dataclass(frozen=True)
class Helpers:
    """What else is needed where a card does not tell all. slow: what a run came to, by reading it;
    mask: what strangers may read of a text."""

    slow: Callable[[Path], Known]
    mask: Callable[[], Mask]


def refresh_cards(base: sqlite3.Connection, root: Path) -> None:
    """Bring in the cards that are new or changed, and drop the runs that are gone; each run's place
    among the others follows. LocalFault: the folder of runs cannot be read."""
    version = _version(base)
    there = looking.cards(root, looking.folders(root))
    if 0 not in there.values() and there == _seen(base, "card"):
        return
    with _finished(base):
        if _version(base) != version:  # another process may know of runs that we did not see yet
            there = looking.cards(root, looking.folders(root))
        before = _seen(base, "card")
        gone = [(os.fsencode(name),) for name in before if name not in there]
        base.executemany(f"DELETE FROM runs WHERE name = {A_NAME}", gone)
        if gone:
            base.execute("DELETE FROM figures WHERE run NOT IN (SELECT id FROM runs)")
        new = [name for name, seen in there.items() if seen == 0 or before.get(name) != seen]
        if any(os.fsencode(name) != name.encode("utf-8", "replace") for name in new):
            with_any_name(base)
        rows = (_card_row(root / name, there[name]) for name in new)
        base.executemany(_PUT_CARD, rows)
        order = run_order.in_order(known_marks(base))
        places = dict(base.execute("SELECT name, place FROM runs").fetchall())
        moved = [
            (place, os.fsencode(mark.folder))
            for place, mark in enumerate(order)
            if places[mark.folder] != place
        ]
        base.executemany(f"UPDATE runs SET place = ? WHERE name = {A_NAME}", moved)


def refresh_states(
    base: sqlite3.Connection, root: Path, names: list[str], helpers: Helpers
) -> Iterator[str]:
    """Bring in what these runs came to, in this order, as far as they are new, or a file of theirs
    has changed. In each step some, after which others may read it: the first one that is not ready
    yet, "" in the end."""
    before = _seen(base, "beside")
    there = looking.beside(root, names)
    new = [name for name, seen in there.items() if seen == 0 or before.get(name) != seen]
    turn_s = _FIRST_TURN_S
    while new:
        yield new[0]
        until = time.monotonic() + turn_s
        with _finished(base):
            while new and time.monotonic() < until:
                batch, new = new[:_BATCH], new[_BATCH:]
                _put_states(base, root, batch, there, helpers)
        turn_s = _TURN_S
    yield ""


def known_marks(base: sqlite3.Connection) -> list[Mark]:
    """Of all runs, in the order of their places."""
    return [_mark_of(row) for row in base.execute(f"SELECT {_OF_MARK} FROM runs ORDER BY place")]


@contextmanager
def _finished(base: sqlite3.Connection) -> Iterator[None]:
    """A transaction that is kept where the block ends well."""
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if base.in_transaction:  # else it has gone back by itself
            base.execute("ROLLBACK")
        raise
    base.execute("COMMIT")


def _version(base: sqlite3.Connection) -> int:
    """Another one as soon as anybody else has written into the index."""
    number: int = base.execute("PRAGMA data_version").fetchone()[0]
    return number


def _seen(base: sqlite3.Connection, what: str) -> dict[str, int]:
    """By folder, in their order, what its files looked like when they were read."""
    return dict(base.execute(f"SELECT name, {what} FROM runs ORDER BY place").fetchall())


_CARD_COLUMNS = (
    "name", "card", "run_id", "at", "after", "before_at", "before_number", "verb", "host", "tags",
    "commits", "created_at", "operator", "cases", "commit", "committed_at", "is_clean", "branch",
    "note",
)  # fmt: skip
_QUOTED = [f'"{name}"' for name in _CARD_COLUMNS]
_PUT_CARD = (
    f"INSERT INTO runs({', '.join(_QUOTED)}, place) "
    f"VALUES({A_NAME}, {', '.join('?' * (len(_QUOTED) - 1))}, -1) "
    f"ON CONFLICT(name) DO UPDATE SET {', '.join(f'{one} = excluded.{one}' for one in _QUOTED[1:])}"
    ", beside = NULL"
)


def _card_row(folder: Path, seen: int) -> tuple[Any, ...]:
    said = marks.document(folder / marks.CARD)
    mark = marks.of_card(folder.name, said)
    own, is_clean = _project(said.get("revisions"))
    told = (
        seen, mark.run_id, mark.at, mark.after, *mark.before, mark.verb, mark.host,
        json.dumps(mark.tags), json.dumps([(one.name, one.is_clean) for one in mark.commits]),
        _text(said, "created_at"), _text(said, "operator"), json.dumps(_texts(said.get("cases"))),
        _text(own, "commit"), _text(own, "committed_at"),
        int(is_clean) if isinstance(is_clean, bool) else None, _text(own, "branch"),
        _text(said, "note"),
    )  # fmt: skip
    return os.fsencode(mark.folder), *_storable(told)


def _storable(values: Iterable[Any]) -> Iterator[Any]:
    """A text of JSON may hold halves of characters, and a number have any length, which no table
    takes."""
    for one in values:
        if isinstance(one, str):
            yield one.encode("utf-8", "backslashreplace").decode()
        else:
            yield float(one) if isinstance(one, int) and one.bit_length() > _BITS else one


def _project(revisions: Any) -> tuple[dict[str, Any], Any]:
    """What is said of the project's own checkout, else of the first of the user's; and whether all
    of them are clean: what was timed may lie in any."""
    found = [one for one in revisions if isinstance(one, dict)] if type(revisions) is list else []
    states = [one.get("is_clean") for one in found]
    all_clean = True if states and all(one is True for one in states) else None
    is_clean = False if any(one is False for one in states) else all_clean
    return min(found, key=lambda one: bool(one.get("of")), default={}), is_clean


def _text(said: dict[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _mark_of(row: tuple[Any, ...]) -> Mark:
    name, run_id, at, after, before_at, before_number, verb, host, tags, commits = row
    return Mark(
        name, run_id, at, after, (before_at, before_number), verb, host,
        tuple(json.loads(tags)) if tags != "[]" else (),
        tuple(Commit(*one) for one in json.loads(commits)) if commits != "[]" else (),
    )  # fmt: skip


_PUT_STATE = (
    "UPDATE runs SET beside = ?, status = ?, reason = ?, changed = ?, verdict = ?, machine = ?, "
    "gpu = ?, providers = ?, note = ? WHERE id = ?"
)


def _put_states(
    base: sqlite3.Connection, root: Path, names: Sequence[str], seen: dict[str, int], by: Helpers
) -> None:
    mask, series = by.mask(), _series(base)
    wanted = f"name IN ({', '.join([A_NAME] * len(names))})"
    asked = f"SELECT name, id, note, status IS NOT NULL FROM runs WHERE {wanted}"
    given = [*map(os.fsencode, names)]
    there = {name: rest for name, *rest in base.execute(asked, given)}
    if any(known for _, _, known in there.values()):
        of_them = f"(SELECT id FROM runs WHERE {wanted})"
        base.execute(f"DELETE FROM figures WHERE run IN {of_them}", given)
    figures: list[tuple[Any, ...]] = []
    for name, (number, note, _) in there.items():
        folder = root / name
        said = quick.card(folder)
        known = quick.known(folder, said) or by.slow(folder)
        providers = dict.fromkeys(row[0] for row in known.rows)
        of_others = credited(said, providers)
        # The words of a verdict are ours, and were masked when it was made.
        told = (mask(known.reason), mask(known.changed), known.verdict)
        state = (seen[name] if known.is_whole else 0, known.status, *told, known.machine, known.gpu)
        state = (*_storable(state), json.dumps([*providers]), *_storable([mask(note)]), number)
        base.execute(_PUT_STATE, state)
        for row in known.rows:
            key, figure = tuple(_storable(_SERIES_OF(row))), _storable(_FIGURE_OF(row))
            if key not in series:
                series[key] = base.execute(_PUT_SERIES, key).lastrowid or 0
            figures.append((series[key], number, *figure, of_others.get(row[0])))
    base.executemany(_PUT_FIGURE, figures)


_SERIES = ("provider", "case", "method", "dtype", "per", "unit", "baseline")
_FIGURE = ("median_us", "low_us", "high_us", "starts", "ratio", "ratio_low", "ratio_high",
           "verdict", "refuted")  # fmt: skip
_SERIES_OF = itemgetter(*(quick.ROW_FIELDS.index(name) for name in _SERIES))
_FIGURE_OF = itemgetter(*(quick.ROW_FIELDS.index(name) for name in _FIGURE))
_COLUMNS = ", ".join(f'"{name}"' for name in _SERIES)
_PUT_SERIES = f"INSERT INTO series({_COLUMNS}) VALUES({', '.join('?' * len(_SERIES))})"
_PUT_FIGURE = (
    f"INSERT OR REPLACE INTO figures(series, run, {', '.join(_FIGURE)}, revision) "
    f"VALUES({', '.join('?' * (3 + len(_FIGURE)))})"
)
Series = dict[tuple[Any, ...], int]


def _series(base: sqlite3.Connection) -> Series:
    """The number of each."""
    rows = base.execute(f"SELECT id, {_COLUMNS} FROM series")
    return {row[1:]: row[0] for row in rows}


def remask(base: sqlite3.Connection, by: str, mask: Callable[[], Mask]) -> None:
    """See that texts are without what must not be told by now. by: what tells this gate from one of
    before; where it is the same, nothing is done."""
    asked = "SELECT value FROM meta WHERE key = 'masked_by'"
    if base.execute(asked).fetchone() == (by,):
        return
    shown = mask()
    with _finished(base):
        texts = base.execute(f"SELECT {', '.join(_TEXTS)}, id FROM runs").fetchall()
        masked = ((*(shown(one or "") for one in row[:-1]), row[-1]) for row in texts)
        given = ", ".join(f"{name} = ?" for name in _TEXTS)
        base.executemany(f"UPDATE runs SET {given} WHERE id = ?", masked)
        base.execute("INSERT OR REPLACE INTO meta VALUES('masked_by', ?)", (by,))


_TEXTS = ("reason", "changed", "verdict", "note")
