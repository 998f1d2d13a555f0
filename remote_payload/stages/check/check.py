"""The check stage: every provider on every case, each provider in its own process."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Optional

from remote_payload.compiling import telling
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.machine import Compilation, ProviderBuild
from remote_payload.contract.plans import CheckPlan
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Stage, Status
from remote_payload.operators.setting import Setting
from remote_payload.processes.announce import note, say, step
from remote_payload.processes.bounded import spoken
from remote_payload.processes.guarded import Guarded
from remote_payload.processes.isolate import Deadline, Died, Pipe, Silent
from remote_payload.stages.apart.words import (
    Call,
    Called,
    CalledAgain,
    Load,
    More,
    NotCalled,
    OneMore,
    Ready,
)
from remote_payload.stages.check import flow
from remote_payload.stages.draft import Draft
from remote_payload.stages.roles import ours_first

BAD = (Status.FAILED, Status.TIMEOUT)
# A compile keeps its limit itself; this is for one whose process cannot.
_COMPILE_GRACE_S = 15.0
_TOLD_COMPILE_S = 1.0
_ANSWERS = {Load: Ready, Call: Called, OneMore: CalledAgain}


def run(
    request: Request,
    operator: OperatorFacts,
    setting: Setting,
    deadline: Deadline,
    draft: Draft,
    refused: List[CheckRecord],
) -> None:
    """Check all pairs, and put each record into the draft as soon as it is known, and what its
    provider was compiled to; ours come first.

    A worker serves all cases of its provider and is replaced after any fault, since a fault may
    have poisoned it; to say before any call that it cannot run here is none. A provider that ran
    into its limit is not tried again, nor is one that does not compile, for other cases of the same
    dtype. A required provider that says it cannot run here counts as FAILED, unless it was compiled
    for want of a GPU; those records are also put into `refused`, since they tell about the host and
    not about the kernel. Raises OutOfTime.
    """
    total = len(request.providers) * len(request.cases)
    done = 0
    for provider in ours_first(request.providers, operator):
        with _Candidate(provider, setting, request.check, deadline) as candidate:
            for case in request.cases:
                deadline.require()
                step(Stage.CHECK, done, total, f"{provider.name} {case.label}")
                record = candidate.check(case)
                for one in candidate.compiled():
                    draft.add_build(ProviderBuild(provider.name, one))
                if record.status is Status.SKIPPED and provider.required:
                    if not record.compiled:
                        record = replace(record, status=Status.FAILED)
                    refused.append(record)
                done += 1
                say(f"check {provider.name} {case.label}: {line(record)}")
                draft.add_check(record)
    step(Stage.CHECK, total, total, "checked")


def line(record: CheckRecord) -> str:
    """How a check went, for people."""
    if record.status is Status.OK and record.error is not None:
        largest = record.error.max_abs
        text = "ok" if largest is None else f"ok, max abs {largest:.1e}"
        text += " (emulated)" if record.emulated else ""
        return text if record.deterministic else f"{text}, not deterministic"
    return f"{record.status.value}, {record.reason}"


class _Candidate:
    """One provider and its judge, case by case, in a process each; what a call leaves in one case
    may be seen by the next call of it, so that no two providers share a judge.

    Who ran into the limit once is not tried again.
    """

    def __init__(
        self, provider: Provider, setting: Setting, plan: CheckPlan, deadline: Deadline
    ) -> None:
        self._provider, self._plan, self._deadline = provider, plan, deadline
        self._worker = Guarded(_serve, provider, setting)
        self._judge = Guarded(_judge, setting)
        self._left_s, self._was_called = 0.0, False
        self._gave_up: Optional[Case] = None
        self._uncompiled: Dict[DType, str] = {}
        self._compiling = self._not_compiled = ""
        self._compiled: List[Compilation] = []

    def __enter__(self) -> _Candidate:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()

    def _drop(self) -> None:
        self._worker.end()
        self._judge.end()
        self._worker.drop()
        self._judge.drop()
        self._was_called = False

    def compiled(self) -> List[Compilation]:
        """What it was compiled to since this was last asked."""
        told, self._compiled = self._compiled, []
        return told

    def check(self, case: Case) -> CheckRecord:
        """The record of this provider on `case`, whatever happens to its process."""
        blank = CheckRecord(self._provider.name, case, Status.FAILED)
        if self._provider.absent:
            return replace(blank, status=Status.SKIPPED, reason=self._provider.absent)
        if self._gave_up is not None:
            reason = f"not tried again after the timeout on {self._gave_up.label}"
            return replace(blank, status=Status.TIMEOUT, reason=reason)
        if case.dtype in self._uncompiled:
            return replace(blank, reason=self._uncompiled[case.dtype])
        self._left_s = limit_s = self._deadline.allow(self._plan.case_limit_s)
        try:
            self._worker.begin()
            self._judge.begin()
            record = flow.check(self._provider.name, case, self._called, self._judged)
        except Silent as exc:
            self._drop()
            self._deadline.require()  # cut by the run's end, it says nothing of the provider
            self._gave_up = case
            reason = f"no result within {spoken(limit_s)}; its process was killed"
            reason = f"{self._compiling}: {exc}" if self._compiling else reason
            return replace(blank, status=Status.TIMEOUT, reason=reason)
        except Died as exc:
            self._drop()
            return replace(blank, reason=f"crashed: {exc}")
        untouched = record.status is Status.SKIPPED and not self._was_called
        if record.status is not Status.OK and not untouched:
            self._drop()
        if record.status is Status.TIMEOUT:
            self._gave_up = case
        elif record.status is Status.FAILED and self._not_compiled:
            self._uncompiled[case.dtype] = record.reason
        return record

    def _called(self, message: Any) -> Any:
        """The provider's answer, within what is left of the limit besides compiles, which keep
        their own."""
        self._was_called = self._was_called or not isinstance(message, Load)
        with _awake(self._worker):
            self._worker.send(message)
            answer = self._heard(self._worker)
            while isinstance(answer, (telling.Began, telling.Ended)):
                if isinstance(answer, telling.Began):
                    self._await_compile(answer)
                answer = self._heard(self._worker)
        if not isinstance(answer, (_ANSWERS[type(message)], NotCalled)):
            raise Died(f"the process said {type(answer).__name__} when it was called")
        return answer

    def _judged(self, message: Any) -> Any:
        """The judge's answer, within the same limit; what it wants called again, is."""
        while True:
            with _awake(self._judge):
                self._judge.send(message)
                answer = self._heard(self._judge)
            if not isinstance(answer, More):
                return answer
            message = self._called(OneMore(answer.calls))

    def _heard(self, worker: Guarded) -> Any:
        asked = time.monotonic()
        answer = worker.hear(max(0.0, self._left_s))
        self._left_s -= time.monotonic() - asked
        return answer

    def _await_compile(self, began: telling.Began) -> None:
        self._compiling, asked = f"compiling {began.what}", time.monotonic()
        limit_s = self._deadline.allow(began.limit_s + _COMPILE_GRACE_S)
        try:
            ended = self._worker.hear(min(_TOLD_COMPILE_S, limit_s), keep=True)
        except Silent:
            limit = spoken(began.limit_s)
            note(f"{self._provider.name}: {self._compiling}, for {limit} at the most")
            ended = self._worker.hear(limit_s - _TOLD_COMPILE_S)
        seconds = time.monotonic() - asked
        if seconds > _TOLD_COMPILE_S:
            say(f"check {self._provider.name}: {self._compiling} took {seconds:.1f} s")
        self._compiling = ""
        told = ended if isinstance(ended, telling.Ended) else telling.Ended()
        self._not_compiled = told.why
        self._compiled += told.made


@contextlib.contextmanager
def _awake(worker: Guarded) -> Iterator[None]:
    """Outside of this it stands still: the threads of one that has answered spin on for a while,
    beside whoever is asked next."""
    worker.resume()
    try:
        yield
    finally:
        worker.pause()


def _serve(pipe: Pipe, provider: Provider, setting: Setting) -> None:
    """The provider's process."""
    from remote_payload.stages.apart import candidate  # so that the parent never imports torch

    candidate.serve(pipe, provider, setting)


def _judge(pipe: Pipe, setting: Setting) -> None:
    """The judge's process."""
    from remote_payload.stages.apart import judge  # here, as above

    judge.serve(pipe, setting)
