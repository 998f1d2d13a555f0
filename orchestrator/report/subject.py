"""Whom a run is about: the user's own providers first, then our kernel."""

from __future__ import annotations

from collections.abc import Iterable

from remote_payload.contract.facts import Role
from remote_payload.contract.result import Result


def own(result: Result) -> tuple[str, ...]:
    """The user's own providers, in the order in which they were given."""
    users = result.operator.named(Role.USERS)
    providers = result.request.providers
    return tuple(one.name for one in providers if one.target is not None or one.name in users)


def subjects(result: Result, present: Iterable[str]) -> tuple[str, ...]:
    """Whom the first line has to speak of: the user's own, present or not, then ours if present.

    Without either, what was asked for by name beside the baseline and is present.
    """
    names = set(present)
    ours = result.operator.ours
    mine = (*own(result), *((ours,) if ours in names else ()))
    named = [each.name for each in result.request.providers if each.required]
    return mine or tuple(
        name for name in named if name in names and name != result.operator.baseline
    )
