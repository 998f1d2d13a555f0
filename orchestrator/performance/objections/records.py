"""What the records of a run say against each other, and against themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from orchestrator.performance.objection import Objection, Severity, about, from_library, timed
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status


def unchecked(result: Result) -> Iterator[Objection]:
    """Times of what never passed its check."""
    passed = {(c.provider, c.case) for c in result.checks if c.status is Status.OK}
    for record in timed(result):
        if (record.provider, record.case) not in passed:
            yield Objection(Severity.ERROR, about(record), "timed without a passed check")


def passed_by_no_right(result: Result) -> Iterator[Objection]:
    """Checks that call themselves passed and say in the same record that they were not."""
    for check in result.checks:
        if check.status is Status.OK and (why := _against_itself(check)):
            text = f"its check passed, and its own record says {why}"
            yield from _of_all(result, check, Objection(Severity.ERROR, name_of(check), text))


def _against_itself(check: CheckRecord) -> str:
    """Where a problem has a judge of its own, our count of mismatches decides nothing."""
    if check.ruling is not None:
        return "" if check.ruling.right else f"that {check.ruling.by} refused it"
    if check.fault is not None:
        return f"what was wrong: {check.fault.value}"
    error = check.error
    if error is None:
        return ""
    if error.nan or error.inf:
        return f"{error.nan} NaN and {error.inf} infinite elements that nobody wanted"
    if error.mismatches:
        return f"{error.mismatches} of {error.elements} elements outside the tolerance"
    wrong = next((judged for judged in error.judged if judged.wrong), None)
    return f"{wrong.wrong} of {wrong.count} beyond a gate of the tolerance" if wrong else ""


def unreal(result: Result) -> Iterator[Objection]:
    """Times of what did not run on the device, or could not have been there to run."""
    emulated = {(c.provider, c.case) for c in result.checks if c.emulated}
    build = result.build
    unbuilt = build is not None and build.status not in (Status.OK, Status.SKIPPED)
    ours = from_library(result)
    for record in timed(result):
        if (record.provider, record.case) in emulated:
            text = "timed, though its check ran in the emulator, which has no speed"
            yield Objection(Severity.ERROR, about(record), text)
        if build is not None and unbuilt and record.provider in ours:
            text = f"timed, though the build of its library ended as {build.status.value}"
            yield Objection(Severity.ERROR, about(record), text)


def foreign_library(result: Result) -> Iterator[Objection]:
    """Kernels out of another library than the one that this run built."""
    built = result.build.library_digest if result.build else None
    if built is None:
        return
    before = result.request.before  # out of a library of their own
    checks = [one for one in result.checks if one.provider not in before]
    timed = [one for one in result.bench if one.provider not in before]
    loaded = [(name_of(one), one.library_digest, one.status) for one in checks]
    loaded += [(about(one), one.library_digest, one.status) for one in timed]
    for name, digest, status in loaded:
        if status is Status.OK and digest is not None and digest != built:
            text = f"it ran out of the library {digest:.12}, and this run built {built:.12}"
            yield Objection(Severity.ERROR, name, text)


def twice(result: Result) -> Iterator[Objection]:
    """Rows that are there more than once."""
    names = [about(record) for record in result.bench]
    names += [name_of(check) for check in result.checks]
    for name, count in Counter(names).items():
        if count > 1:
            yield Objection(Severity.ERROR, name, f"recorded {count} times in one run")


def name_of(check: CheckRecord) -> str:
    """Name a check for people."""
    return f"{check.provider}, {check.case.label}, check"


def _of_all(result: Result, check: CheckRecord, objection: Objection) -> Iterator[Objection]:
    """What is wrong with a check is wrong with every time that it let through."""
    mine = (check.provider, check.case)
    rows = [about(record) for record in timed(result) if (record.provider, record.case) == mine]
    for name in dict.fromkeys(rows) or (objection.about,):
        yield Objection(objection.severity, name, objection.text)
