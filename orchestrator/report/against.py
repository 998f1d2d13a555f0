"""One provider against another on the same case, by the method that can tell them apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from orchestrator.performance.family import ALONE, Family
from orchestrator.performance.host_pace import bound_by_host
from orchestrator.performance.objection import about
from orchestrator.performance.starts import medians_us, speedup
from orchestrator.performance.stats import Ratio, ratio, usable
from orchestrator.performance.steps import step_between, step_of
from orchestrator.performance.verdict import (
    ONE_START,
    Judgement,
    Terms,
    Verdict,
    decide,
    judge,
    noise_floor,
)
from orchestrator.performance.watching import crowded
from remote_payload.contract.case import Case
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Stage, Status

_NO_GRAPH = (
    "the GPU waited for the host, so back-to-back times say how fast the host calls; only graphs "
    "of both could tell, and why there are none stands under Not measured"
)
_NO_CONTROL = "no A/A control of this case in this run, so nothing shows that starts are alike"

# Seen on two cores beside a busy loop: 8.00 ms a call for all, with an interval of .05 %, where one
# did 5 % more. Differences that are there all the same are real.
_CROWDED = (
    "others kept so many CPUs busy that its threads had to share one: at barriers they wait for "
    "whole slices of the scheduler, which hides differences; stop the others, or set "
    "OMP_NUM_THREADS lower"
)


def terms_of(result: Result) -> Terms:
    """What all verdicts of a report on the result go by together."""
    plan = result.request.bench
    taken_s = sum(one.seconds or 0.0 for one in result.stages if one.stage is Stage.BENCH)
    family = Family(rows_judged(result.bench), max(len(plan.starts), 1))
    most = max(plan.starts, default=0)
    return Terms(family, plan.precision, most, taken_s, crowded(result))


def rows_judged(records: tuple[BenchRecord, ...]) -> int:
    """How many comparisons a report makes: everybody with the baseline, on each case and by each
    method, and by the first method everybody with everybody, as the best of the others is not
    known before."""
    raced = Counter((one.case, one.method) for one in records if not one.control)
    first = records[0].method if records else None
    return sum(
        number * (number - 1) // 2 if method is first else number - 1
        for (_, method), number in raced.items()
    )


def judged_against(
    base: BenchRecord,
    record: BenchRecord,
    records: tuple[BenchRecord, ...],
    refuted: frozenset[str],
    terms: Terms,
) -> Judgement | None:
    """The verdict on `record`; None if it or `base` is incomplete or refuted.

    By their graphs where the GPU waited for the host with either of the two; INCONCLUSIVE where it
    did and there are no graphs: no verdict is one on the host's time. records: all of the run.
    """
    if not _judgeable(refuted, base, record):
        return None
    if not (bound_by_host(base) or bound_by_host(record)):
        return _judged(base, record, records, terms)
    graphs = [find(records, each.provider, record.case, Method.GRAPH) for each in (base, record)]
    known = [graph for graph in graphs if graph is not None]
    if len(known) < 2 or not _judgeable(refuted, *known):
        noise = noise_on(records, record.case, record.method)
        return Judgement(Verdict.INCONCLUSIVE, _ratio(base, record, terms), noise, _NO_GRAPH)
    return replace(_judged(known[0], known[1], records, terms), by_graph=True)


def _judged(
    base: BenchRecord, record: BenchRecord, records: tuple[BenchRecord, ...], terms: Terms
) -> Judgement:
    noise = noise_on(records, record.case, record.method)
    found = speedup(base, record, terms.family.level)
    advice = _doubt(base, record, records, terms)
    if found is None or advice:
        return Judgement(Verdict.INCONCLUSIVE, _ratio(base, record, terms), noise, advice)
    judged = judge(found, noise, terms)
    if judged.verdict is Verdict.SAME and (record.case, record.method) in terms.crowded:
        return replace(judged, verdict=Verdict.INCONCLUSIVE, advice=_CROWDED)
    return judged


def _ratio(base: BenchRecord, record: BenchRecord, terms: Terms) -> Ratio:
    """By starts; where these give no interval, by the samples' own order."""
    found = speedup(base, record, terms.family.level)
    if found is None:
        return ratio(base.samples_us, record.samples_us)
    return Ratio(found.middle, found.low, found.high, found.starts)


def _doubt(
    base: BenchRecord, record: BenchRecord, records: tuple[BenchRecord, ...], terms: Terms
) -> str:
    """Why no interval, however narrow, would be a verdict here; else empty."""
    if min(len(medians_us(base)), len(medians_us(record))) < 2:
        return f"{ONE_START}: time it again"
    of_case = tuple(one for one in records if one.case == record.case)
    pairs = _pairs(of_case, record.method)
    if not pairs:
        return _NO_CONTROL
    for pair in pairs:
        apart = speedup(*pair, terms.family.level)
        if apart and decide(apart, terms.precision) in (Verdict.FASTER, Verdict.SLOWER):
            return (
                f"the same code differs from itself by {100 * abs(apart.middle - 1):.2g} %, by "
                "which starts it is compared: use a quiet machine, then repeat"
            )
    if not (step_of(base) or step_of(record)):
        return ""
    step = step_between(base, record)
    if step is None:
        return ""
    return (
        f"the speed-up itself stepped from {step.before:.3g}× to {step.after:.3g}×"
        f"{'' if step.start is None else f' with start {step.start + 1} of {step.parts}'}: "
        "find out what changed on the machine, then repeat"
    )


def run_noise(records: tuple[BenchRecord, ...], method: Method) -> float | None:
    """How far A/A pairs taken by the method may be apart at most; None without such a pair."""
    found = [speedup(*pair, ALONE) for pair in _pairs(records, method)]
    return max((noise_floor(one) for one in found if one is not None), default=None)


def noise_on(records: tuple[BenchRecord, ...], case: Case, method: Method) -> float | None:
    """The noise floor of the A/A pair on the case by the method, else of the run by the method."""
    own = run_noise(tuple(record for record in records if record.case == case), method)
    return run_noise(records, method) if own is None else own


def find(
    records: tuple[BenchRecord, ...], provider: str, case: Case, method: Method
) -> BenchRecord | None:
    """The provider's own timing, not its control's; None without one."""
    wanted = (provider, case, method)
    return next(
        (r for r in records if not r.control and (r.provider, r.case, r.method) == wanted), None
    )


def _pairs(
    records: tuple[BenchRecord, ...], method: Method
) -> list[tuple[BenchRecord, BenchRecord]]:
    """Who was raced against itself, and that."""
    controls = [record for record in records if record.control and record.method is method]
    found = [(find(records, one.provider, one.case, one.method), one) for one in controls]
    return [
        (first, second)
        for first, second in found
        if first is not None and _judgeable(frozenset(), first, second)
    ]


def _judgeable(refuted: frozenset[str], *records: BenchRecord) -> bool:
    complete = all(r.status is Status.OK and usable(r.samples_us) for r in records)
    return complete and not refuted & {about(record) for record in records}
