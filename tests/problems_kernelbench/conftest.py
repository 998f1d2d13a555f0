"""Problems in the form of KernelBench, laid out as a host has them and checked in this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.workflows.own import Beside, Own
from orchestrator.workflows.problems import kernelbench
from remote_payload.contract.case import Case
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider
from remote_payload.operators.adapted import describe
from remote_payload.operators.setting import Setting
from remote_payload.operators.user.described import Asked, Described
from tests.cli.conftest import builds, project

__all__ = ["builds", "project"]

PROBLEMS = Path(__file__).parents[1] / "problems" / "kernelbench"
SEED = 20_261_129


@dataclass(frozen=True)
class Host:
    """A problem where its files have been put. root: of what was sent."""

    own: Own
    root: Path

    @classmethod
    def of(cls, root: Path, problem: Path, submissions: Sequence[Path] = ()) -> Host:
        """Read at home, and its files laid out below root."""
        own = kernelbench.own(problem, Beside(submissions=tuple(submissions)))
        for place, content in own.extra:
            path = root / place
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.symlink_to(content.resolve())
        return cls(own, root)

    def found(self, **asked: Any) -> Any:
        """As the host tells which cases there are."""
        return describe.found(self.own.target, str(self.root), "cpu", Asked(**asked))

    def described(self, **asked: Any) -> tuple[Described, Case]:
        """The operator with the first case that was asked for."""
        found = self.found(**asked)
        case = found.cpu[0]
        one = describe.case_of(self.own.target, str(self.root), "cpu", case, SEED)
        return found.described.with_case(one), case

    def check(self, name: str, **asked: Any) -> CheckRecord:
        """What the stage check says of one provider."""
        from remote_payload.stages.check import check_case

        described, case = self.described(**asked)
        setting = Setting("cpu", str(self.root), SEED, operator=self.own.name, own=described)
        known = {one.name: one for one in self.own.providers}
        return check_case.check(known.get(name, Provider(name)), case, setting)


@pytest.fixture
def problem(tmp_path: Path) -> Any:
    """Write a problem and candidates of one's own, by name; the problem laid out."""

    def write(text: str, name: str = "1_mine.py", **candidates: str) -> Host:
        folder = tmp_path / "of the user"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        for candidate, body in candidates.items():
            (folder / f"{candidate}.py").write_text(body)
        submissions = [folder / f"{one}.py" for one in candidates]
        return Host.of(tmp_path / "root", folder / name, submissions)

    return write
