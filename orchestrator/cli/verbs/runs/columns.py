"""The columns of a list of runs: what each holds of a run, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from orchestrator.values.command import about

if TYPE_CHECKING:
    from orchestrator.store.index.values import Entry

_SHORT_COMMIT = 10


def what(run: Entry) -> str:
    """Why it is as it is, and what to do about it; of one that went well, what it found."""
    if run.status == "changed":
        return f"{run.reason}; bring it home again: {about('attach', run.name)}"
    if run.status == "pending":
        return f"bring it home: {about('attach', run.name)}"
    return run.reason or run.changed or run.verdict


def _commit(run: Entry) -> str:
    """A plus behind it: the tree had changes that are in no commit."""
    return run.commit[:_SHORT_COMMIT] + ("+" if run.is_clean is False else "")


COLUMNS: dict[str, Callable[[Entry], str]] = {
    "run": lambda run: run.name,
    "status": lambda run: run.status,
    "what": what,
    "verdict": lambda run: run.verdict,
    "verb": lambda run: run.verb,
    "host": lambda run: run.host,
    "created": lambda run: run.created_at,
    "operator": lambda run: run.operator,
    "cases": lambda run: "; ".join(run.cases),
    "providers": lambda run: ", ".join(run.providers),
    "gpu": lambda run: run.gpu,
    "machine": lambda run: run.machine,
    "commit": _commit,
    "branch": lambda run: run.branch,
    "tags": lambda run: ", ".join(run.tags),
    "note": lambda run: run.note,
}
# The fields of an Entry that a column is made of, where that is not the one of its name.
_MADE_OF = {
    "run": ("name",),
    "what": ("name", "status", "reason", "changed", "verdict"),
    "created": ("created_at",),
    "commit": ("commit", "is_clean"),
}
# Elsewhere than on a terminal, and on one.
PLAIN = ("run", "status", "what")
DEFAULT = ("run", "status", "commit", "tags", "what")
# Characters that a column has at the least, so that lines stand below each other as they come.
LEAST = {"run": 44, "status": 10, "commit": 11, "verb": 8, "created": 20}


def fields_of(columns: Iterable[str]) -> tuple[str, ...]:
    """The fields of an Entry that these columns are made of."""
    return tuple(one for name in columns for one in _MADE_OF.get(name, (name,)))
