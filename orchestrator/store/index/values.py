"""What the index of all runs answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.values.kept.summary import Row


@dataclass(frozen=True)
class Entry:
    """One run, as far as it is known without reading what came of it.

    name: of its folder, which commands take. created_at: UTC, as its card says. commit, is_clean,
    branch, committed_at: of the project's own sources; "" and None where git told nothing;
    is_clean: of all sources, also those of the user's in other checkouts. status:
    the result's word; "pending", "lost", "changed" or "damaged" where there is none that counts.
    reason, changed: in words. cases: labels. providers: those that were timed.
    """

    name: str
    status: str
    run_id: str = ""
    verb: str = ""
    host: str = ""
    created_at: str = ""
    reason: str = ""
    changed: str = ""
    verdict: str = ""
    operator: str = ""
    cases: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    machine: str = ""
    gpu: str = ""
    commit: str = ""
    committed_at: str = ""
    is_clean: bool | None = None
    branch: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Entry:
        """Of these fields, `name` and `status` among them; the others were not asked for. Made
        without __init__, which sets each field by a call: ten thousand took 16 ms that way, and
        take 2 this way."""
        made = object.__new__(cls)
        made.__dict__.update(told)
        return made


@dataclass(frozen=True)
class Figure:
    """One row of a race, and the run that it is of. commit, committed_at: of the checkout that the
    provider's own sources lie in, "" where nobody knows. is_clean: of all that the run's lie in."""

    run: str
    created_at: str
    verb: str
    host: str
    operator: str
    machine: str
    gpu: str
    commit: str
    committed_at: str
    is_clean: bool | None
    branch: str
    tags: tuple[str, ...]
    row: Row


@dataclass(frozen=True)
class Asked:
    """Which figures are wanted; "" and () leave it open.

    case: a label, or words that all stand in it (`H=96 fp16`). since, until: of when the run was
    made, in ISO 8601; a day alone is meant whole. commits: full names.
    """

    operator: str = ""
    provider: str = ""
    case: str = ""
    method: str = ""
    dtype: str = ""
    machine: str = ""
    host: str = ""
    branch: str = ""
    verb: str = ""
    since: str = ""
    until: str = ""
    commits: tuple[str, ...] = ()
    tag: str = ""


@dataclass(frozen=True)
class Wanted:
    """Which runs are wanted, as in `Asked`. gpu: a part of its name. last: so many at the most, the
    newest ones; 0 for all. fields: of an Entry, those that are needed; () for all."""

    operator: str = ""
    provider: str = ""
    gpu: str = ""
    status: str = ""
    machine: str = ""
    host: str = ""
    branch: str = ""
    verb: str = ""
    since: str = ""
    until: str = ""
    commits: tuple[str, ...] = ()
    tag: str = ""
    last: int = 0
    fields: tuple[str, ...] = ()
