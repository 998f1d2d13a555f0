"""One revision against another, or alone, out of what git keeps: nothing of the working tree is in
the race but the question, which is that of now."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import committed, shipped
from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.values.snapshot import Extra
from orchestrator.workflows.against.laid_out import Contents, contents, kept, lay_out
from orchestrator.workflows.against.then import of_user_at
from orchestrator.workflows.plan import Plan, Wish, plan
from orchestrator.workflows.plan_providers import with_entries
from remote_payload.contract.facts import Role
from remote_payload.contract.request import AT, Provider
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.words import Method, Stage
from remote_payload.operators import registry

# Inside the snapshot, where csrc/ of the two revisions travels to.
BEFORE, AFTER = "before", "after"
_CSRC = "csrc"
_LONE = "this run has no provider that a commit could change"


@dataclass(frozen=True)
class Sources:
    """Of all who are judged, at one revision. contents: of each by its name, what it is made of;
    it is the same if and only if nothing of it has changed. why: who was not there, in words."""

    commit: committed.Commit
    providers: tuple[Provider, ...]
    extra: Extra
    contents: tuple[tuple[str, Contents], ...]
    why: str = ""


@dataclass(frozen=True)
class Judged:
    """Who is judged by a commit. users: their own, with the flags of the command line; ours: the
    names of our kernel and its variants. folders: where their sources lie, for git to look at."""

    wish: Wish
    users: tuple[UsersProvider, ...]
    ours: tuple[str, ...]
    here: Path
    root: Path

    @property
    def names(self) -> tuple[str, ...]:
        return (*(one.name for one in self.users), *self.ours)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Of each, and those of its headers that travel."""
        found = [self.root / _CSRC] if self.ours else []
        for one in self.users:
            place = one.target.rpartition(":")[0]
            folder, colon, _ = place.rpartition(":")
            path = self.here / Path(folder if colon else place).expanduser()
            base = path if colon else path.parent
            found += [
                base,
                *(base / each for each in one.toolchain.include if not each.startswith("/")),
            ]
        return tuple(dict.fromkeys(found))

    def at(self, revision: str, below: str = BEFORE) -> Sources:
        """As they were. below: where csrc/ travels to. UsageError: git does not know the revision,
        or cannot give all of it."""
        commit = committed.commit(self.folders[0], revision)
        extra: list[tuple[str, bytes | Path]] = []
        providers, made_of, why = [], [], []
        for one in self.users:
            then = of_user_at(one, self.here, revision)
            if then.why:
                why.append(then.why)
                continue
            providers.append(then.provider)
            extra += then.extra
            made_of.append((one.name, then.contents))
        if self.ours:
            files, digests = _csrc_at(commit, self.root, below)
            why += [] if files else [f"there is no {_CSRC}/ at {commit.words}"]
            extra += files
            for name in self.ours if files else ():
                providers.append(Provider(f"{name}{AT}{commit.short}", sources=below))
                made_of.append((name, digests))
        told = "; ".join(dict.fromkeys(why))
        return Sources(commit, tuple(providers), tuple(extra), tuple(made_of), told)

    def raced(self, base: Sources, later: Sources) -> Plan:
        """Each of the later revision against itself at the base, and nobody else."""
        of_base = {one.name.partition(AT)[0]: one.name for one in base.providers}
        first = [
            replace(one, required=False, against=of_base.get(one.name.partition(AT)[0], ""))
            for one in later.providers
        ]
        second = [replace(one, required=False) for one in base.providers]
        return self._planned((*first, *second), (*later.extra, *base.extra), base.commit.revision)

    def checked(self, later: Sources) -> Plan:
        """Those of one revision alone, against the reference."""
        return self._planned(later.providers, later.extra, "")

    def _planned(self, providers: tuple[Provider, ...], extra: Extra, against: str) -> Plan:
        made = plan(self.wish, self.here)
        # Cold caches are the noisiest way, and ask nothing else.
        methods = tuple(one for one in made.request.bench.methods if one is not Method.COLD)
        request = replace(
            made.request,
            providers=providers,
            usual_providers=False,
            baseline="",
            against=against,
            bench=replace(made.request.bench, methods=methods),
        )
        return Plan(request, tuple(dict((*made.extra, *extra)).items()))


def judged(wish: Wish, here: Path, root: Path) -> Judged:
    """Whom a commit may have changed: the user's own, and ours if it is named or nobody else is.

    UsageError: nobody; a provider that is a module of the host.
    """
    wish = with_entries(wish)
    said = Toolchain(wish.nvcc_flags)
    users = tuple(replace(one, toolchain=said.over(one.toolchain)) for one in wish.user_providers)
    for one in users:
        if ":" in one.target and not one.target.rpartition(":")[0].endswith((".py", ".cu")):
            raise UsageError(
                f"--provider {one.name}={one.target} is a module of the host, of which git here "
                "knows nothing",
                hint="Name a file in a git checkout: --provider mine=path.py:function",
            )
    ours = _ours(wish, bool(users))
    if not users and not ours:
        raise UsageError(_LONE, hint="Name your own: --provider mine=path.py:function")
    if ours and shipped.is_installed(root.resolve()):
        raise UsageError(
            f"{_CSRC}/ was installed with this program, and git knows no other",
            hint="Name your own: --provider mine=path.py:function",
        )
    # The question alone: whoever runs is of then, and a user's file may not be there any more.
    alone = replace(
        wish,
        stages=tuple(one for one in wish.stages if ours or one is not Stage.BUILD),
        user_providers=(),
        entries=(),
        providers=() if wish.own else None,
        without=(),
        variants=(),
        peers=False,
    )
    return Judged(alone, users, ours, here, root)


def _ours(wish: Wish, beside: bool) -> tuple[str, ...]:
    operator = registry.known(wish.operator) if wish.own is None else None
    if operator is None or not operator.facts.library:
        return ()
    known = operator.facts.named(Role.OURS)
    variants = tuple(f"{operator.facts.ours}-{variant}" for variant in wish.variants)
    named = tuple(name for name in wish.providers or () if name in known)
    usual = () if beside or wish.providers is not None else (operator.facts.ours,)
    chosen = dict.fromkeys((*named, *usual, *variants))
    return tuple(name for name in chosen if name not in wish.without)


def _csrc_at(commit: committed.Commit, root: Path, below: str) -> tuple[Extra, Contents]:
    with tempfile.TemporaryDirectory() as made:
        top = Path(made).resolve()
        then = lay_out(commit, root / _CSRC, top, whole=True)
        if not then.is_dir():
            return (), {}
        extra: Extra = ((f"{below}/{_CSRC}", then),)
        return kept(extra, top), contents(extra, f"{below}/{_CSRC}", top)
