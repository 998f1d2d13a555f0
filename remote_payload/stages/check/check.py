"""The check stage: every provider on every case, each provider in its own process."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Callable, Dict, List, Optional

from remote_payload.compiling import telling
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.plans import CheckPlan
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Stage, Status
from remote_payload.operators.setting import Setting
from remote_payload.processes.announce import note, say, step
from remote_payload.processes.bounded import spoken
from remote_payload.processes.guarded import Guarded
from remote_payload.processes.isolate import Deadline, Died, Pipe, Silent
from remote_payload.stages.roles import ours_first

BAD = (Status.FAILED, Status.TIMEOUT)
# A compile keeps its limit itself; this is for one whose process cannot.
_COMPILE_GRACE_S = 15.0
_TOLD_COMPILE_S = 1.0


def run(
    request: Request,
    operator: OperatorFacts,
    setting: Setting,
    deadline: Deadline,
    keep: Callable[[CheckRecord], None],
    refused: List[CheckRecord],
) -> None:
    """Check all pairs, handing each record to `keep` as soon as it is known; ours come first.

    A worker serves all cases of its provider and is replaced after any fault, since a fault
    may have poisoned it. A provider that ran into its limit is not tried again, nor is one that
    does not compile, for other cases of the same dtype. A required provider that says it cannot run
    here counts as FAILED, unless it was compiled for want of a GPU; those records are also put into
    `refused`, since they tell about the host and not about the kernel. Raises OutOfTime.
    """
    total = len(request.providers) * len(request.cases)
    done = 0
    for provider in ours_first(request.providers, operator):
        with _Candidate(provider, setting, request.check, deadline) as candidate:
            for case in request.cases:
                deadline.require()
                step(Stage.CHECK, done, total, f"{provider.name} {case.label}")
                record = candidate.check(case)
                if record.status is Status.SKIPPED and provider.required:
                    if not record.compiled:
                        record = replace(record, status=Status.FAILED)
                    refused.append(record)
                done += 1
                say(f"check {provider.name} {case.label}: {line(record)}")
                keep(record)
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
    """One provider, case by case. Who ran into the limit once is not tried again."""

    def __init__(
        self, provider: Provider, setting: Setting, plan: CheckPlan, deadline: Deadline
    ) -> None:
        self._provider, self._plan, self._deadline = provider, plan, deadline
        self._worker = Guarded(_serve, provider, setting)
        self._gave_up: Optional[Case] = None
        self._uncompiled: Dict[DType, str] = {}
        self._compiling = self._not_compiled = ""

    def __enter__(self) -> _Candidate:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.drop()

    def check(self, case: Case) -> CheckRecord:
        """The record of this provider on `case`, whatever happens to its process."""
        blank = CheckRecord(self._provider.name, case, Status.FAILED)
        if self._gave_up is not None:
            reason = f"not tried again after the timeout on {self._gave_up.label}"
            return replace(blank, status=Status.TIMEOUT, reason=reason)
        if case.dtype in self._uncompiled:
            return replace(blank, reason=self._uncompiled[case.dtype])
        limit_s = self._deadline.allow(self._plan.case_limit_s)
        try:
            self._worker.send(case)
            record = self._receive(limit_s)
        except Silent as exc:
            self._deadline.require()  # cut by the run's end, it says nothing of the provider
            self._gave_up = case
            reason = f"no result within {spoken(limit_s)}; its process was killed"
            reason = f"{self._compiling}: {exc}" if self._compiling else reason
            return replace(blank, status=Status.TIMEOUT, reason=reason)
        except Died as exc:
            return replace(blank, reason=f"crashed: {exc}")
        if record.status is not Status.OK:
            self._worker.drop()
        if record.status is Status.TIMEOUT:
            self._gave_up = case
        elif record.status is Status.FAILED and self._not_compiled:
            self._uncompiled[case.dtype] = record.reason
        return record

    def _receive(self, limit_s: float) -> CheckRecord:
        """The record, within limit_s seconds besides those of compiles, which keep their own."""
        while True:
            asked = time.monotonic()
            message = self._worker.hear(limit_s)
            if isinstance(message, CheckRecord):
                return message
            limit_s -= time.monotonic() - asked
            if isinstance(message, telling.Began):
                self._await_compile(message)

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
        self._not_compiled = ended.why if isinstance(ended, telling.Ended) else ""


def _serve(pipe: Pipe, provider: Provider, setting: Setting) -> None:
    """A worker's life: cases in, records out, until the parent closes or kills it."""
    from remote_payload.stages.check import (
        check_case,  # here, so that the parent never imports torch
    )

    telling.listen(pipe.send)
    while True:
        try:
            case = pipe.recv()
        except EOFError:
            return
        pipe.send(check_case.check(provider, case, setting))
