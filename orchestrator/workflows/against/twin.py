"""Somebody once more as it was: a provider of other sources, raced beside that of now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from orchestrator.values.snapshot import Extra
from orchestrator.workflows.plan import Plan
from remote_payload.contract.request import Provider

# Inside the snapshot, where csrc/ as it was travels to.
BEFORE = "before"
SAME = "the same sources in both: nothing to race"


@dataclass(frozen=True)
class Twin:
    """of: whom it is a twin of. provider: as it was then; extra: the files that travel for it."""

    of: str
    provider: Provider
    extra: Extra = ()


def beside(plan: Plan, twins: Iterable[Twin], against: str) -> Plan:
    """The plan with the twins; each is what the one that it is a twin of is judged against, the
    first of several. against: what all of them are of, as reports say it."""
    twins = tuple(twins)
    first = {twin.of: twin.provider.name for twin in reversed(twins)}
    providers = [replace(one, against=first.get(one.name, "")) for one in plan.request.providers]
    request = replace(
        plan.request,
        providers=(*providers, *(twin.provider for twin in twins)),
        against=against,
    )
    files = dict(file for twin in twins for file in twin.extra)  # csrc/ serves many
    return Plan(request, (*plan.extra, *files.items()))
