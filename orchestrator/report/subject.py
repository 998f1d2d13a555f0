"""Whom a run is about: the user's own providers first, then our kernel."""

from __future__ import annotations

from collections.abc import Iterable

from remote_payload.contract.facts import Role
from remote_payload.contract.records import CheckRecord
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
    """Why a provider was not raced against the revision that was asked for, or, where nothing is
    timed, not checked beside it; empty if it was, or nothing of it was to be."""
    twin = provider.against
    told = [one for one in result.checks if one.provider == twin and one.status is not Status.OK]
    if not twin:
        return ""
    if Stage.BENCH not in result.request.stages:
        skipped = told and all(one.status is Status.SKIPPED for one in _checks_of(twin, result))
        return f"not compared with {result.request.against}: {told[0].reason}" if skipped else ""
    whole = (r for r in result.bench if r.provider == twin and r.status is Status.OK)
    if any(not record.control for record in whole):
        return ""
    late = [one.reason for one in result.bench if one.provider == twin and one.reason]
    why = next((one.reason for one in told if one.reason), next(iter(late), "nothing was timed"))
    return f"not raced against {result.request.against}: {why}"


def unraced(result: Result) -> tuple[str, ...]:
    """Of each provider that was to be raced against a revision and was not, why."""
    found = ((one.name, lost(one, result)) for one in result.request.providers)
    return tuple(f"{name} was {why}" for name, why in found if why)


def beside(result: Result) -> str:
    """What checks say of the revision beside that of now, in words that go on a sentence."""
    told = [_beside(one, result) for one in result.request.providers if one.against]
    return "".join(f"; {words}" for words in told)


def _beside(provider: Provider, result: Result) -> str:
    then, now = (_checks_of(name, result) for name in (provider.against, provider.name))
    passed = {one.case: one.output_digest for one in then if one.status is Status.OK}
    if not passed:
        why = next((one.reason for one in then if one.reason), "nothing was checked")
        return f"{provider.name} at {result.request.against}: {why}"
    both = [one for one in now if one.status is Status.OK and one.case in passed]
    same = sum(one.output_digest == passed[one.case] for one in both)
    return f"{provider.name} has the bits of {result.request.against} on {same} of {len(both)}"


def _checks_of(name: str, result: Result) -> list[CheckRecord]:
    return [one for one in result.checks if one.provider == name]
