"""What the records of a run say against each other."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.performance.objection import Objection, Severity, about, timed
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status


def unchecked(result: Result) -> Iterator[Objection]:
    """Times of what never passed its check."""
    passed = {(c.provider, c.case) for c in result.checks if c.status is Status.OK}
    for record in timed(result):
        if (record.provider, record.case) not in passed:
            yield Objection(Severity.ERROR, about(record), "timed without a passed check")
