"""Who is to run: the operator's providers by name, those of kernels.yaml, and the user's files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import UsageError
from orchestrator.values.snapshot import Extra
from orchestrator.workflows.own import Own
from orchestrator.workflows.user_providers import travelling
from remote_payload.contract.facts import Role
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.words import Stage
from remote_payload.operators.base import Operator
from remote_payload.operators.user.protocol import REFERENCE

if TYPE_CHECKING:
    from orchestrator.workflows.plan import Wish


def with_entries(wish: Wish) -> Wish:
    """The wish with those of kernels.yaml that it means among the user's own; what --provider
    names anew counts."""
    given = {one.name for one in wish.user_providers}
    entries = {one.name: one for one in wish.entries if one.name not in given}
    named = entries if wish.providers is None and wish.own is not None else wish.providers or ()
    chosen = [entries[name] for name in named if name in entries]
    rest = wish.providers
    if rest is not None:
        rest = tuple(name for name in rest if name not in entries)
    return replace(
        wish,
        user_providers=(*wish.user_providers, *(c for c in chosen if c.name not in wish.without)),
        providers=rest,
        without=tuple(name for name in wish.without if name not in entries),
        entries=(),
    )


def require_known(named: tuple[str, ...], known: tuple[str, ...]) -> None:
    """UsageError for a name that nobody has."""
    for name in named:
        if name not in known:
            raise UsageError(
                f"unknown provider {name!r}; known: {', '.join(known)}",
                hint="Your own: --provider name=path.py:function, or an entry of kernels.yaml.",
            )


def require_own(wish: Wish, own: Own) -> None:
    """UsageError for what a user's own operator cannot have, as far as its text tells."""
    refused = {
        "--peers": wish.peers,
        "--variants": bool(wish.variants),
        "--prove": Stage.PROVE in wish.stages,
    }
    for option in (name for name, given in refused.items() if given):
        raise UsageError(
            f"{option} is about our own kernel, and {own.name} is an operator of yours",
            hint=f"Leave {option} out.",
        )
    named, users = wish.providers or (), [one.name for one in wish.user_providers]
    if own.said.providers is not None:
        known = (*own.said.providers, REFERENCE)
        require_known((*named, *wish.without), known)
        for name in (name for name in users if name in known):
            raise UsageError(
                f"--provider {name}: {own.name} has a provider of that name itself",
                hint="Give yours another name.",
            )
    _require_consistent(wish, named)
    takes = own.said.dtypes
    for dtype in wish.dtypes if takes is not None else ():
        if takes is not None and dtype not in takes:
            have = ", ".join(one.value for one in takes)
            raise UsageError(
                f"--dtype {dtype.value}: {own.name} takes {have}",
                hint="`dtypes` in its file says which.",
            )


def _require_consistent(wish: Wish, named: tuple[str, ...]) -> None:
    if both := [name for name in named if name in wish.without]:
        raise UsageError(
            f"{both[0]} is asked for by name and left out by --without",
            hint=f"Take {both[0]} out of one of the two.",
        )
    own = [one.name for one in wish.user_providers]
    if twice := [name for name in own if own.count(name) > 1]:
        raise UsageError(
            f"--provider names {twice[0]!r} twice",
            hint="Give each of your own a name of its own: --provider mine2=path.py:function",
        )


def providers_of(wish: Wish, operator: Operator) -> tuple[Provider, ...]:
    named = wish.providers or ()
    ours, peers = operator.facts.ours, operator.facts.named(Role.PEER)
    variants = tuple(f"{ours}-{variant}" for variant in wish.variants)
    usual = operator.default_providers if wish.providers is None else named
    wanted = (*usual, *variants, *(peers if wish.peers else ()))
    chosen = [name for name in dict.fromkeys(wanted) if name not in wish.without]
    if not chosen and not wish.user_providers:
        raise UsageError(
            f"--without {','.join(wish.without)} leaves no provider to run",
            hint="Leave out fewer, or name others with --providers.",
        )
    _require_consistent(wish, (*named, *variants))
    required = (*named, *variants)
    return tuple(Provider(name, required=name in required) for name in chosen)


def baseline_of(wish: Wish, request: Request) -> str:
    """Whom verdicts compare with; empty for the operator's own choice. UsageError for nobody of the
    run, as far as that is known here."""
    name = wish.baseline or ""
    if name and wish.against:
        raise UsageError(
            "--baseline and --against both say whom verdicts compare with",
            hint="Leave one of them out.",
        )
    known = [one.name for one in request.providers]
    if wish.own is not None and request.usual_providers:
        if wish.own.said.providers is None:
            return name
        known += [one for one in (*wish.own.said.providers, REFERENCE) if one not in wish.without]
    if name and name not in known:
        raise UsageError(
            f"--baseline {name}: this run has no provider of that name, only {', '.join(known)}",
            hint="Name it with --providers too, or your own: --provider name=path.py:function",
        )
    return name


def users_of(wish: Wish, here: Path) -> tuple[tuple[Provider, ...], Extra]:
    """The user's own providers, and the files that travel with them."""
    said = Toolchain(wish.nvcc_flags)
    found = [
        travelling(one.name, one.target, here, said.over(one.toolchain), one.destination_passing)
        for one in wish.user_providers
    ]
    return tuple(one for one, _ in found), tuple(file for _, files in found for file in files)
