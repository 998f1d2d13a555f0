"""Whose pace the times are: the GPU's, or that of the host it waited for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from orchestrator.performance.host_pace import HOST_BOUND, bound_by_host
from orchestrator.performance.objection import Objection, Severity, timed
from remote_payload.contract.result import Result


def host_bound(result: Result) -> Iterator[Objection]:
    """One note for all timings that are the host's; the verdicts take it into account."""
    waited = [record for record in timed(result) if bound_by_host(record) and not record.control]
    if waited:
        counts = Counter(record.provider for record in waited)
        cases = ", ".join(
            f"{name} on {number} case{'s' if number > 1 else ''}" for name, number in counts.items()
        )
        text = (
            f"back to back the GPU waited for the host ({cases}): enqueueing took at least "
            f"{100 * HOST_BOUND:.0f} % of the time, so these times are the host's"
        )
        yield Objection(Severity.NOTE, "the whole run", text)
