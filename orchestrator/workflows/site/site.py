"""A site of all runs: what has changed is made anew, the list comes last, and what is left over
goes.

Whenever it is broken off, each page that is there is whole, and what the list leads to is there:
new pages are written before the list that leads to them, old ones go after it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.report.site import filled, listing, names
from orchestrator.report.site import page as pages
from orchestrator.report.site.run import Neighbours
from orchestrator.store.index.index import RunIndex
from orchestrator.store.index.values import Asked, Entry, Wanted
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.progress import Progress
from orchestrator.workflows.site import noted, place, seen, times
from orchestrator.workflows.site.making import Hand, Order, Page
from orchestrator.workflows.site.noted import Noted, Notes
from orchestrator.workflows.site.pasts import Pasts

_NOTED_EACH_S = 5.0


@dataclass(frozen=True)
class Around:
    """What a site is made from. wanted: which runs. templates: the user's own, None where there are
    none. masked_by: tells what is private from what was."""

    runs: RunStore
    index: RunIndex
    wanted: Wanted
    templates: Path | None
    masked_by: str


@dataclass(frozen=True)
class Made:
    """What became of it. written, kept, removed: pages of runs. unreadable: by run, why its page is
    no report, as far as pages were written now; bugs: of how many that is our fault."""

    runs: int
    written: int
    kept: int
    removed: int
    histories: int
    unreadable: dict[str, str]
    bugs: int
    size_bytes: int
    seconds: float = 0.0


def made(folder: Path, around: Around, progress: Progress) -> Made:
    """Make the site, or bring it up to what the runs are now. Errors as of `place.taken` and
    `Hand.make`."""
    began = time.monotonic()
    runs = list(around.index.entries(around.wanted))
    with place.taken(folder, around.runs.root) as site:
        making = _Making(site, around, runs, _orders(runs))
        return replace(making.done(progress), seconds=time.monotonic() - began)


def _orders(runs: Sequence[Entry]) -> list[Order]:
    """A page for each, in their order, beside those of its kind."""
    later: dict[tuple[str, str, str], str] = {}
    after = []
    for run in reversed(runs):
        after.append(later.get(listing.kind(run), ""))
        later[listing.kind(run)] = run.name
    earlier: dict[tuple[str, str, str], str] = {}
    orders = []
    for run, behind in zip(runs, reversed(after), strict=True):
        orders.append(Order(run, Neighbours(earlier.get(listing.kind(run), ""), behind)))
        earlier[listing.kind(run)] = run.name
    return orders


class _Making:
    """One site on its way."""

    def __init__(
        self, site: Path, around: Around, runs: Sequence[Entry], orders: Sequence[Order]
    ) -> None:
        self.site, self.around, self.runs, self.orders = site, around, runs, orders
        self.before = noted.read(site)
        self.figures = list(around.index.figures(Asked()))
        self.program = seen.program(around.templates, around.masked_by)
        self.hand = Hand(site, around.runs, Pasts(self.figures), around.templates)
        # Looked at before any is read: what changes meanwhile is made anew the next time.
        self.digests = {order.run.name: self._digest(order) for order in orders}
        self.pages: dict[str, Noted] = {}
        self.unreadable: dict[str, str] = {}
        self.bugs = 0

    def done(self, progress: Progress) -> Made:
        progress.step("look", 0, len(self.orders))
        new = [order for order in self.orders if not self._keeps(order)]
        progress.step("look", len(self.orders), len(self.orders))
        kept = len(self.pages)
        size = sum(place.put(self.site, *each) for each in pages.assets().items())
        is_first = not self.before.others
        if is_first:
            self._put_list(is_whole=False)
        try:
            self._make(new, progress)
        except BaseException:
            with suppress(OSError):  # the reason is told already
                self._note(self.before.others)
                if is_first:
                    self._put_list(is_whole=False)
            raise
        self._note(self.before.others)
        told = times.put(self.site, self.runs, self.figures, self.program, progress)
        size += told.size_bytes + self._put_list(is_whole=True)
        removed = self._remove(told.files)
        self._note(told.files)
        size += sum(one.size_bytes for one in self.pages.values())
        size += (self.site / noted.FILE).stat().st_size
        return Made(
            runs=len(self.runs),
            written=len(new),
            kept=kept,
            removed=removed,
            histories=told.histories,
            unreadable=self.unreadable,
            bugs=self.bugs,
            size_bytes=size,
        )

    def _digest(self, order: Order) -> str:
        return seen.run(self.around.runs.folder(order.run.name), repr(order))

    def _keeps(self, order: Order) -> bool:
        """Whether the page is there as it would be made now."""
        file, run = names.page_of(order.run.name), order.run.name
        known = self.before.pages.get(file)
        if known is None or not known.of or self.before.program != self.program:
            return False
        if known.of != self.digests[run]:
            return False
        if known.series and self.hand.pasts.digest(run, known.series) != known.past:
            return False
        path = self.site / file
        if path.is_symlink() or not path.is_file() or path.stat().st_size != known.size_bytes:
            return False
        self.pages[file] = known
        return True

    def _make(self, new: Sequence[Order], progress: Progress) -> None:
        noted_at, total = time.monotonic(), len(new)
        if new:
            progress.step("pages", 0, total)
        for number, order in enumerate(new, 1):
            self._take(self.hand.make(order))
            progress.step("pages", number, total, order.run.name)
            if time.monotonic() - noted_at > _NOTED_EACH_S:
                self._note(self.before.others)
                noted_at = time.monotonic()

    def _take(self, one: Page) -> None:
        past = self.hand.pasts.digest(one.run, one.series) if one.series else ""
        of = "" if one.is_bug else self.digests[one.run]
        self.pages[names.page_of(one.run)] = Noted(of, one.size_bytes, one.series, past)
        self.bugs += one.is_bug
        if one.wrong:
            self.unreadable[one.run] = one.wrong

    def _put_list(self, is_whole: bool) -> int:
        """The list and the comparison, of the runs that have a page."""
        there = [run for run in self.runs if is_whole or names.page_of(run.name) in self.pages]
        files = {
            names.RUN_DATA: listing.data(there, is_whole),
            names.COMPARE: filled.compared(),
            names.LIST: filled.listed(),
        }
        return sum(place.put(self.site, *each) for each in files.items())

    def _remove(self, others: Sequence[str]) -> int:
        gone = [file for file in self.before.pages if file not in self.pages]
        left = set(self.before.others) - {*others}
        for file in (*gone, *sorted(left)):
            place.remove(self.site, file)
        return len(gone)

    def _note(self, others: Sequence[str]) -> None:
        """What is there: also pages that go in the end."""
        is_same = self.before.program == self.program
        rest = {
            file: known if is_same else replace(known, of="")
            for file, known in self.before.pages.items()
            if (self.site / file).exists()
        }
        noted.write(self.site, Notes(self.program, {**rest, **self.pages}, (*others,)))
