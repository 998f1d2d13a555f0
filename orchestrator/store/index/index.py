"""All runs at a glance, without reading what came of each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.store.index import asking, looking, refreshing, tables
from orchestrator.store.index.refreshing import Helpers
from orchestrator.store.index.values import Asked, Entry, Figure, Wanted
from orchestrator.store.runs.naming import INDEX
from orchestrator.values.kept.summary import Row

if TYPE_CHECKING:
    from orchestrator.store.index.quick import Known
    from orchestrator.store.runs.run_store import RunStore
    from orchestrator.values.kept.summary import Summary
    from orchestrator.values.run import Run

Part = list[tuple[Any, ...]]
T = TypeVar("T")
# The index that is kept, its copy in memory, one made anew, one in memory that knows nothing.
_TRIES = 4


@dataclass(frozen=True)
class RunIndex:
    """The runs of one folder, oldest first.

    runs: the folder's, asked for where a run has to be read; summarised: what such a run came to.
    mask: what strangers may read of a text; masked_by: tells this mask from others.
    """

    root: Path
    runs: Callable[[], RunStore]
    summarised: Callable[[Run], Summary]
    mask: Callable[[], Callable[[str], str]]
    masked_by: str = ""

    def entries(self, wanted: Wanted = Wanted()) -> Iterator[Entry]:  # noqa: B008
        """The runs that are wanted, by default all, that made first at the front; damaged ones too.
        Each as soon as it is known. LocalFault: their folder cannot be read."""
        names = asking.told_of(wanted)
        return self._answers(
            lambda base: self._entries(base, wanted),
            lambda row: _entry(dict(zip(names, row, strict=True))),
        )

    def figures(self, asked: Asked = Asked()) -> Iterator[Figure]:  # noqa: B008
        """The rows of races that are wanted, in the order in which their runs were made; of runs
        whose files are not what came home, none. Errors as of `entries`."""
        return self._answers(lambda base: self._figures(base, asked), _figure)

    def _entries(self, base: sqlite3.Connection, wanted: Wanted) -> Iterator[Part]:
        """Of runs that may be wanted by what their cards say, what became of them is looked at; the
        parts in the order of the runs."""
        helpers = Helpers(self._slow, self.mask)
        found, done = asking.candidates(base, wanted), 0
        names = [name for name, _ in found]
        place = {name: at for at, name in enumerate(names)}
        for waiting in refreshing.refresh_states(base, self.root, names, helpers):
            ready = place[waiting] if waiting else len(names)
            if ready > done and not (wanted.last and waiting):
                yield asking.entries(base, wanted, found[done], found[ready - 1])
                done = ready

    def _figures(self, base: sqlite3.Connection, asked: Asked) -> Iterator[Part]:
        names = [name for name, _ in asking.candidates(base, asked)]
        for _ in refreshing.refresh_states(base, self.root, names, Helpers(self._slow, self.mask)):
            pass
        yield asking.figures(base, asked)

    def _answers(
        self,
        ask: Callable[[sqlite3.Connection], Iterator[Part]],
        made: Callable[[tuple[Any, ...]], T],
    ) -> Iterator[T]:
        """What the index says as the folders are now: the one that is kept, or where it cannot be,
        or somebody else holds it for too long, one in memory. What was told is not told again.
        made: what is told of a row."""
        told: set[Any] = set()
        base = tables.opened(self.root, make=self._has_runs())
        for more in reversed(range(_TRIES)):
            base = tables.in_memory() if base is None else base
            with closing(base):
                try:
                    refreshing.remask(base, self.masked_by, self.mask)
                    refreshing.refresh_cards(base, self.root)
                    for part in ask(base):
                        yield from [made(row) for row in part if row[0] not in told]
                        told.update(row[0] for row in part)
                    return
                except tables.DAMAGED as problem:
                    if not more:
                        raise
                    # At last one that knows nothing: what goes wrong with that is no damage.
                    new = self._instead(base, problem) if more > 1 else None
            base = new

    def _instead(self, base: sqlite3.Connection, problem: Exception) -> sqlite3.Connection | None:
        """What to go on with: one in memory where the index is locked, or on a disk that cannot be
        written; a new one in the place of one that is damaged, as that is whose copy in memory
        fails too; None: nothing can be kept."""
        if isinstance(problem, sqlite3.OperationalError) and tables.is_kept(base):
            return tables.in_memory(base)
        tables.discard(self.root)
        return tables.opened(self.root, make=True)

    def _slow(self, folder: Path) -> Known:
        from orchestrator.store.index import slow

        return slow.known(self.runs(), folder, self.summarised)

    def _has_runs(self) -> bool:
        """Whether there is anything to keep an index of."""
        if (self.root / INDEX).exists():
            return True
        return any(looking.cards(self.root, looking.folders(self.root)))


_LISTS = ("cases", "providers", "tags")


def _entry(told: dict[str, Any]) -> Entry:
    for name in _LISTS:
        if name in told:
            told[name] = _list(told[name] or "[]")
    if told["is_clean"] is not None:
        told["is_clean"] = bool(told["is_clean"])
    return Entry.of(told)


@lru_cache(maxsize=1024)
def _list(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


_OF_RUN = tuple(one.name for one in fields(Figure) if one.name != "row")
_TAGS_OF_RUN, _CLEAN_OF_RUN = _OF_RUN.index("tags"), _OF_RUN.index("is_clean")
_COMMIT_OF_RUN, _TIME_OF_RUN = _OF_RUN.index("commit"), _OF_RUN.index("committed_at")


def _figure(row: tuple[Any, ...]) -> Figure:
    """row: in the order of the fields, then that of a Row's, and the commit if it has its own."""
    run, measured, own = list(row[: len(_OF_RUN)]), row[len(_OF_RUN) : -1], row[-1]
    if own is not None:
        run[_COMMIT_OF_RUN], run[_TIME_OF_RUN] = _list(own)
    run[_TAGS_OF_RUN] = _list(run[_TAGS_OF_RUN])
    if run[_CLEAN_OF_RUN] is not None:
        run[_CLEAN_OF_RUN] = bool(run[_CLEAN_OF_RUN])
    values: list[Any] = [*measured[:-1], bool(measured[-1])]
    told: list[Any] = [*run, Row(*values)]
    return Figure(*told)
