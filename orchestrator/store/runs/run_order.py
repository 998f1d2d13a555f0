"""Which run was made before which: by what their cards say, whatever their folders are called."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

_MOST_BYTES = 32 << 20  # of the digests of 100,000 artifacts; what is larger is none
_STAMP = re.compile(r"\d{8}-\d{6}")
_Moment = tuple[str, int]
_NEVER = ("", -1)
_MOST = 1 << 53  # no machine makes as many runs, and the next card could not hold a larger number


@dataclass(frozen=True)
class Before:
    """What the card of a run made now has to say of the run before it.

    token: which it was, "" if there was none. at, number: where it stood; that holds when it is
    removed.
    """

    token: str = ""
    at: str = ""
    number: int = 0


@dataclass(frozen=True)
class _Mark:
    """What a card says of its place. at: UTC in sortable form, "" where nothing tells."""

    folder: Path
    run_id: str
    at: str
    after: str
    before: _Moment

    @property
    def token(self) -> str:
        """What later cards call the run: they are passed on, and name no other run's host."""
        return hashlib.sha256(self.run_id.encode("utf-8", "replace")).hexdigest()[:16]


def in_order(folders: Iterable[Path], card_name: str) -> list[Path]:
    """Run directories, that made first at the front.

    A run stands where its card's time puts it, but never before the run that was the latest when
    it was made, even where that one is gone: this machine's clock may have been set back between
    the two. A card that cannot be read leaves what the folder's name says.
    """
    return [mark.folder for mark in _sorted([_mark(folder, card_name) for folder in folders], {})]


def latest(folders: Iterable[Path], card_name: str) -> Before:
    """The run made last of these."""
    marks = [_mark(folder, card_name) for folder in folders]
    moments: dict[str, _Moment] = {}
    order = _sorted(marks, moments)
    return Before(order[-1].token, *moments[order[-1].token]) if order else Before()


def _sorted(marks: list[_Mark], moments: dict[str, _Moment]) -> list[_Mark]:
    """moments: gets the place of each, by its token."""
    known = {mark.token: mark for mark in marks}

    def place(mark: _Mark) -> tuple[object, ...]:
        at, number = _moment(mark, known, moments)
        # Of a run and its copy the run is the later one; -2 comes before -10.
        is_itself = mark.run_id == mark.folder.name
        return at, number, is_itself, len(mark.folder.name), mark.folder.name

    return sorted(marks, key=place)


def _moment(mark: _Mark, known: dict[str, _Mark], moments: dict[str, _Moment]) -> _Moment:
    """When it was made, and how many were made since without the clock going on."""
    line: dict[str, _Mark] = {}
    here: _Mark | None = mark
    while here and here.token not in moments and here.token not in line:
        line[here.token] = here
        here = known.get(here.after)
    for token, one in reversed(line.items()):
        at, number = max(moments.get(one.after, _NEVER), one.before)
        moments[token] = max((one.at, 0), (at, number + 1))
    return moments[mark.token]


def _mark(folder: Path, card_name: str) -> _Mark:
    card = _card(folder / card_name)
    run_id, after, number = (card.get(key) for key in ("run_id", "after", "after_number"))
    name = run_id if isinstance(run_id, str) and run_id else folder.name
    after = after if isinstance(after, str) else ""
    then = _utc(card.get("after_at"))
    before = _NEVER
    if after and then and type(number) is int and 0 <= number < _MOST:
        before = (then, number)
    return _Mark(folder, name, _utc(card.get("created_at")) or _stamped(name), after, before)


def _card(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        if path.is_file() and path.stat().st_size <= _MOST_BYTES:
            card = json.loads(path.read_bytes())
            return card if isinstance(card, dict) else {}
    return {}


def _utc(text: object) -> str:
    """The time that a card says in sortable form; "" if it is none."""
    if not isinstance(text, str):
        return ""
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
        at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
        return at.astimezone(timezone.utc).isoformat(timespec="microseconds")
    return ""


def _stamped(name: str) -> str:
    """The time that a run id begins with; "" if it has none."""
    found = _STAMP.match(name)
    with suppress(ValueError):
        if found:
            at = datetime.strptime(found[0], "%Y%m%d-%H%M%S").replace(tzinfo=timezone.utc)
            return at.isoformat(timespec="microseconds")
    return ""
