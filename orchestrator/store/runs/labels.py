"""What people call a run, and say of it: edits of its card, and of nothing that came home."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from orchestrator.here.alone import alone
from orchestrator.here.local_fault import told
from orchestrator.store.runs import run_files
from orchestrator.store.runs.naming import CARD
from orchestrator.values.privacy.redaction import discreet
from orchestrator.values.run import RunCard
from orchestrator.values.text import one_line
from remote_payload.contract import codec

_MOST_CHARACTERS = 2000


def tag(folder: Path, tags: Iterable[str], remove: bool = False) -> tuple[str, ...]:
    """Give a run these tags, or take them off; those that it has now.

    RunError: its card cannot be read. LocalFault: it cannot be written. UsageError: a tag that
    nobody else may read, as cards are passed on.
    """
    wanted = tuple(dict.fromkeys(tags))
    require_public(wanted)

    def changed(card: RunCard) -> RunCard:
        kept = tuple(one for one in card.tags if one not in wanted)
        return replace(card, tags=kept if remove else (*card.tags, *_new(card.tags, wanted)))

    return _edited(folder, changed).tags


def require_public(tags: Iterable[str]) -> None:
    """UsageError for a tag that nobody else may read, as cards are passed on."""
    for one in tags:
        if discreet(one) != one:
            raise UsageError(
                f"{one!r} looks like an address, a key or a name that is private",
                hint="Runs are passed on with their tags; choose another word.",
            )


def note(folder: Path, text: str) -> str:
    """Say this of a run, "" for nothing; what is kept of it. Errors as of `tag`."""
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(
            f"the note has {len(text):,} characters", hint=f"{_MOST_CHARACTERS:,} are kept."
        )
    kept = discreet(one_line(text.strip()))
    return _edited(folder, lambda card: replace(card, note=kept)).note


def _new(there: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in wanted if one not in there)


def _edited(folder: Path, change: Callable[[RunCard], RunCard]) -> RunCard:
    """The card as it is afterwards; two that change it at once both have their way."""
    try:
        with alone(folder.parent):
            card = change(run_files.card(folder))
            codec.write_atomic(regular_file.own(folder / CARD), codec.dumps(card))
    except OSError as exc:
        raise told(exc, f"the card of {folder.name} was left as it was") from exc
    return card
