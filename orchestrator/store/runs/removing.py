"""Deleting a run's folder: all of it, and nothing that is not one."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from itertools import repeat
from pathlib import Path

from orchestrator.errors import RunError
from orchestrator.here.local_fault import told
from orchestrator.store.runs import run_files
from orchestrator.store.runs.run_files import CARD, LENT
from remote_payload.contract.layout import ARTIFACTS


def remove(root: Path, folder: Path, spare_tagged: bool = False) -> bool:
    """Delete one run directory; refuses anything that is not one, and one that holds others.
    spare_tagged: False for one that has a tag, or that nobody can tell of."""
    if (
        not os.path.lexists(folder / CARD)
        or folder.is_symlink()
        or folder.resolve().parent != root.resolve()
    ):
        raise RunError(f"{folder} is not a run directory; nothing was deleted")
    if spare_tagged and _may_have_a_tag(folder):
        return False
    within = next(filter(None, map(_other_run, folder.rglob(CARD), repeat(folder))), "")
    if within:
        raise RunError(
            f"{folder} holds another run, {within}; nothing was deleted",
            hint=f"Move that one out of it first: {root}",
        )
    try:
        _refuse_to_empty(folder)
        # The card last: what cannot be removed whole is a run still, and can be removed again.
        for item in sorted(folder.iterdir(), key=lambda item: item.name == CARD):
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()
        folder.rmdir()
    except OSError as exc:
        raise told(exc, f"run {folder.name} could not be removed whole") from exc
    return True


def _may_have_a_tag(folder: Path) -> bool:
    with suppress(RunError):
        return bool(run_files.card(folder).tags)
    return True


def _other_run(card: Path, outer: Path) -> str:
    """Where in the folder of a run a card makes another one; empty for its own, for a copy that it
    has borrowed, and for what its job called so and is no card."""
    place = card.parent.relative_to(outer)
    if place.parts in ((), (LENT,)):
        return ""
    return str(place) if place.parts[0] not in (LENT, ARTIFACTS) or _is_card(card) else ""


def _is_card(path: Path) -> bool:
    with suppress(RunError):
        return bool(run_files.card(path.parent))
    return False


def _refuse_to_empty(folder: Path) -> None:
    """OSError where the emptied folder would have to stay: whether it may go is looked at first,
    rmdir(2), and only then that something is in it."""
    try:
        folder.rmdir()
    except OSError as exc:
        if exc.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
