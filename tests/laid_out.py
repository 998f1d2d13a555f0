"""A problem of another's format, read as at home and laid out and checked as on a host."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from orchestrator.workflows.own import Beside, Own
from orchestrator.workflows.problems import problems, recognise
from remote_payload.contract.case import Case
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider
from remote_payload.operators.adapted import describe
from remote_payload.operators.setting import Setting
from remote_payload.operators.user.described import Asked, Described, Found
from remote_payload.stages.check import check_case

SEED = 20_261_129
T = TypeVar("T")


def apart(call: Callable[..., T], *given: object) -> T:
    """What a call returns in a process of its own, as a worker's is: torch compiles by way of
    distutils, which a process of tests may have imported too soon."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(call, given)


@dataclass(frozen=True)
class LaidOut:
    """A problem where its files have been put; root: of what was sent."""

    own: Own
    root: Path
    builds: Path

    @classmethod
    def of(cls, root: Path, path: Path, beside: Beside = Beside()) -> LaidOut:  # noqa: B008
        """Read at home, and its files laid out below root."""
        own = problems.own(recognise.format_of(path), path, beside)
        for place, content in own.extra:
            file = root / "sent" / place
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                file.write_bytes(content)
            elif content.is_dir():
                shutil.copytree(content, file)
            else:
                shutil.copy(content, file)
        return cls(own, root / "sent", root / "builds")

    def found(self, asked: Asked = Asked()) -> Found:  # noqa: B008
        """As the host tells which cases there are."""
        return describe.found(self.own.target, str(self.root), "cpu", asked)

    def described(self, *cases: Case, asked: Asked = Asked()) -> Described:  # noqa: B008
        """The operator, with these cases looked at."""
        own = self.found(asked).described
        for case in cases:
            one = describe.case_of(self.own.target, str(self.root), "cpu", case, SEED)
            own = own.with_case(one)
        return own

    def first(self, asked: Asked = Asked()) -> tuple[Described, Case]:  # noqa: B008
        """The operator with the first case of a CPU, and that case."""
        case = self.found(asked).cpu[0]
        return self.described(case, asked=asked), case

    def setting(self, *cases: Case, asked: Asked = Asked()) -> Setting:  # noqa: B008
        """What a worker gets that checks these cases."""
        return Setting(
            "cpu",
            str(self.root),
            SEED,
            operator=self.own.name,
            operator_target=self.own.target,
            own=self.described(*cases, asked=asked),
            builds=str(self.builds),
        )

    def check(self, name: str, case: Case | None = None, asked: Asked = Asked()) -> CheckRecord:  # noqa: B008
        """What the stage check says of one provider, on the first case where none is named."""
        case = case or self.found(asked).gpu[0]
        known = {one.name: one for one in self.own.providers}
        setting = self.setting(case, asked=asked)
        return check_case.check(known.get(name, Provider(name)), case, setting)
