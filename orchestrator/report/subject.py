"""Whom a run is about: the user's own providers first, then our kernel."""

from __future__ import annotations

from collections.abc import Iterable

from remote_payload.contract.facts import Role
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status


def own(result: Result) -> tuple[str, ...]:
    """The user's own providers, in the order in which they were given; without those that are only
    there to be compared with."""
    users = result.operator.named(Role.USERS)
    beside = (*result.request.before, result.operator.baseline)
    providers = [one for one in result.request.providers if one.name not in beside]
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


def lost(provider: Provider, result: Result) -> str:
    """Why a provider was not raced against the revision that was asked for; empty if it was, or if
    nothing was to be raced."""
    if not provider.against or Stage.BENCH not in result.request.stages:
        return ""
    twin = provider.against
    whole = (r for r in result.bench if r.provider == twin and r.status is Status.OK)
    if any(not record.control for record in whole):
        return ""
    told = [one for one in result.checks if one.provider == twin and one.status is not Status.OK]
    late = [one.reason for one in result.bench if one.provider == twin and one.reason]
    why = next((one.reason for one in told if one.reason), next(iter(late), "nothing was timed"))
    return f"not raced against {result.request.against}: {why}"


def unraced(result: Result) -> tuple[str, ...]:
    """Of each provider that was to be raced against a revision and was not, why."""
    found = ((one.name, lost(one, result)) for one in result.request.providers)
    return tuple(f"{name} was {why}" for name, why in found if why)
