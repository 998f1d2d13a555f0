"""The index as those use it who only want to know which runs there are: where one is kept."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

from orchestrator.store.index import refreshing, tables
from orchestrator.store.runs.marks import Mark


def marks(root: Path) -> list[Mark] | None:
    """What every run goes by, in their order, as the cards are now; None where no index is kept
    that can be read and written, or it is damaged."""
    with suppress(*tables.DAMAGED, OSError):
        base = tables.opened(root, make=False)
        if base is not None:
            with closing(base):
                refreshing.refresh_cards(base, root)
                return refreshing.known_marks(base)
    return None
