"""What a comparison of two runs shows."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.report.view.tables import NO_TABLE, Table


@dataclass(frozen=True)
class FoldView:
    """What is folded. summary: a sentence that says what is inside; lead: how it is to be read, or
    empty; notes: one sentence each; table: it may have no rows."""

    summary: str
    lead: str = ""
    notes: tuple[str, ...] = ()
    table: Table = NO_TABLE


@dataclass(frozen=True)
class ComparisonView:
    """What the template prints.

    title: the verdict. first: whether the runs may be compared at all. broke: what was timed before
    and failed since, one sentence each. heading: what is the same in all rows of the table. table:
    the rows, the worst first; of runs that timed nothing their ceilings, else what their builds
    say. more: how many rows stand below; "" if none do. runs: which two these are. folds: all else.
    """

    title: str
    first: str
    broke: tuple[str, ...]
    heading: str
    table: Table
    more: str
    runs: str
    folds: tuple[FoldView, ...]
