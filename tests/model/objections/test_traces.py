"""What CUPTI saw, held against what was timed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.performance.objection import Severity
from orchestrator.performance.objections.every import objections
from remote_payload.contract.records import KernelTrace, TraceRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status
from tests.model.objections.objecting import CASE, doubt, error, result_of
from tests.report import synthetic, traces

THEIRS = synthetic.bench("sdpa", CASE, synthetic.samples(374.0))
OURS = synthetic.bench("sparsek", CASE, synthetic.samples(283.0))
FLASH, MINE = traces.trace("sdpa", traces.FLASH), traces.trace("sparsek", traces.OURS)


def seen(*records: TraceRecord) -> Result:
    return replace(result_of(THEIRS, OURS), traces=records)


def lasting(record: TraceRecord, each_us: float) -> TraceRecord:
    return replace(record, kernels=tuple(replace(k, duration_us=each_us) for k in record.kernels))


def test_honest_traces_meet_no_objection() -> None:
    assert objections(seen(FLASH, MINE)) == ()


def test_our_time_with_anothers_kernel_is_an_error() -> None:
    text = error(seen(FLASH, replace(FLASH, provider="sparsek")))
    assert text.startswith("no kernel of csrc/ ran in its traced calls, but void flash_fwd_kernel")


def test_our_kernel_among_others_is_ours() -> None:
    helped = replace(MINE, kernels=(KernelTrace("void at::native::fill", 3.0), *MINE.kernels))
    assert objections(seen(FLASH, helped)) == ()


def test_no_kernel_at_all_is_doubted_where_those_of_others_were_seen() -> None:
    none = TraceRecord("sparsek", CASE, Status.FAILED, "torch.profiler saw no kernel", calls=5)
    assert "no kernel ran on the GPU, while those of others were seen" in doubt(seen(FLASH, none))
    assert "no kernel ran" in error(seen(FLASH, replace(none, status=Status.OK)))
    # A profiler that sees nobody's kernels says nothing of anybody.
    blind = replace(none, provider="sdpa")
    assert objections(seen(blind, none)) == ()


@pytest.mark.parametrize(
    ("each_us", "gravity"),
    [(28300.0, Severity.ERROR), (1500.0, Severity.DOUBT), (500.0, None), (140.0, None)],
)
def test_kernels_that_take_a_hundred_times_the_call_are_an_error(
    each_us: float, gravity: Severity | None
) -> None:
    found = objections(seen(FLASH, lasting(MINE, each_us)))
    assert [one.severity for one in found] == ([gravity] if gravity else [])


def test_kernels_that_take_a_hundredth_of_a_long_call_are_doubted() -> None:
    slow = replace(OURS, samples_us=synthetic.samples(28300.0))
    result = replace(result_of(THEIRS, slow), traces=(FLASH, MINE))
    assert "its kernels took 281 µs a call in the trace, timed 2.83e+04 µs" in doubt(result)


def test_gaps_between_short_kernels_are_no_lie() -> None:
    gaps = replace(OURS, samples_us=synthetic.samples(300.0))
    short = traces.trace("sparsek", *(replace(traces.OURS, duration_us=3.0) for _ in range(4)))
    assert objections(replace(result_of(THEIRS, gaps), traces=(FLASH, short))) == ()


def test_where_the_gpu_waited_for_the_host_the_graph_is_what_a_trace_is_held_against() -> None:
    waited = replace(
        OURS, samples_us=synthetic.samples(2000.0), host_us=(1990.0,) * synthetic.SAMPLES
    )
    graph = replace(OURS, method=Method.GRAPH)
    found = objections(replace(result_of(waited, graph), traces=(MINE,)))
    assert [one.severity for one in found] == [Severity.NOTE]
