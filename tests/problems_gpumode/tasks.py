"""The sample tasks as a host has them, described and checked in this process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.workflows.own import Beside, Own
from orchestrator.workflows.problems import problems
from remote_payload.contract.case import Case
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from remote_payload.operators.setting import Setting
from remote_payload.operators.user.described import Asked, Described
from remote_payload.stages.check import check_case
from tests.laid_out import LaidOut

SAMPLES = Path(__file__).parents[1] / "problems" / "gpumode"


@dataclass(frozen=True)
class Host:
    """A task that has travelled."""

    own: Own
    setting: Setting
    cases: tuple[Case, ...]

    @property
    def described(self) -> Described:
        assert self.setting.own is not None
        return self.setting.own

    def check(self, provider: Provider) -> list[CheckRecord]:
        """As its process does: case after case, until one goes wrong."""
        found = []
        for case in self.cases:
            found.append(check_case.check(provider, case, self.setting))
            if found[-1].status is not Status.OK:
                break
        return found

    def candidate(self, name: str) -> Provider:
        """By its name."""
        return next(one for one in self.own.providers if one.name == name)


def own(task: Path, submissions: Iterable[Path] = ()) -> Own:
    """The task at home."""
    return problems.own("gpumode", task, Beside(submissions=tuple(submissions)))


def travelled(
    task: Path, root: Path, submissions: Iterable[Path] = (), asked: Asked | None = None
) -> Host:
    """The task on a CPU, with all its cases looked at. BadOperator, UsageError."""
    laid = LaidOut.of(root, task, Beside(submissions=tuple(submissions)))
    asked = asked or Asked()
    cases = laid.found(asked).cpu
    return Host(laid.own, laid.setting(*cases, asked=asked), cases)
