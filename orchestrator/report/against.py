"""One provider against another on the same case, by the method that can tell them apart."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.host_pace import bound_by_host
from orchestrator.performance.objection import about
from orchestrator.performance.stats import ratio, usable
from orchestrator.performance.verdict import Judgement, Verdict, judge, noise_floor
from remote_payload.contract.case import Case
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.words import Method, Status

_NO_GRAPH = (
    "the GPU waited for the host, so back-to-back times say how fast the host calls; only graphs "
    "of both could tell, and why there are none stands under Not measured"
)


def judged_against(
    base: BenchRecord,
    record: BenchRecord,
    records: tuple[BenchRecord, ...],
    refuted: frozenset[str],
) -> Judgement | None:
    """The verdict on `record`; None if it or `base` is incomplete or refuted.

    By their graphs where the GPU waited for the host with either of the two; INCONCLUSIVE where it
    did and there are no graphs: no verdict is one on the host's time. records: all of the run.
    """
    if not _judgeable(refuted, base, record):
        return None
    case, noise = record.case, noise_on(records, record.case, record.method)
    speedup = ratio(base.samples_us, record.samples_us)
    if not (bound_by_host(base) or bound_by_host(record)):
        return judge(speedup, noise)
    graphs = [find(records, each.provider, case, Method.GRAPH) for each in (base, record)]
    known = [graph for graph in graphs if graph is not None]
    if len(known) < 2 or not _judgeable(refuted, *known):
        return Judgement(Verdict.INCONCLUSIVE, speedup, noise, _NO_GRAPH)
    speedup = ratio(known[0].samples_us, known[1].samples_us)
    return replace(judge(speedup, noise_on(records, case, Method.GRAPH)), by_graph=True)


def run_noise(records: tuple[BenchRecord, ...], method: Method) -> float | None:
    """The largest noise floor of any A/A pair taken by the method; None without such a pair."""
    controls = [record for record in records if record.control and record.method is method]
    floors = [_pair_noise(records, control) for control in controls]
    known = [floor for floor in floors if floor is not None]
    return max(known) if known else None


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


def _judgeable(refuted: frozenset[str], *records: BenchRecord) -> bool:
    complete = all(r.status is Status.OK and usable(r.samples_us) for r in records)
    return complete and not refuted & {about(record) for record in records}


def _pair_noise(records: tuple[BenchRecord, ...], control: BenchRecord) -> float | None:
    first = find(records, control.provider, control.case, control.method)
    if first is None or not _judgeable(frozenset(), first, control):
        return None
    return noise_floor(ratio(first.samples_us, control.samples_us))
