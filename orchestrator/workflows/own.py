"""An operator that is none of ours, as it is known before its host has seen it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.values.snapshot import Extra
from remote_payload.contract.request import Provider
from remote_payload.operators.user.protocol import Protocol

# Inside the snapshot, where the files of such operators travel to.
OPERATORS_FOLDER = "operators"


@dataclass(frozen=True)
class Own:
    """said: what its text tells; extra: the files that travel with it. providers: those that come
    with it, each by its target. format: of the description it was made of; empty for a file as
    docs/operators.md has it. source: the file, for people.
    case_limit_s: what the description gives a provider, where the user says nothing."""

    name: str
    target: str
    said: Protocol
    extra: Extra
    providers: tuple[Provider, ...] = ()
    format: str = ""
    source: Path = Path()
    case_limit_s: float | None = None


@dataclass(frozen=True)
class Beside:
    """What was given beside an operator's description, as paths that exist or not.

    workloads, rules: of FlashInfer Trace; solutions: likewise; submissions: candidates of GPU MODE
    and KernelBench.
    """

    workloads: Path | None = None
    rules: Path | None = None
    solutions: tuple[Path, ...] = ()
    submissions: tuple[Path, ...] = ()

    @property
    def brings(self) -> str:
        """Where candidates were to be found, for people; empty if none were given."""
        return ", ".join(str(path) for path in (*self.solutions, *self.submissions))

    def unread(self, read: tuple[str, ...]) -> str:
        """The first option that was given and that nobody reads; empty if there is none."""
        given = {
            "--workloads": self.workloads,
            "--rules": self.rules,
            "--solution": self.solutions,
            "--submission": self.submissions,
        }
        return next((name for name, value in given.items() if value and name not in read), "")
