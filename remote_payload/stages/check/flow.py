"""One check from its first call to its last: what a provider gives goes to the judge, and neither
sees the other. Free of torch, so that it runs in the parent, which alone makes the record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable

from remote_payload.contract.case import Case
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.words import Fault, Status
from remote_payload.stages.apart.words import (
    Asked,
    Begin,
    Call,
    Judge,
    Judged,
    Load,
    NotCalled,
)

Ask = Callable[[Any], Any]  # a message, and its answer


def check(name: str, case: Case, candidate: Ask, judge: Ask) -> CheckRecord:
    """Call a provider on `case`, on other inputs, and on the first again, and have each output
    judged; the first call that is not right decides.

    SKIPPED: it says that it cannot run here; FAILED: it raised, or gave something wrong. Other bits
    within the tolerance are a fact of the record, and no failure.
    """
    record = CheckRecord(name, case, Status.FAILED)
    ready = candidate(Load())
    if isinstance(ready, NotCalled):
        return _not_called(record, ready)
    begun = judge(Begin(case))
    if isinstance(begun, NotCalled):
        return _not_called(record, begun)
    for number, asked in enumerate(begun.calls):
        called = candidate(Call(case, asked.given))
        if isinstance(called, NotCalled):
            return _not_called(record, called) if not number else _stopped(record, asked, called)
        record = replace(
            record,
            implementation=called.implementation,
            emulated=called.emulated,
            library_digest=called.library_digest,
        )
        judged = judge(Judge(number, called.outputs))
        if isinstance(judged, NotCalled):
            return record if record.reason else _not_called(record, judged)
        record = _taken(record, asked, called.touched, judged)
    return record if record.reason else replace(record, status=Status.OK)


def _taken(record: CheckRecord, asked: Asked, touched: str, judged: Judged) -> CheckRecord:
    """The record with what the judge said of one call."""
    if judged.digest is not None:
        record = replace(_with(record, judged), output_digest=judged.digest)
    if judged.same is not None:
        record = replace(record, deterministic=judged.same)
    wrong = "; ".join(filter(None, (touched, judged.wrong)))
    if not wrong or record.reason:
        return record
    fault = Fault.INPUTS if touched else Fault.VALUES
    return replace(_with(record, judged), reason=asked.words + wrong, fault=fault)


def _with(record: CheckRecord, judged: Judged) -> CheckRecord:
    if not judged.looked:
        return record
    return replace(record, error=judged.error, ruling=judged.ruling)


def _not_called(record: CheckRecord, what: NotCalled) -> CheckRecord:
    told = {"status": what.status, "reason": what.how, "fault": what.fault}
    return replace(record, compiled=what.compiled, **told)  # type: ignore[arg-type]


def _stopped(record: CheckRecord, asked: Asked, what: NotCalled) -> CheckRecord:
    """It answered before, and gave nothing now; what was wrong before stays the reason."""
    reason = record.reason or asked.words + what.how
    return replace(record, reason=reason, fault=record.fault or what.fault)
