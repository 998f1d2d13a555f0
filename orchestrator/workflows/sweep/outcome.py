"""What one problem of a sweep came to, in a word that can be counted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from orchestrator.values.run import Run
from orchestrator.workflows.sweep.speed import candidates
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import LACKS, NEEDS_GPU, NO_INPUTS, NO_MEMORY, Fault, Status

# In our words, in torch's where nobody put it in ours, and as the kernel ends who takes too much.
_NO_MEMORY = re.compile(rf"{NO_MEMORY}|can't allocate memory|MemoryError|SIGKILL")
_TOO_LONG = re.compile(r"had not ended|no result within|time limit|ran out")


class Kind(str, Enum):
    """The values are the words of a summary."""

    PASSED = "passed"
    WRONG = "wrong"
    NOT_COMPILED = "does not compile"
    RAISED = "raised"
    TOO_LONG = "no end within its limit"
    NO_MEMORY = "no memory for it here"
    NEEDS_GPU = "needs a GPU"
    NO_INPUTS = "its inputs are not here"
    UNFIT = "the host lacks something"
    NO_CANDIDATE = "has no candidate"
    REFUSED = "refused"
    FAILED = "failed"
    LOST = "no result"


@dataclass(frozen=True)
class Outcome:
    """problem: its label. reason: why it did not pass; empty if it did. run: its name; empty where
    there was none. cases: how many were checked. speedups: of each candidate that passed, of its
    largest case, against the reference; only where both were timed."""

    problem: str
    format: str
    kind: Kind
    reason: str = ""
    run: str = ""
    seconds: float = 0.0
    cases: int = 0
    speedups: Mapping[str, float] = field(default_factory=dict)


def kind_of(run: Run) -> tuple[Kind, str]:
    """The word for a run, and the reason behind it."""
    result = run.result
    if result is None:
        return Kind.LOST, run.end.words if run.end else "no result came back"
    reason = result.reason
    if result.status is Status.OK:
        if any(one.status is Status.OK for one in result.checks):
            return Kind.PASSED, ""
        return Kind.FAILED, "nothing was checked"
    said = kind_of_reason(reason)
    if said is not Kind.FAILED:
        return said, reason
    if result.status is Status.TIMEOUT:
        return Kind.TOO_LONG, reason
    if result.unfit:
        return Kind.UNFIT, reason
    return _of_checks(result) or Kind.FAILED, reason


def kind_of_reason(reason: str) -> Kind:
    """The word for a reason by itself; FAILED where its words tell no more."""
    for word, kind in ((NEEDS_GPU, Kind.NEEDS_GPU), (NO_INPUTS, Kind.NO_INPUTS)):
        if word in reason:
            return kind
    if _NO_MEMORY.search(reason):
        return Kind.NO_MEMORY
    if _TOO_LONG.search(reason):
        return Kind.TOO_LONG
    return Kind.UNFIT if LACKS in reason else Kind.FAILED


def _of_checks(result: Result) -> Kind | None:
    wrong = [one for one in _decisive(result) if one.status in (Status.FAILED, Status.TIMEOUT)]
    if not wrong:
        return None
    if wrong[0].status is Status.TIMEOUT:
        return Kind.TOO_LONG
    return {Fault.COMPILE: Kind.NOT_COMPILED, Fault.RAISED: Kind.RAISED, None: Kind.WRONG}.get(
        wrong[0].fault, Kind.WRONG
    )


def _decisive(result: Result) -> tuple[CheckRecord, ...]:
    """Those of candidates, if there are any."""
    names = candidates(result)
    own = tuple(one for one in result.checks if one.provider in names)
    return own or result.checks
