"""A comparison as a page: its answer first, the rows the worst first, all else folded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from orchestrator.performance.verdict import Verdict
from orchestrator.report.comparing import wording
from orchestrator.report.comparing.builds import spilled
from orchestrator.report.comparing.comparison import Comparison
from orchestrator.report.comparing.parts.folds import (
    build_table,
    ceilings_table,
    folds,
    operator_of,
)
from orchestrator.report.comparing.parts.rows import rows_view
from orchestrator.report.printing import html as paper
from orchestrator.report.printing.form import Form
from orchestrator.report.printing.templates import fill
from orchestrator.report.view.comparison import ComparisonView, FoldView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from orchestrator.report.wording.plain import for_stdout

_TEMPLATE = "compare.md.j2"
# What a comment on GitHub can hold, in characters.
MOST_CHARACTERS = 65_536
# With what stands above it, a screen.
_MOST_ROWS = 20


def markdown(found: Comparison, own: Path | None = None) -> str:
    """The page as a comment on GitHub can hold it, with a sentence where lines had to go.

    own: the folder of the user's own templates.
    """
    whole, most = view(found), None
    while True:
        page = fill(_TEMPLATE, Form.MARKDOWN, own, page=_cut(whole, most))
        text = for_stdout(page)
        if len(text) <= MOST_CHARACTERS or most == 0:
            return text
        most = 3 * (_longest(whole) if most is None else most) // 4


def text(found: Comparison, own: Path | None = None) -> str:
    """In words for a terminal, nothing folded."""
    return fill(_TEMPLATE, Form.TEXT, own, page=view(found))


def html(found: Comparison, own: Path | None = None) -> str:
    """One file that asks nothing of any network."""
    page = view(found)
    return paper.page(fill(_TEMPLATE, Form.HTML, own, page=page), page.title)


def view(found: Comparison) -> ComparisonView:
    """A comparison in words."""
    before, after = found.before.card.run_id, found.after.card.run_id
    broke = ((one.provider, one.case, one.method, one.reason) for one in found.broke)
    heading, table, below = _answer(found)
    return ComparisonView(
        title=verdict_line(found).rstrip("."),
        first=first_line(found),
        broke=wording.lines(broke, operator_of(found)),
        heading=heading,
        table=replace(table, rows=table.rows[:_MOST_ROWS]),
        more=_more(table),
        runs=f"Before: {before}. After: {after}.",
        folds=(*_rest(table), *below),
    )


def _answer(found: Comparison) -> tuple[str, Table, tuple[FoldView, ...]]:
    """The heading and the table that answer, and what is folded beside them."""
    rows, below = rows_view(found), folds(found)
    if rows.table.rows:
        return rows.heading, rows.table, below
    for heading, table in (
        ("Ceilings", ceilings_table(found)),
        ("What the compiler says", build_table(found)),
    ):
        if table.rows:
            return heading, table, tuple(fold for fold in below if fold.table != table)
    return "", rows.table, below


def _more(table: Table) -> str:
    left = len(table.rows) - _MOST_ROWS
    return f"{fmt.count(left, 'more row')} below, all of them no worse." if left > 0 else ""


def _rest(table: Table) -> Iterator[FoldView]:
    rest = table.rows[_MOST_ROWS:]
    if rest:
        yield FoldView(f"The other {fmt.count(len(rest), 'row')}", table=replace(table, rows=rest))


def _longest(page: ComparisonView) -> int:
    tables = (page.table, *(fold.table for fold in page.folds))
    notes = (page.broke, *(fold.notes for fold in page.folds))
    return max(len(rows) for rows in (*(table.rows for table in tables), *notes))


def _cut(page: ComparisonView, most: int | None) -> ComparisonView:
    """With so many lines of everything at most, and how many are left out."""
    if most is None:
        return page
    broke, rows = page.broke[:most], page.table.rows[:most]
    gone = len(page.table.rows) - len(rows)
    return replace(
        page,
        broke=(*broke, *_left_out(len(page.broke) - len(broke))),
        table=replace(page.table, rows=rows),
        more=" ".join(filter(None, (*_left_out(gone), page.more))),
        folds=tuple(_shorter(fold, most) for fold in page.folds),
    )


def _shorter(fold: FoldView, most: int) -> FoldView:
    notes, rows = fold.notes[:most], fold.table.rows[:most]
    gone = len(fold.notes) - len(notes) + len(fold.table.rows) - len(rows)
    lead = " ".join(filter(None, (fold.lead, *_left_out(gone))))
    return replace(fold, lead=lead, notes=notes, table=replace(fold.table, rows=rows))


def _left_out(number: int) -> Iterator[str]:
    if number:
        yield (
            f"{fmt.count(number, 'line')} left out here, as a comment holds "
            f"{MOST_CHARACTERS:,} characters."
        )


def first_line(found: Comparison) -> str:
    """Spills, then whether anything but the code differs."""
    worst = spilled(found.changes)
    if found.same_code:
        worst += "Both runs ran the same sources: no difference is an edit's. "
    differences = found.differences
    if found.refused and not found.rows and not found.yardsticks:
        return f"{worst}NOT COMPARED: {found.refused[0].reason}."
    if not differences:
        return f"{worst}Same device, driver, clocks and cases."
    explaining = [one.words for one in differences if one.explains]
    if explaining:
        parts = "; ".join(explaining)
        return f"{worst}NOT THE SAME CONDITIONS, so the code alone explains no difference: {parts}."
    parts = "; ".join(one.words for one in differences)
    return f"{worst}Same device, driver and clocks; what differs explains no time: {parts}."


def verdict_line(found: Comparison) -> str:
    """How many rows got better and worse."""
    if not found.rows:
        return _without_rows(found)
    verdicts = [row.verdict for row in found.rows]
    reached = [verdict for verdict in Verdict if verdict in verdicts]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict.value}" for verdict in reached)
    text = f"{fmt.count(len(verdicts), 'row')}, after against before: {counts}."
    text += f" {len(found.broke)} more that broke." if found.broke else ""
    gone = len(found.lost) - len(found.broke)
    text += f" {gone} more that the second run did not time." if gone else ""
    return text + (f" {len(found.refused)} more that are not alike." if found.refused else "")


def _without_rows(found: Comparison) -> str:
    if found.ceilings and not found.yardsticks:
        agree = sum(one.verdict is Verdict.SAME for one in found.ceilings)
        return f"{agree} of {fmt.count(len(found.ceilings), 'ceiling')} agree within 5 %."
    broke = f" {len(found.broke)} that broke." if found.broke else ""
    if found.yardsticks:
        return f"Nothing to judge: what both runs timed is the baseline alone.{broke}"
    return f"Nothing to compare: no provider was timed on the same case in both runs.{broke}"
