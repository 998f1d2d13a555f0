"""Who is judged by a change: each of the user's own providers, and our kernel, once more as it was
at a revision, to be raced beside that of now."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import committed, shipped
from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.sync import sources
from orchestrator.values.snapshot import Extra
from orchestrator.workflows.against.laid_out import contents, kept, lay_out
from orchestrator.workflows.against.then import of_user_at
from orchestrator.workflows.against.twin import BEFORE, SAME, Twin, beside
from orchestrator.workflows.plan import Plan, Wish
from orchestrator.workflows.plan_providers import with_entries
from orchestrator.workflows.user_providers import PROVIDERS_FOLDER
from remote_payload.contract.facts import Role
from remote_payload.contract.request import AT, Provider
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.operators import registry

_CSRC = "csrc"


def raced(plan: Plan, wish: Wish, root: Path, here: Path) -> Plan:
    """The plan with a twin of everybody of the user's and ours, at the revision that was asked for.

    root: of the project. UsageError: git does not know the revision, or nobody is there to race.
    """
    if wish.against is None:
        return plan
    twins = [*_of_users(plan, with_entries(wish), here, wish.against)]
    twins += _of_ours(plan, wish, root, wish.against, users=bool(twins))
    if not twins:
        raise UsageError(
            f"--against {wish.against}: this run has no provider that a revision could change",
            hint="Name your own, in a file of its own: --provider mine=path.py:function",
        )
    return beside(plan, twins, wish.against)


def _of_users(plan: Plan, wish: Wish, here: Path, revision: str) -> Iterator[Twin]:
    said = Toolchain(wish.nvcc_flags)
    named = {one.name: one for one in wish.user_providers}
    for provider in plan.request.providers:
        if given := named.get(provider.name):
            given = replace(given, toolchain=said.over(given.toolchain))
            yield _of_user(given, provider, plan.extra, here, revision)


def _of_user(
    given: UsersProvider, provider: Provider, extra: Extra, here: Path, revision: str
) -> Twin:
    then = of_user_at(given, here, revision)
    if then.why:
        return _absent(provider, then.provider.name, then.why)
    below = f"{PROVIDERS_FOLDER}/{provider.name}"
    mine = tuple(one for one in extra if one[0] == below or one[0].startswith(f"{below}/"))
    if then.contents == contents(mine, below, here):
        return _absent(provider, then.provider.name, SAME)
    return Twin(provider.name, replace(then.provider, required=False), then.extra)


def _of_ours(plan: Plan, wish: Wish, root: Path, revision: str, users: bool) -> list[Twin]:
    """Of our kernel and its variants. users: the user's own are raced, so that ours, unless named,
    is only told of where it has changed."""
    operator = registry.known(wish.operator) if wish.own is None else None
    ours = operator.facts.named(Role.OURS) if operator and operator.facts.library else ()
    mine = [one for one in plan.request.providers if one.name in ours]
    if not mine:
        return []
    asked = any(one.required for one in mine) or not users
    if shipped.is_installed(root.resolve()):
        why = f"{_CSRC}/ was installed with this program, and git knows no other"
        return [_absent(one, f"{one.name}{AT}{revision}", why) for one in mine if asked]
    try:
        commit = committed.commit(root, revision)
    except UsageError:
        if asked:
            raise
        return []
    why, extra = _csrc_then(commit, root)
    if why:
        twins = [_absent(one, f"{one.name}{AT}{commit.short}", why) for one in mine if asked]
        return [replace(t, provider=replace(t.provider, sources=BEFORE)) for t in twins]
    return [
        Twin(one.name, Provider(f"{one.name}{AT}{commit.short}", sources=BEFORE), extra)
        for one in mine
    ]


def _csrc_then(commit: committed.Commit, root: Path) -> tuple[str, Extra]:
    """What travels of csrc/ as it was then, or why nothing does."""
    with tempfile.TemporaryDirectory() as made:
        top = Path(made).resolve()
        then = lay_out(commit, root / _CSRC, top, whole=True)
        if not then.is_dir():
            return f"there is no {_CSRC}/ at {commit.words}", ()
        below = f"{BEFORE}/{_CSRC}"
        extra: Extra = ((below, then),)
        now = sources.scan(root, parts=(_CSRC,)).snapshot.entries
        if contents(extra, below, top) == {
            one.path.removeprefix(f"{_CSRC}/"): one.content for one in now
        }:
            return SAME, ()
        return "", kept(extra, top)


def _absent(provider: Provider, name: str, why: str) -> Twin:
    return Twin(provider.name, Provider(name, provider.target, absent=why))
