"""Which run was made before which: by what their cards say, whatever their folders are called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.store.runs.marks import NEVER, Mark, Moment


@dataclass(frozen=True)
class Before:
    """What the card of a run made now has to say of the run before it.

    token: which it was, "" if there was none. at, number: where it stood; that holds when it is
    removed.
    """

    token: str = ""
    at: str = ""
    number: int = 0


def in_order(marks: Iterable[Mark]) -> list[Mark]:
    """Runs, that made first at the front.

    A run stands where its card's time puts it, but never before the run that was the latest when
    it was made, even where that one is gone: this machine's clock may have been set back between
    the two.
    """
    return _sorted([*marks], {})


def latest(marks: Iterable[Mark]) -> Before:
    """The run made last of these."""
    moments: dict[str, Moment] = {}
    order = _sorted([*marks], moments)
    return Before(order[-1].token, *moments[order[-1].token]) if order else Before()


def _sorted(marks: list[Mark], moments: dict[str, Moment]) -> list[Mark]:
    """moments: gets the place of each, by its token."""
    tokens = [mark.token for mark in marks]
    known = dict(zip(tokens, marks, strict=True))

    def place(which: int) -> tuple[object, ...]:
        mark = marks[which]
        at, number = _moment(tokens[which], mark, known, moments)
        # Of a run and its copy the run is the later one; -2 comes before -10.
        is_itself = mark.run_id == mark.folder
        return at, number, is_itself, len(mark.folder), mark.folder

    return [marks[which] for which in sorted(range(len(marks)), key=place)]


def _moment(token: str, mark: Mark, known: dict[str, Mark], moments: dict[str, Moment]) -> Moment:
    """When it was made, and how many were made since without the clock going on."""
    line: dict[str, Mark] = {}
    here, name = mark, token
    while name not in moments and name not in line:
        line[name] = here
        name = here.after
        if name not in known:
            break
        here = known[name]
    for name, one in reversed(line.items()):
        at, number = max(moments.get(one.after, NEVER), one.before)
        moments[name] = max((one.at, 0), (at, number + 1))
    return moments[token]
