"""A run: what was asked, from where, and what came back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from orchestrator.values.job import JobEnd
from orchestrator.values.kept.summary import Summary
from orchestrator.values.price import Price
from orchestrator.values.privacy.redaction import discreet
from orchestrator.values.privacy.repeatable import as_repeatable
from orchestrator.values.workspace import workspace_for_others
from remote_payload.contract.layout import END, RESULT
from remote_payload.contract.result import Result

# In the card of a run that was made elsewhere: what its host does not tell.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class BoundFile:
    """One file of a run as it came home, or as we wrote it; path: from the run's folder."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Changed:
    """A file of a run that is not what came home. how: in words that follow its name.

    is_gone: it was removed, and nothing stands in its place.
    """

    path: str
    how: str
    is_gone: bool = False


@dataclass(frozen=True)
class Revision:
    """What git says of the sources when they were read. of: the first file that the user named
    and that lies in this checkout; "" for the project's own.

    is_clean: all that travels is as it was committed, submodules included; None where git did not
    say so in time. branch: what was checked out, "" for a commit alone; committed_at: in ISO 8601.
    Both are words about the commit, so that they make no other one of it.
    """

    commit: str
    is_clean: bool | None = None
    of: str = ""
    branch: str = field(default="", compare=False)
    committed_at: str = field(default="", compare=False)


@dataclass(frozen=True)
class RunCard:
    """The orchestrator's own side of a run, kept as run.json beside the payload's files.

    verb: the command that made it, e.g. "profile". host: inventory name. reproduce: the command
    line that would ask for the same again, see `repeatable`. snapshot: digest of the sources that
    ran. after: says which run was the latest here when this one was made; "" if there was none,
    or nobody noted it. after_at, after_number: where that one stood, see `store/run_order.py`.
    owner: the mark by which the host tells our job from another's of this name; empty in cards of
    before. files: what binds the folder together, see `store/runs/binding.py`; empty in cards of
    before. revisions: of the checkouts that the sources lie in; none where git knows nothing.

    operator, cases: what was asked for, each case by its label; of cards of before "" and (). tags,
    note: what people call the run by, and say of it, at any time. summary: what it came to, written
    when it has come home; None before that, and in cards of before.
    """

    run_id: str
    verb: str
    host: str
    workspace: str
    snapshot: str
    reproduce: str
    created_at: str
    orchestrator_version: str
    after: str = ""
    after_at: str = ""
    after_number: int = 0
    owner: str = ""
    files: tuple[BoundFile, ...] = ()
    revisions: tuple[Revision, ...] = ()
    operator: str = ""
    cases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    note: str = ""
    summary: Summary | None = None

    def for_others(self) -> RunCard:
        """The card as it is kept and passed on: no folder, address or secret of anybody's."""
        return replace(
            self,
            workspace=workspace_for_others(self.workspace),
            reproduce=discreet(as_repeatable(self.reproduce)),
            note=discreet(self.note),
            revisions=tuple(replace(r, branch=discreet(r.branch)) for r in self.revisions),
        )


@dataclass(frozen=True)
class Run:
    """A card and its result; result is None while the run is on its way or was lost.

    end: how the job ended on the host; None while it goes on, as far as we know here.
    price: what it cost, None where nobody asked. price_problem: why its file cannot be read.
    kept_as: what our commands call it, which is not its id where its folder was renamed; "" for
    one that is not kept. changed: files that are not what came home, as far as they were looked at.
    """

    card: RunCard
    result: Result | None
    end: JobEnd | None = None
    price: Price | None = None
    price_problem: str = ""
    kept_as: str = ""
    changed: tuple[Changed, ...] = ()

    @property
    def altered(self) -> tuple[Changed, ...]:
        """What is not as it came home of what every figure rests on; then none of them counts."""
        return tuple(one for one in self.changed if one.path in (RESULT, END))

    @property
    def is_bound(self) -> bool:
        """Whether the card says what the result was when it came home."""
        return any(one.path == RESULT for one in self.card.files)

    def has_changed(self, path: str) -> bool:
        """Whether a file of the run is known not to be what came home."""
        return any(one.path == path for one in self.changed)

    @property
    def name(self) -> str:
        """For the next command."""
        return self.kept_as or self.card.run_id
