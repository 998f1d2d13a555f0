"""Runs in lines: a table on a terminal, aligned lines elsewhere, CSV and JSON for programs.

Rows are printed as they come, so widths are those of the first ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from orchestrator.cli.screen import console, terminal
from orchestrator.cli.verbs.runs.columns import COLUMNS, DEFAULT, LEAST, PLAIN, what
from orchestrator.values.spreadsheet.cells import csv_lines
from orchestrator.values.text import harmless_json, one_line

if TYPE_CHECKING:
    from orchestrator.cli.verbs.runs.filters import Shape
    from orchestrator.store.index.values import Entry

_LEAST_LAST = 16


def printed(chunks: Iterator[list[Entry]], shape: Shape) -> Entry | None:
    """Print all of them; the last one, None where there was none."""
    if shape.form == "json":
        return _as_json(chunks, shape)
    if shape.form == "csv":
        return _as_csv(chunks, shape)
    return _as_lines(chunks, shape)


def in_order_of(sort: str, rows: Iterator[Entry], limit: int) -> list[Entry]:
    """By a column, and within it by age; the last `limit` of them, all for 0."""
    told = COLUMNS[sort.removeprefix("-")]
    found = sorted(rows, key=lambda run: told(run).casefold(), reverse=sort.startswith("-"))
    return found[-limit:] if limit else found


def columns(shape: Shape) -> tuple[str, ...]:
    """Those of a list in lines."""
    return shape.columns or (DEFAULT if terminal.is_terminal() else PLAIN)


def _as_lines(chunks: Iterator[list[Entry]], shape: Shape) -> Entry | None:
    on_terminal, last, names = terminal.is_terminal(), None, columns(shape)
    width = terminal.columns()
    told_by = [COLUMNS[name] for name in names]
    widths: list[int] = []
    for rows in chunks:
        cells = [[_cell(told(run)) for told in told_by] for run in rows]
        if not widths:
            widths = _widths(names, cells, width)
        lines = (_line(one, widths, on_terminal) for one in cells)
        console.page("\n".join(lines))
        last = rows[-1]
    return last


def _widths(names: tuple[str, ...], cells: list[list[str]], width: int) -> list[int]:
    """width: of the terminal, 0 for none; the last column gets what is left."""
    found = []
    for name, column in zip(names, zip(*cells, strict=True), strict=True):
        longest = max(map(len, column))
        found.append(max(longest, LEAST.get(name, len(name))))
    if width and len(names) > 1:
        room = width - _LEAST_LAST - len(names) + 1
        while sum(found[:-1]) > room and max(found[:-1]) > _LEAST_LAST:
            widest = found.index(max(found[:-1]))
            found[widest] -= 1
    if width:
        found[-1] = max(width - sum(found[:-1]) - len(names) + 1, _LEAST_LAST)
    return found


def _line(cells: list[str], widths: list[int], cut: bool) -> str:
    if cut:
        cells = [
            cell if len(cell) <= width else f"{cell[: width - 1]}…"
            for cell, width in zip(cells, widths, strict=True)
        ]
    return " ".join(map(str.ljust, cells, widths)).rstrip()


def _cell(text: str) -> str:
    """What it holds in one line; `console` spells out the rest that is not seen."""
    return text if text.isprintable() else one_line(text)


def _as_csv(chunks: Iterator[list[Entry]], shape: Shape) -> Entry | None:
    names, last = shape.columns or tuple(COLUMNS), None
    console.page(csv_lines([names]))
    for rows in chunks:
        told = ([one_line(COLUMNS[name](run)) for name in names] for run in rows)
        console.page(csv_lines(told))
        last = rows[-1]
    return last


def _as_json(chunks: Iterator[list[Entry]], shape: Shape) -> Entry | None:
    """One document, a run on each line, as the runs come. All of it is as discreet as the cards and
    the index are."""
    last, line = None, ""
    console.page("[")
    for rows in chunks:
        lines = [harmless_json(json.dumps(_facts(run, shape), sort_keys=True)) for run in rows]
        told = [line, *lines] if line else lines
        line = told.pop()  # the last one of all has no comma behind it
        if told:
            console.page(",\n".join(told) + ",")
        last = rows[-1]
    console.page(f"{line}\n]" if line else "]")
    return last


def _facts(run: Entry, shape: Shape) -> dict[str, Any]:
    if shape.columns:
        return {name: COLUMNS[name](run) for name in shape.columns}
    return {
        "run": run.name,
        "status": run.status,
        "reason": what(run) if run.status != "ok" else run.reason or run.changed,
        "changed": run.changed,
        "verdict": run.verdict,
        "verb": run.verb,
        "host": run.host,
        "created_at": run.created_at,
        "operator": run.operator,
        "cases": run.cases,
        "providers": run.providers,
        "gpu": run.gpu,
        "machine": run.machine,
        "commit": run.commit,
        "committed_at": run.committed_at,
        "clean": run.is_clean,
        "branch": run.branch,
        "tags": run.tags,
        "note": run.note,
    }
