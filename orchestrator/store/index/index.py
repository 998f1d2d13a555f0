"""All runs at a glance, without reading what came of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

from orchestrator.errors import RunError
from orchestrator.store.index.values import Asked, Entry, Figure
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.kept.summary import Row, Summary
from orchestrator.values.run import Run, RunCard


@dataclass(frozen=True)
class RunIndex:
    """The runs of one folder, oldest first. summarised: what a run came to whose card does not
    say so."""

    runs: RunStore
    summarised: Callable[[Run], Summary]

    def entries(self) -> Iterator[Entry]:
        """Every run, that made first at the front; damaged ones too."""
        for folder in self.runs.all():
            if known := self._known(folder):
                yield _entry(folder, *known)

    def figures(self, asked: Asked = Asked()) -> Iterator[Figure]:  # noqa: B008
        """The rows of races that are wanted, in the order in which their runs were made; of runs
        whose files are not what came home, none."""
        for folder in self.runs.all():
            known = self._known(folder)
            if known and _is_of(_entry(folder, *known), asked):
                entry = _entry(folder, *known)
                yield from (_figure(entry, row) for row in known[1].rows if _fits(row, asked))

    def _known(self, folder: Path) -> tuple[RunCard, Summary] | None:
        with suppress(RunError):
            run = self.runs.load(folder)
            if run.altered:
                return run.card, Summary("changed")
            if run.result is None and run.end is None:
                return run.card, Summary("pending")
            return run.card, run.card.summary or self.summarised(run)
        return None


def _entry(folder: Path, card: RunCard, summary: Summary) -> Entry:
    own = next((one for one in card.revisions if not one.of), None)
    return Entry(
        name=folder.name,
        run_id=card.run_id,
        verb=card.verb,
        host=card.host,
        created_at=card.created_at,
        status=summary.status,
        reason=summary.reason,
        verdict=summary.verdict,
        operator=card.operator,
        cases=card.cases,
        providers=tuple(dict.fromkeys(row.provider for row in summary.rows)),
        machine=summary.machine,
        gpu=summary.gpu,
        commit=own.commit if own else "",
        committed_at=own.committed_at if own else "",
        is_clean=own.is_clean if own else None,
        branch=own.branch if own else "",
        tags=card.tags,
        note=card.note,
    )


def _figure(entry: Entry, row: Row) -> Figure:
    same = {name: getattr(entry, name) for name in _OF_RUN}
    return Figure(run=entry.name, row=row, **same)


_OF_RUN = tuple(one.name for one in fields(Figure) if one.name not in ("run", "row"))


def _is_of(entry: Entry, asked: Asked) -> bool:
    exact = ("operator", "machine", "host", "branch", "verb")
    same = all(getattr(asked, name) in ("", getattr(entry, name)) for name in exact)
    known = not asked.commits or entry.commit in asked.commits
    return same and known and (not asked.tag or asked.tag in entry.tags)


def _fits(row: Row, asked: Asked) -> bool:
    exact = ("provider", "method", "dtype")
    same = all(getattr(asked, name) in ("", getattr(row, name)) for name in exact)
    return same and set(asked.case.split()) <= set(row.case.split())
