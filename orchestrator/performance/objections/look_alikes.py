"""Providers that may be one and the same code."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from orchestrator.performance.objection import Objection, Severity, about, timed
from orchestrator.performance.stats import ratio
from orchestrator.performance.verdict import MINIMUM_EFFECT
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.records import BenchRecord, CheckRecord
from remote_payload.contract.result import Result


def look_alikes(result: Result) -> Iterator[Objection]:
    """Equal bits in equal time, by different names."""
    digests = {(c.provider, c.case): c for c in result.checks if c.output_digest}
    records = [record for record in timed(result) if not record.control]
    for one, two in combinations(records, 2):
        first = digests.get((one.provider, one.case))
        second = digests.get((two.provider, two.case))
        if first is None or second is None or one.provider == two.provider:
            continue
        same_case = (one.case, one.method) == (two.case, two.method)
        same_output = first.output_digest == second.output_digest
        if same_case and same_output and _equal_time(one, two):
            yield Objection(
                _look_alike_severity(first, second, result.operator),
                about(one),
                f"bit-identical output and equal time as {two.provider}: probably the same code",
            )


def _look_alike_severity(one: CheckRecord, two: CheckRecord, operator: OperatorFacts) -> Severity:
    """PyTorch's default backend is by definition one of its named ones; others have no excuse."""
    base = operator.baseline or "\0"
    torch_only = one.provider.startswith(base) and two.provider.startswith(base)
    return Severity.NOTE if torch_only else Severity.DOUBT


def _equal_time(one: BenchRecord, two: BenchRecord) -> bool:
    times = ratio(one.samples_us, two.samples_us)
    close = abs(times.median - 1) <= MINIMUM_EFFECT
    spans_one = times.low is not None and times.high is not None and times.low <= 1 <= times.high
    return close or spans_one
