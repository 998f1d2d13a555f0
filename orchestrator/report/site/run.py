"""The page of one run: its report, its labels, and the ways from it to others."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from orchestrator.report.site import names
from orchestrator.report.site.lean import lean
from orchestrator.report.site.listing import commit
from orchestrator.report.site.packed import packed
from orchestrator.report.site.page import Frame, page
from orchestrator.report.wording.plain import words
from orchestrator.store.index.values import Entry
from orchestrator.values.command import about

_UTC = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?(?:Z|\+00:00)")


@dataclass(frozen=True)
class Neighbours:
    """Runs of one kind: the one before, and the one after; "" for none."""

    earlier: str = ""
    later: str = ""


@dataclass(frozen=True)
class RunView:
    """name: of the run, where strangers may read it. facts: words of its labels, in their order.
    earlier, later: files of pages, "" for none. before: what the comparison's address says behind
    its # for this run and the one before; last: for this one and the last; both "" for none."""

    name: str
    facts: tuple[str, ...]
    tags: tuple[str, ...]
    note: str
    earlier: str
    later: str
    before: str
    last: str


def reported(run: Entry, beside: Neighbours, title: str, body: str) -> str:
    """title: of the report; body: it, in HTML that has passed the gate."""
    whole = about("report", run.name, "--html")
    return page(
        _frame(title),
        "run.j2",
        run=_view(run, beside),
        body=packed(lean(body)),
        # No command names what strangers may not read.
        whole=whole if words(whole) == whole else "",
    )


def unreadable(run: Entry, beside: Neighbours, what: str, why: str, hint: str) -> str:
    """A page for a run that has no report. what: in few words; hint: what to do, "" for nothing."""
    view = _view(replace(run, status=what), beside)
    return page(
        _frame(f"{words(run.name)}: {what}"),
        "unreadable.j2",
        run=view,
        what=what,
        why=why,
        hint=hint,
    )


def _frame(title: str) -> Frame:
    return Frame(title, "../", names.LIST)


def _made(at: str) -> str:
    """`2026-11-22 10:15 UTC`; as it is where it is written otherwise."""
    found = _UTC.fullmatch(at)
    return f"{found[1]} {found[2]} UTC" if found else at


def _view(run: Entry, beside: Neighbours) -> RunView:
    here = names.stem(run.name)
    facts = (_made(run.created_at), run.status, run.operator, run.gpu, commit(run), run.branch)
    return RunView(
        name=run.name,
        facts=tuple(one for one in facts if one),
        tags=run.tags,
        note=run.note,
        earlier=names.page_of(beside.earlier) if beside.earlier else "",
        later=names.page_of(beside.later) if beside.later else "",
        before=f"a={names.stem(beside.earlier)}&b={here}" if beside.earlier else "",
        last=f"a={here}&b=last" if beside.later else "",
    )
