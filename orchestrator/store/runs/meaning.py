"""Which run a person means by a word: an id or its beginning, `latest`, a tag, a git revision."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import RunError, RunUnknown
from orchestrator.store.runs.marks import Mark
from orchestrator.store.runs.naming import RUN_ID, latest, no_run, picked

LIST = "List them: orchestrator runs"
# What git may take for a revision, as far as it cannot be an option, a path or a pattern.
_REVISION = re.compile(r"(?:@|[A-Za-z0-9][A-Za-z0-9._/-]{0,200})(?:[~^]\d{0,6}){0,8}")
_COMMIT = re.compile(r"[0-9a-f]{4,64}")
_SHOWN = 5
_BEGINS, _TAG = "a run that begins so", "a tag of"


@dataclass(frozen=True)
class Meanings:
    """What the runs of a folder go by. root: the folder; known: its runs, oldest first.

    commit_of: the full name of the commit that git knows by a word; "" for none. usable: whether
    the caller has a use for a run, where a word does not say which one: asked of those that a
    revision means.
    """

    root: Path
    known: Sequence[Mark]
    commit_of: Callable[[str], str] = field(default=lambda word: "")
    usable: Callable[[str], bool] = field(default=lambda folder: True)

    def named(self, reference: str) -> str:
        """The folder of the one run that is meant.

        `latest` is the run made last, also where the folder of another is called so; `Latest` says
        what may stand behind it. RunError: the reference can be no name, or fits several runs;
        RunUnknown: it fits none.
        """
        wanted = latest(reference)
        if wanted is None:
            if any(mark.folder == reference for mark in self.known):
                return reference
            if not (RUN_ID.fullmatch(reference) or is_revision(reference)):
                raise no_run(reference)
        if (self.root / reference).is_symlink():
            raise RunError(
                f"{reference} under {self.root} is a link; a run is a folder of its own",
                hint="Move the folder here that it leads to; nothing was touched.",
            )
        if not self.known:
            raise RunUnknown(f"no runs under {self.root}", hint="Make one: orchestrator profile")
        if wanted is not None:
            there = [one for one in self.known if wanted.host in ("", one.host) or not one.host]
            verbs = {one.folder: one.verb for one in there}
            if wanted.host and not there:
                raise self._not_on(wanted.host)
            return picked(wanted, [*verbs], verbs.__getitem__, str(self.root))
        return self._one_of(reference)

    def _not_on(self, host: str) -> RunUnknown:
        hosts = ", ".join(sorted({one.host for one in self.known if one.host}))
        return RunUnknown(f"no run on {host} under {self.root}, only on {hosts}", hint=LIST)

    def _one_of(self, reference: str) -> str:
        """The run that one kind of name means; RunError where two kinds mean different ones."""
        found = {
            _BEGINS: [m.folder for m in self.known if m.folder.startswith(reference)],
            _TAG: [m.folder for m in self.known if reference in m.tags],
        }
        at = "" if any(found.values()) else self._commit(reference)
        if at:
            found[f"the commit {at[:12]} of"] = self._made_at(at)
        meant = {name for names in found.values() for name in names}
        if len(meant) == 1:
            return meant.pop()
        if not meant:
            raise no_run(reference) if "/" in reference and not at else self._unknown(reference, at)
        kinds = {kind: names for kind, names in found.items() if names}
        if len(kinds) == 1:
            ((kind, names),) = kinds.items()
            how = "fits" if kind == _BEGINS else "is a tag of"
            more = ", …" if len(names) > _SHOWN else ""
            raise RunError(
                f"{reference!r} {how} {len(names)} runs: {', '.join(names[:_SHOWN])}{more}",
                hint="Give more of the run id.",
            )
        told = "; ".join(f"{kind} {', '.join(names[:_SHOWN])}" for kind, names in kinds.items())
        raise RunError(f"{reference!r} is more than one thing: {told}", hint="Give the run's id.")

    def _commit(self, reference: str) -> str:
        """The commit that is meant, of those that runs were made at or that git knows."""
        if not is_revision(reference):
            return ""
        names = {one.name for mark in self.known for one in mark.commits}
        if _COMMIT.fullmatch(reference):
            begin = sorted(name for name in names if name.startswith(reference))
            if len(begin) > 1:
                raise RunError(
                    f"{reference!r} is the beginning of {len(begin)} commits that runs were made "
                    f"at: {', '.join(name[:12] for name in begin[:_SHOWN])}",
                    hint="Give more of the commit's name.",
                )
            if begin:
                return begin[0]
        return self.commit_of(reference)

    def _made_at(self, commit: str) -> list[str]:
        """The one run to take of those made at a commit, in a list; none: there is none. The last
        one whose tree was clean, else the last one."""
        at = [
            (one.is_clean is True, number)
            for number, mark in enumerate(self.known)
            for one in mark.commits
            if one.name == commit
        ]
        for _, number in sorted(at, reverse=True):
            if self.usable(self.known[number].folder):
                return [self.known[number].folder]
        return []

    def _unknown(self, reference: str, commit: str) -> RunUnknown:
        if commit:
            return RunUnknown(
                f"no run under {self.root} that can be used here was made at {reference!r}, "
                f"commit {commit[:12]}",
                hint=LIST,
            )
        return RunUnknown(f"no run {reference!r} under {self.root}", hint=LIST)


def is_revision(reference: str) -> bool:
    """Whether git may be asked about it."""
    return _REVISION.fullmatch(reference) is not None
