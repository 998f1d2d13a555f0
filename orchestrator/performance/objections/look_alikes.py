"""Providers that may be one and the same code, or one that answers with what another computed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from orchestrator.performance.host_pace import bound_by_host
from orchestrator.performance.objection import Objection, Severity, about, timed
from orchestrator.performance.stats import ratio
from orchestrator.performance.verdict import MINIMUM_EFFECT
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result

# Whose bits are another's is no faster than this by a better schedule of the same arithmetic.
FAR_FASTER = 3.0


def look_alikes(result: Result) -> Iterator[Objection]:
    """Equal bits, in equal time or many times faster.

    Sums of floating-point numbers end in bits that tell in which order they were taken. Where there
    are none (copies, what is done to each element alone, whole numbers), every right kernel has the
    same bits, which then tell nothing: that is worth a note in equal time, and nothing in another.
    """
    digests = {(c.provider, c.case): c.output_digest for c in result.checks if c.output_digest}
    records = [record for record in timed(result) if not record.control]
    for one, two in combinations(records, 2):
        same_race = (one.case, one.method) == (two.case, two.method)
        digest = digests.get((one.provider, one.case))
        if not same_race or one.provider == two.provider or digest is None:
            continue
        if digest == digests.get((two.provider, two.case)):
            found = _of_pair(one, two, result)
            if found is not None:
                yield found


def _of_pair(one: BenchRecord, two: BenchRecord, result: Result) -> Objection | None:
    if not {one.provider, two.provider}.isdisjoint(result.request.before):
        return None  # another revision of the same code rightly has its bits
    telling = _bits_tell(one, result)
    kin = _of_torch(one, two, result)
    if _equal_time(one, two):
        text = f"bit-identical output and equal time as {two.provider}: probably the same code"
        gravity = Severity.DOUBT if telling and not kin else Severity.NOTE
        return Objection(gravity, about(one), text)
    quick, slow = sorted(
        (one, two), key=lambda record: ratio(record.samples_us, one.samples_us).median
    )
    times = ratio(slow.samples_us, quick.samples_us).median
    if times <= FAR_FASTER or not telling or kin or bound_by_host(slow):
        return None
    text = f"bit-identical output as {slow.provider}, {times:.3g} × as fast: "
    if quick.provider.startswith(result.operator.baseline or "\0"):
        return Objection(
            Severity.NOTE, about(quick), f"{text}the same code, and something beside it"
        )
    return Objection(Severity.DOUBT, about(quick), f"{text}is that answer computed, or that one's?")


def _bits_tell(record: BenchRecord, result: Result) -> bool:
    """Whether the bits of an output say who computed it."""
    work = result.facts(record.case).work
    return record.case.dtype.rounds and (work is None or work.matrix)


def _of_torch(one: BenchRecord, two: BenchRecord, result: Result) -> bool:
    """PyTorch's default backend is by definition one of its named ones; others have no excuse."""
    base = result.operator.baseline or "\0"
    return one.provider.startswith(base) and two.provider.startswith(base)


def _equal_time(one: BenchRecord, two: BenchRecord) -> bool:
    times = ratio(one.samples_us, two.samples_us)
    close = abs(times.median - 1) <= MINIMUM_EFFECT
    spans_one = times.low is not None and times.high is not None and times.low <= 1 <= times.high
    return close or spans_one
