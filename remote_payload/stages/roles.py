"""Whom a run is about: its own kernels first, then their rivals."""

from __future__ import annotations

from typing import Sequence, Tuple

from remote_payload.contract.facts import OperatorFacts, Role
from remote_payload.contract.request import Provider


def ours_first(providers: Sequence[Provider], operator: OperatorFacts) -> Tuple[Provider, ...]:
    """Our kernel and the user's own before their rivals: time may run out."""
    return tuple(sorted(providers, key=lambda provider: not is_own(provider, operator)))


def is_own(provider: Provider, operator: OperatorFacts) -> bool:
    """Whether it is our kernel, a variant of it, or the user's."""
    return provider.target is not None or provider.known_as in (
        *operator.named(Role.OURS),
        *operator.named(Role.USERS),
    )


def is_rival(name: str, operator: OperatorFacts) -> bool:
    """Whether it only stands beside: neither what others are compared with, nor a run's own."""
    return name in (*operator.named(Role.RIVAL), *operator.named(Role.PEER))
