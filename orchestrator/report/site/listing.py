"""All runs for the list and for the choice of two, in so few bytes that thousands come at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.report.history.wording import DIGITS
from orchestrator.report.site.names import stem
from orchestrator.report.site.script import Pool, call
from orchestrator.report.wording.plain import words
from orchestrator.store.index.values import Entry
from orchestrator.values.command import typed


def said(run: Entry) -> str:
    """Why it is as it is; of one that went well, what it found."""
    return run.reason or run.changed or run.verdict


def kind(run: Entry) -> tuple[str, str, str]:
    """Runs of one kind follow each other: one command, on one operator, on one sort of machine."""
    return run.verb, run.operator, run.gpu or run.machine


def commit(run: Entry) -> str:
    """A plus behind it: the tree had changes that are in no commit."""
    return run.commit[:DIGITS] + ("+" if run.is_clean is False else "")


def data(runs: Sequence[Entry], is_whole: bool = True) -> str:
    """A script that hands the runs to the page, the newest first. is_whole: none is missing that
    will have a page."""
    pool = Pool()
    rows = [_row(run, pool) for run in reversed(runs)]
    return call("siteRuns", {"texts": pool.texts, "runs": rows, "whole": is_whole})


def _row(run: Entry, pool: Pool) -> list[Any]:
    """In the order that list.js and compare.js read."""
    name, file = words(run.name), stem(run.name)
    shared = (
        run.status, run.verb, run.host, run.operator, run.gpu, run.machine, commit(run),
        run.branch, said(run), run.note,
    )  # fmt: skip
    lists = (run.cases, run.providers, run.tags)
    typed_name = typed(run.name)
    # What may not be read by strangers can be in no command that they copy.
    is_plain = name == run.name
    return [
        file,
        words(run.created_at),
        *map(pool.place, shared),
        *([pool.place(one) for one in each] for each in lists),
        "" if name == file else name,
        "" if typed_name == file else typed_name if is_plain else None,
    ]
