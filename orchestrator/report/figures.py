"""Every number a report derives from raw samples, computed once."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.model.attention import tflops
from orchestrator.model.device import Device
from orchestrator.model.objection import Objection, Severity, about, device_of, objections, on_gpu
from orchestrator.model.roofline import Roof, binding, roofs
from orchestrator.model.stats import Summary, ratio, summarize, usable
from orchestrator.model.verdict import Judgement, judge, noise_floor
from remote_payload.catalog import BASELINE
from remote_payload.contract import BenchRecord, Method, Result, Shape, Status


@dataclass(frozen=True)
class Figure:
    """One provider on one shape by one method.

    summary: None when there is no usable sample. refuted: an objection says it cannot be true.
    roof: the binding roof, None when none is known. against: comparison with the baseline
    provider, None for the baseline itself and where either of the two cannot be judged.
    """

    record: BenchRecord
    summary: Summary | None
    roof: Roof | None
    against: Judgement | None
    refuted: bool

    @property
    def trusted(self) -> Summary | None:
        """The summary, if the payload took all samples it wanted and nothing refutes them."""
        complete = self.record.status is Status.OK
        return self.summary if complete and not self.refuted else None

    @property
    def tflops(self) -> float | None:
        if self.summary is None:
            return None
        return tflops(self.record.shape, self.summary.median_us)


@dataclass(frozen=True)
class Figures:
    """All figures of a result, in the order in which they were measured."""

    result: Result
    device: Device | None
    on_gpu: bool
    rows: tuple[Figure, ...]
    objections: tuple[Objection, ...]
    noise: tuple[tuple[Method, float | None], ...]

    @property
    def errors(self) -> tuple[Objection, ...]:
        return tuple(o for o in self.objections if o.severity is Severity.ERROR)

    @property
    def methods(self) -> tuple[Method, ...]:
        return tuple(dict.fromkeys(row.record.method for row in self.rows))

    def of_method(self, method: Method) -> tuple[Figure, ...]:
        return tuple(row for row in self.rows if row.record.method is method)


def figures(result: Result) -> Figures:
    """Derive everything from a result; never fails on a partial or failed one."""
    device = device_of(result)
    found = objections(result)
    refuted = frozenset(o.about for o in found if o.severity is Severity.ERROR)
    rows = tuple(
        _figure(record, result, device, refuted) for record in result.bench if not record.control
    )
    methods = tuple(dict.fromkeys(record.method for record in result.bench))
    noise = tuple((method, run_noise(result.bench, method)) for method in methods)
    return Figures(result, device, on_gpu(result), rows, found, noise)


def run_noise(records: tuple[BenchRecord, ...], method: Method) -> float | None:
    """The largest noise floor of any A/A pair taken by the method; None without such a pair."""
    floors = [
        _pair_noise(records, record)
        for record in records
        if record.control and record.method is method
    ]
    known = [floor for floor in floors if floor is not None]
    return max(known) if known else None


def _figure(
    record: BenchRecord, result: Result, device: Device | None, refuted: frozenset[str]
) -> Figure:
    summary = summarize(record.samples_us) if usable(record.samples_us) else None
    roof = binding(roofs(record.shape, device, record.method)) if device else None
    against = _against(record, result, refuted)
    return Figure(record, summary, roof, against, about(record) in refuted)


def _against(record: BenchRecord, result: Result, refuted: frozenset[str]) -> Judgement | None:
    base = _find(result.bench, BASELINE, record.shape, record.method)
    if base is None or record.provider == BASELINE or not _judgeable(record, base):
        return None
    if refuted & {about(record), about(base)}:
        return None
    control = _control(result.bench, record.shape, record.method)
    noise = _pair_noise(result.bench, control) if control else None
    if noise is None:
        noise = run_noise(result.bench, record.method)
    return judge(ratio(base.samples_us, record.samples_us), noise)


def _judgeable(*records: BenchRecord) -> bool:
    return all(r.status is Status.OK and usable(r.samples_us) for r in records)


def _pair_noise(records: tuple[BenchRecord, ...], control: BenchRecord) -> float | None:
    first = _find(records, control.provider, control.shape, control.method)
    if first is None or not _judgeable(first, control):
        return None
    return noise_floor(ratio(first.samples_us, control.samples_us))


def _control(records: tuple[BenchRecord, ...], shape: Shape, method: Method) -> BenchRecord | None:
    return next((r for r in records if r.control and (r.shape, r.method) == (shape, method)), None)


def _find(
    records: tuple[BenchRecord, ...], provider: str, shape: Shape, method: Method
) -> BenchRecord | None:
    wanted = (provider, shape, method)
    return next(
        (r for r in records if not r.control and (r.provider, r.shape, r.method) == wanted), None
    )
