"""One provider on one case against the reference, all in one process: for those who trust what they
call, such as tests and tables of references."""

from __future__ import annotations

from typing import Any, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider
from remote_payload.operators.setting import Setting
from remote_payload.stages.apart.candidate import Candidate
from remote_payload.stages.apart.judge import GaveNothing, Judging, digest
from remote_payload.stages.apart.keeping import Direct
from remote_payload.stages.apart.words import CalledAgain, OneMore
from remote_payload.stages.check import flow

__all__ = ["check", "digest"]


def check(provider: Provider, case: Case, setting: Setting) -> CheckRecord:
    """As `flow.check`; never raises an Exception."""
    candidate = Candidate(provider, setting, Direct())

    def again(calls: int) -> Tuple[Tuple[Any, ...], ...]:
        answer = candidate.answer(OneMore(calls))
        if isinstance(answer, CalledAgain):
            return answer.outputs
        raise GaveNothing(answer.how)

    judge = Judging(setting, Direct(), again)
    return flow.check(provider.name, case, candidate.answer, judge.answer)
