"""What CUPTI saw of a provider's kernels, held against what was timed."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from orchestrator.performance.host_pace import bound_by_host
from orchestrator.performance.objection import Objection, Severity, about, from_library, timed
from remote_payload.contract.case import Case
from remote_payload.contract.records import BenchRecord, TraceRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status

# What stands in the name of every kernel of csrc/.
OUR_NAMESPACE = "sparsek"
# A trace says what kernels took, one after the other, the GPU barely warm. Streams that overlap and
# a cold clock make that up to three times the time of a call, never twenty times.
MORE_DOUBTED, MORE_REFUSED = 3.0, 20.0
# And a call takes longer than its kernels by the gaps between them, most where the host was slow.
LESS_DOUBTED = 3.0
GAP_US, CALL_US = 20.0, 200.0
# A profiled kernel takes this longer, by the start and the end that are noted.
_NOTED_US = 2.0

Rows = dict[tuple[str, Case], BenchRecord]


def other_kernels(result: Result) -> Iterator[Objection]:
    """Traces in which our kernel is not, or no kernel at all."""
    ran = {trace.case for trace in result.traces if trace.kernels}
    rows = _rows(result)
    ours = from_library(result)
    for trace in result.traces:
        name = f"{trace.provider}, {trace.case.label}, trace"
        if not trace.kernels and trace.calls and _was_timed(trace, rows, result):
            others = trace.case in ran
            text = f"in {trace.calls} traced calls no kernel ran on the GPU"
            text += ", while those of others were seen" if others else ""
            gravity = Severity.ERROR if trace.status is Status.OK else Severity.DOUBT
            if others or trace.status is Status.OK:
                yield Objection(gravity, name, text)
        elif trace.kernels and trace.provider in ours and not _is_ours(trace):
            text = f"no kernel of csrc/ ran in its traced calls, but {trace.kernels[0].name:.60}"
            yield from _of_rows(result, trace, Objection(Severity.ERROR, name, text))


def other_times(result: Result) -> Iterator[Objection]:
    """Kernels that took much more than the call they are part of, or next to nothing of it."""
    rows = _rows(result)
    for trace in result.traces:
        record = rows.get((trace.provider, trace.case))
        if trace.status is not Status.OK or not trace.kernels or not trace.calls or record is None:
            continue
        kernels_us = sum(kernel.duration_us for kernel in trace.kernels) / trace.calls
        number = len(trace.kernels) / trace.calls
        timed_us = statistics.median(record.samples_us)
        told = f"its kernels took {kernels_us:.4g} µs a call in the trace, timed {timed_us:.4g} µs"
        more = (kernels_us - _NOTED_US * number) / timed_us
        if more > MORE_DOUBTED:
            gravity = Severity.ERROR if more > MORE_REFUSED else Severity.DOUBT
            yield Objection(gravity, about(record), told)
        elif timed_us > LESS_DOUBTED * (kernels_us + GAP_US * number + CALL_US):
            yield Objection(Severity.DOUBT, about(record), told)


def _is_ours(trace: TraceRecord) -> bool:
    return any(OUR_NAMESPACE in kernel.name for kernel in trace.kernels)


def _was_timed(trace: TraceRecord, rows: Rows, result: Result) -> bool:
    """Whether it was, and has something to compute or to write."""
    work = result.facts(trace.case).work
    timed_too = (trace.provider, trace.case) in rows
    return timed_too and work is not None and bool(work.written_bytes)


def _rows(result: Result) -> Rows:
    """The timing of each one's calls: warm, by graph where the GPU waited for the host."""
    found: Rows = {}
    for method in (Method.GRAPH, Method.BACK_TO_BACK):
        for record in timed(result):
            if record.method is method and not record.control and not bound_by_host(record):
                found[record.provider, record.case] = record
    return found


def _of_rows(result: Result, trace: TraceRecord, objection: Objection) -> Iterator[Objection]:
    mine = (trace.provider, trace.case)
    rows = [about(record) for record in timed(result) if (record.provider, record.case) == mine]
    for name in dict.fromkeys(rows) or (objection.about,):
        yield Objection(objection.severity, name, objection.text)
