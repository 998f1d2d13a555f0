"""Samples that are no times, or too wild to say much."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.performance.objection import Objection, Severity, about, timed
from orchestrator.performance.stats import summarize, usable
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status

# pyperf warns of an unstable benchmark from a standard deviation of 10 % on (pyperf/_cli.py).
UNSTABLE_CV = 0.10


def bad_samples(result: Result) -> Iterator[Objection]:
    """Records that claim success without a time."""
    for record in result.bench:
        if record.status is Status.OK and not usable(record.samples_us):
            yield Objection(
                Severity.ERROR, about(record), f"{_what_is_bad(record)}, though it claims success"
            )


def _what_is_bad(record: BenchRecord) -> str:
    if not record.samples_us:
        return "no samples"
    if min(record.samples_us) <= 0:
        return "samples that are not times above zero"
    return "samples that no call can take"


def unstable(result: Result) -> Iterator[Objection]:
    """One doubt for all wild timings: each one's own variation stands in its row."""
    varying = [(summarize(record.samples_us).cv, record) for record in timed(result)]
    wild = [(cv, record) for cv, record in varying if cv > UNSTABLE_CV]
    if wild:
        cv, record = max(wild, key=lambda pair: pair[0])
        text = (
            f"{len(wild)} of {len(varying)} timings vary by more than {100 * UNSTABLE_CV:.0f} % "
            f"(standard deviation / mean), most of all {about(record)} with {100 * cv:.0f} %"
        )
        yield Objection(Severity.DOUBT, "the whole run", text)
