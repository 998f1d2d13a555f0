"""Whether what was asked for goes with the operator: what it has not got is refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.errors import UsageError
from remote_payload.contract.facts import OperatorFacts, Role
from remote_payload.contract.words import Stage
from remote_payload.operators import registry

if TYPE_CHECKING:
    from orchestrator.workflows.plan import Wish


def stages_of(wish: Wish, operator: OperatorFacts) -> tuple[Stage, ...]:
    """The stages asked for, but for the build where csrc/ holds nothing for the operator."""
    return tuple(one for one in wish.stages if one is not Stage.BUILD or operator.library)


def require_fitting(wish: Wish, operator: OperatorFacts) -> None:
    """UsageError names the option, and what the operator has in its place."""
    known = [one.name for one in operator.providers]
    for option, names in (("--providers", wish.providers or ()), ("--without", wish.without)):
        _require_known(option, names, known, operator)
    for name in (one.name for one in wish.user_providers):
        if name in known:
            raise UsageError(
                f"--provider {name}=…: the name {name!r} belongs to a built-in provider of "
                f"{operator.name}",
                hint="Choose another name for your own.",
            )
    if wish.peers and not operator.named(Role.PEER):
        raise UsageError(
            f"--peers: {operator.name} knows no packages of others",
            hint=f"Its providers are {', '.join(known)}.",
        )
    if not operator.library:
        _refuse_library(wish, operator)


def _require_known(
    option: str, names: Sequence[str], known: Sequence[str], operator: OperatorFacts
) -> None:
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise UsageError(
            f"{option}: unknown provider {unknown!r}; {operator.name} has {', '.join(known)}",
            hint="Your own: --provider name=path.py:function, or an entry of kernels.yaml.",
        )


def _refuse_library(wish: Wish, operator: OperatorFacts) -> None:
    """What only a kernel out of csrc/ can honour."""
    asked = {
        "--prove": Stage.PROVE in wish.stages,
        "--variants": bool(wish.variants),
        "--arch": bool(wish.arch),
    }
    option = next((name for name, given in asked.items() if given), "")
    if option:
        raise UsageError(
            f"{option} is about the kernel in csrc/, which belongs to {registry.DEFAULT}; "
            f"nothing is built for {operator.name}",
            hint=f"Leave {option} out.",
        )
