"""What a run's card says of its place among the others, and of the names by which people mean it.

Read leniently: a card that cannot be read leaves what the folder's name says.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from orchestrator.store.runs.naming import CARD as CARD
from orchestrator.store.runs.naming import verb_in

MOST_BYTES = 32 << 20  # of the digests of 100,000 artifacts; what is larger is none
_STAMP = re.compile(r"\d{8}-\d{6}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
Moment = tuple[str, int]
NEVER = ("", -1)
_MOST = 1 << 53  # no machine makes as many runs, and the next card could not hold a larger number


@dataclass(frozen=True)
class Commit:
    """One checkout that a run's sources lie in. is_clean: None where git did not say so."""

    name: str
    is_clean: bool | None = None


@dataclass(frozen=True)
class Mark:
    """One run. folder: its name. at: UTC in sortable form, "" where nothing tells. after, before:
    which run was the latest when it was made, and where that one stood. verb: "" where nobody can
    tell. commits: that of the project first."""

    folder: str
    run_id: str
    at: str
    after: str = ""
    before: Moment = NEVER
    verb: str = ""
    host: str = ""
    tags: tuple[str, ...] = ()
    commits: tuple[Commit, ...] = ()

    @property
    def token(self) -> str:
        """What later cards call the run: they are passed on, and name no other run's host."""
        return hashlib.sha256(self.run_id.encode("utf-8", "replace")).hexdigest()[:16]


def mark(folder: Path, card_name: str) -> Mark:
    """Of one run's folder."""
    return of_card(folder.name, document(folder / card_name))


def of_card(folder: str, card: dict[str, Any]) -> Mark:
    """The same, its card having been read."""
    run_id, after, number = (card.get(key) for key in ("run_id", "after", "after_number"))
    name = run_id if isinstance(run_id, str) and run_id else folder
    after = after if isinstance(after, str) else ""
    then = utc(card.get("after_at"))
    before = NEVER
    if after and then and type(number) is int and 0 <= number < _MOST:
        before = (then, number)
    verb, host, tags = (card.get(key) for key in ("verb", "host", "tags"))
    return Mark(
        folder,
        name,
        utc(card.get("created_at")) or _stamped(name),
        after,
        before,
        verb if isinstance(verb, str) else verb_in(folder),
        host if isinstance(host, str) else "",
        tuple(one for one in tags if isinstance(one, str)) if isinstance(tags, list) else (),
        tuple(_commits(card.get("revisions"))),
    )


def _commits(revisions: object) -> Iterator[Commit]:
    found = [one for one in revisions if isinstance(one, dict)] if type(revisions) is list else []
    for one in sorted(found, key=lambda one: bool(one.get("of"))):
        name, is_clean = one.get("commit"), one.get("is_clean")
        if isinstance(name, str) and _COMMIT.fullmatch(name):
            yield Commit(name, is_clean if isinstance(is_clean, bool) else None)


def document(path: Path) -> dict[str, Any]:
    """A card as plain values; {} for what is none."""
    with suppress(OSError, ValueError, RecursionError):
        if path.is_file() and path.stat().st_size <= MOST_BYTES:
            card = json.loads(path.read_bytes())
            return card if isinstance(card, dict) else {}
    return {}


def utc(text: object) -> str:
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
