"""Times taken from CUDA graphs in a report: a table of their own, or the reason why there is none."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.report.render import Report, render
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.words import Method, Status
from tests.report import synthetic

WHY = "not timed by graph: RuntimeError: operation not permitted when stream is capturing"


def rows(status: Status) -> tuple[BenchRecord, ...]:
    case = synthetic.case()
    taken = [
        synthetic.bench("sdpa", case, synthetic.samples(360.0), method=Method.GRAPH),
        synthetic.bench("sparsek", case, synthetic.samples(280.0), method=Method.GRAPH),
        synthetic.bench("sdpa", case, synthetic.samples(360.2), control=True, method=Method.GRAPH),
    ]
    if status is Status.OK:
        return tuple(taken)
    return tuple(replace(row, status=status, reason=WHY, samples_us=()) for row in taken)


def report(*more: BenchRecord) -> Report:
    result = synthetic.gpu_result()
    return render(synthetic.run(replace(result, bench=(*result.bench, *more))))


def test_times_from_a_graph_have_a_table_a_noise_floor_and_words_for_how_they_were_taken() -> None:
    text = report(*rows(Status.OK)).markdown
    section = text.split("### graph\n")[1].split("## Scaling")[0]
    assert "the launches were recorded once in a CUDA graph that the GPU replays" in section
    assert "| sparsek | B=16 H=96 S=512 D=64 fp16 | 279.99 (" in section
    assert "FASTER" in section
    assert "- Noise floor, graph: up to " in text


def test_the_verdict_of_the_run_stays_that_of_the_first_method() -> None:
    with_graph, without = report(*rows(Status.OK)), report()
    assert with_graph.verdict == without.verdict
    assert "(back_to_back)" in with_graph.verdict


def test_where_nobody_could_be_recorded_there_is_no_empty_table_and_the_reason_stands() -> None:
    made = report(*rows(Status.SKIPPED))
    assert "### graph" not in made.markdown
    assert f"Timing skipped ({WHY})" in made.markdown
    assert made.ok, "that somebody cannot be recorded fails no run"
