"""Every number a report derives from raw samples, computed once."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.performance.device import Device
from orchestrator.performance.host_pace import bound_by_host
from orchestrator.performance.objection import (
    Objection,
    Severity,
    about,
    device_of,
    on_gpu,
)
from orchestrator.performance.objections.every import objections
from orchestrator.performance.roofline import Roof, binding, roofs
from orchestrator.performance.starts import summary_of
from orchestrator.performance.stats import Summary, usable
from orchestrator.performance.steps import Step, step_of
from orchestrator.performance.verdict import Judgement, Terms
from orchestrator.performance.work import gbs, tflops
from orchestrator.report.against import find, judged_against, run_noise, terms_of
from remote_payload.contract.facts import CaseFacts
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status


@dataclass(frozen=True)
class Figure:
    """One provider on one case by one method.

    summary: None when there is no usable sample. refuted: an objection says it cannot be true.
    roof: the binding roof, None when none is known. against: comparison with its baseline,
    None for the baseline itself and where either of the two cannot be judged. step: from
    one level to another, of which no one median tells.
    """

    record: BenchRecord
    facts: CaseFacts
    summary: Summary | None
    roof: Roof | None
    against: Judgement | None
    refuted: bool
    step: Step | None = None

    @property
    def trusted(self) -> Summary | None:
        """The summary, if the payload took all samples it wanted and nothing refutes them."""
        complete = self.record.status is Status.OK
        return self.summary if complete and not self.refuted else None

    @property
    def host_bound(self) -> bool:
        """Whether the GPU waited for the host, so that the time is the host's."""
        return bound_by_host(self.record)

    @property
    def tflops(self) -> float | None:
        if self.summary is None:
            return None
        return tflops(self.facts, self.summary.median_us)

    @property
    def gbs(self) -> float | None:
        """GB/s of compulsory traffic."""
        return None if self.summary is None else gbs(self.facts, self.summary.median_us)


@dataclass(frozen=True)
class Figures:
    """All figures of a result, in the order in which they were measured.

    refuted: what an objection says cannot be true. terms: what all verdicts go by together.
    """

    result: Result
    device: Device | None
    on_gpu: bool
    rows: tuple[Figure, ...]
    objections: tuple[Objection, ...]
    refuted: frozenset[str]
    noise: tuple[tuple[Method, float | None], ...]
    terms: Terms

    @property
    def errors(self) -> tuple[Objection, ...]:
        return tuple(o for o in self.objections if o.severity is Severity.ERROR)

    @property
    def multiplies(self) -> bool:
        """Whether what was timed is told in TFLOPS, as products of matrices are; else in GB/s."""
        works = [row.facts.work for row in self.rows]
        return any(work is None or work.matrix for work in works)

    @property
    def methods(self) -> tuple[Method, ...]:
        return tuple(dict.fromkeys(row.record.method for row in self.rows))

    def of_method(self, method: Method) -> tuple[Figure, ...]:
        return tuple(row for row in self.rows if row.record.method is method)

    def by_graph(self, row: Figure) -> Figure | None:
        """The same provider and case, timed by graph."""
        mine = (row.record.provider, row.record.case)
        graphs = self.of_method(Method.GRAPH)
        return next((g for g in graphs if (g.record.provider, g.record.case) == mine), None)


def figures(result: Result, outside: tuple[Objection, ...] = ()) -> Figures:
    """Derive everything from a result; never fails on a partial or failed one.

    outside: what is objected to all of it by what lies beside it; an error there refutes it whole.
    """
    device = device_of(result)
    gravity = list(Severity)
    found = tuple(
        sorted((*outside, *objections(result)), key=lambda one: gravity.index(one.severity))
    )
    refuted = frozenset(o.about for o in found if o.severity is Severity.ERROR)
    if any(o.severity is Severity.ERROR for o in outside):
        refuted |= {about(record) for record in result.bench}
    terms = terms_of(result)
    rows = tuple(
        _figure(record, result, device, refuted, terms)
        for record in result.bench
        if not record.control
    )
    methods = tuple(dict.fromkeys(record.method for record in result.bench))
    noise = tuple((method, run_noise(result.bench, method)) for method in methods)
    return Figures(result, device, on_gpu(result), rows, found, refuted, noise, terms)


def _figure(
    record: BenchRecord,
    result: Result,
    device: Device | None,
    refuted: frozenset[str],
    terms: Terms,
) -> Figure:
    summary = summary_of(record) if usable(record.samples_us) else None
    facts = result.facts(record.case)
    roof = binding(roofs(facts, device, record.method)) if device else None
    judged = _against_baseline(record, result, refuted, terms)
    is_refuted, step = about(record) in refuted, step_of(record)
    return Figure(record, facts, summary, roof, judged, is_refuted, step)


def _against_baseline(
    record: BenchRecord, result: Result, refuted: frozenset[str], terms: Terms
) -> Judgement | None:
    baseline = result.baseline_of(record.provider)
    base = find(result.bench, baseline, record.case, record.method)
    if base is None or record.provider == baseline:
        return None
    return judged_against(base, record, result.bench, refuted, terms)
