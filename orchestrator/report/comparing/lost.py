"""What the first run timed and the second did not, and why."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.report.comparing.alike import Key
from remote_payload.contract.case import Case
from remote_payload.contract.records import BenchRecord, CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status


@dataclass(frozen=True)
class Lost:
    """broke: because it failed there. unasked: as far as is known nobody wanted it there."""

    provider: str
    case: Case
    method: Method
    reason: str
    broke: bool
    unasked: bool = False


def lost(key: Key, result: Result) -> Lost:
    """Why a result has no timing of `key`."""
    provider, case, _ = key
    checked = [c for c in result.checks if (c.provider, c.case) == (provider, case)]
    timed = [r for r in result.bench if (r.provider, r.case, r.method) == key and not r.control]
    broken = (Status.FAILED, Status.TIMEOUT)
    records: list[CheckRecord | BenchRecord] = [*checked, *timed]
    for record in records:
        if record.status is not Status.OK:
            reason = f"{record.status.value}, {record.reason or 'no reason given'}"
            return Lost(*key, reason, record.status in broken)
    if timed:
        return Lost(*key, "its timing is refuted or unusable", broke=True)
    if any(check.emulated for check in checked):
        return Lost(*key, "only checked, in the emulator, which has no speed", broke=False)
    if _asked(result, provider, case) and result.status is Status.FAILED:
        reason = f"not reached, as the run failed: {result.reason or 'no reason given'}"
        return Lost(*key, reason, broke=not result.unfit)
    return Lost(*key, "not asked for, or not reached", broke=False, unasked=True)


def _asked(result: Result, provider: str, case: Case) -> bool:
    request = result.request
    names = [each.name for each in request.providers]
    return provider in names and case in (*request.cases, *request.cpu_cases)
