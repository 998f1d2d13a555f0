"""All runs at a glance, without reading what came of each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.store.index import asking, looking, refreshing, tables
from orchestrator.store.index.refreshing import Helpers
from orchestrator.store.index.values import Asked, Entry, Figure, Wanted
from orchestrator.values.kept.summary import Row

if TYPE_CHECKING:
    from orchestrator.store.index.quick import Known
    from orchestrator.store.runs.run_store import RunStore
    from orchestrator.values.kept.summary import Summary
    from orchestrator.values.run import Run


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
        LocalFault, OSError: their folder cannot be read."""
        with closing(self._fresh()) as base:
            rows = asking.entries(base, wanted)
        return map(_entry, rows)

    def figures(self, asked: Asked = Asked()) -> Iterator[Figure]:  # noqa: B008
        """The rows of races that are wanted, in the order in which their runs were made; of runs
        whose files are not what came home, none. Errors as of `entries`."""
        with closing(self._fresh()) as base:
            rows = asking.figures(base, asked)
        return map(_figure, rows)

    def _fresh(self) -> sqlite3.Connection:
        """The index as the folders are now: that which is kept, or where it cannot be, or somebody
        else holds it for too long, one in memory."""
        base = tables.opened(self.root, make=self._has_runs())
        for _ in range(2):
            if base is None:
                break
            try:
                return self._refreshed(base)
            except sqlite3.OperationalError:  # locked, or on a disk that cannot be written
                with closing(base):
                    return self._refreshed(tables.in_memory(base))
            except sqlite3.DatabaseError:
                base.close()
                tables.discard(self.root)
                base = tables.opened(self.root, make=True)
            except BaseException:
                base.close()
                raise
        return self._refreshed(tables.in_memory())

    def _refreshed(self, base: sqlite3.Connection) -> sqlite3.Connection:
        refreshing.remask(base, self.masked_by, self.mask)
        refreshing.refresh_cards(base, self.root)
        for _ in refreshing.refresh_states(base, self.root, Helpers(self._slow, self.mask)):
            pass
        return base

    def _slow(self, folder: Path) -> Known:
        from orchestrator.store.index import slow

        return slow.known(self.runs(), folder, self.summarised)

    def _has_runs(self) -> bool:
        with suppress(OSError):
            return any(looking.cards(self.root, looking.folders(self.root)))
        return False


_LISTS = ("cases", "providers", "tags")
_ENTRY = tuple(one.name for one in fields(Entry))


def _entry(row: tuple[Any, ...]) -> Entry:
    """row: in the order of `asking.ENTRY`, which is that of the fields."""
    told = dict(zip(_ENTRY, row, strict=True))
    for name in _LISTS:
        told[name] = tuple(json.loads(told[name] or "[]"))
    if told["is_clean"] is not None:
        told["is_clean"] = bool(told["is_clean"])
    return Entry(**told)


_OF_RUN = tuple(one.name for one in fields(Figure) if one.name != "row")
_OF_ROW = tuple(one.name for one in fields(Row))


def _figure(row: tuple[Any, ...]) -> Figure:
    """row: in the order of `asking.FIGURE`."""
    told = dict(zip(_OF_RUN, row, strict=False))
    told["tags"] = tuple(json.loads(told["tags"]))
    if told["is_clean"] is not None:
        told["is_clean"] = bool(told["is_clean"])
    measured = dict(zip(_OF_ROW, row[len(_OF_RUN) :], strict=True))
    return Figure(**told, row=Row(**{**measured, "refuted": bool(measured["refuted"])}))
