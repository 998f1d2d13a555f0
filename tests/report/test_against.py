"""Who is judged by what: back to back as long as the GPU set the pace, else by the graphs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.performance.verdict import Terms, Verdict
from orchestrator.report.against import judged_against
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.words import Method, Status
from tests.model.test_host_pace import CASE, timed
from tests.report import synthetic

NOBODY: frozenset[str] = frozenset()
TERMS = Terms()


def replayed(provider: str, gpu_us: float, **changes: object) -> BenchRecord:
    return synthetic.bench(
        provider, CASE, synthetic.samples(gpu_us), method=Method.GRAPH, **changes
    )


PAIRS = [
    pytest.param(timed("sdpa", 20.0, 31.0), timed("sparsek", 26.0, 7.0), id="theirs waits"),
    pytest.param(timed("sdpa", 20.0, 7.0), timed("sparsek", 26.0, 50.0), id="ours waits"),
    pytest.param(timed("sdpa", 20.0, 31.0), timed("sparsek", 26.0, 30.0), id="both wait"),
]


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_the_graphs_decide_where_either_of_the_two_waited(
    theirs: BenchRecord, ours: BenchRecord
) -> None:
    graphs = (
        replayed("sdpa", 20.0),
        replayed("sparsek", 26.0),
        replayed("sdpa", 20.02, control=True),
    )
    judged = judged_against(theirs, ours, (theirs, ours, *graphs), NOBODY, TERMS)
    assert judged is not None
    assert judged.by_graph
    assert judged.verdict is Verdict.SLOWER
    assert judged.speedup.median == pytest.approx(20 / 26, rel=3e-3)
    assert judged.noise is not None
    assert 0.001 <= judged.noise < 0.004


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
@pytest.mark.parametrize(
    "graphs",
    [
        pytest.param((), id="no graphs"),
        pytest.param((replayed("sdpa", 20.0),), id="no graph of ours"),
        pytest.param((replayed("sdpa", 20.0), replayed("sparsek", 26.0, status=Status.FAILED)), id="ours failed"),
        pytest.param((replayed("sdpa", 20.0, control=True), replayed("sparsek", 26.0)), id="only their control"),
    ],
)  # fmt: skip
def test_without_both_graphs_there_is_no_verdict_on_the_hosts_time(
    theirs: BenchRecord, ours: BenchRecord, graphs: tuple[BenchRecord, ...]
) -> None:
    control = replace(theirs, control=True)
    judged = judged_against(theirs, ours, (theirs, ours, control, *graphs), NOBODY, TERMS)
    assert judged is not None
    assert (judged.verdict, judged.by_graph) == (Verdict.INCONCLUSIVE, False)
    assert judged.advice.startswith("the GPU waited for the host")


def test_a_refuted_graph_decides_nothing() -> None:
    theirs, ours = timed("sdpa", 20.0, 31.0), timed("sparsek", 26.0, 7.0)
    control = replayed("sdpa", 20.02, control=True)
    graphs = (replayed("sdpa", 20.0), replayed("sparsek", 0.1), control)
    judged = judged_against(
        theirs,
        ours,
        (theirs, ours, *graphs),
        frozenset({"sparsek, B=16 H=8 S=512 D=64 fp16, graph"}),
        TERMS,
    )
    assert judged is not None
    assert (judged.verdict, judged.by_graph) == (Verdict.INCONCLUSIVE, False)


def test_where_the_gpu_sets_the_pace_graphs_change_nothing() -> None:
    theirs, ours = timed("sdpa", 60.0, 12.0), timed("sparsek", 50.0, 7.0)
    control = replace(theirs, control=True)
    graphs = (replayed("sdpa", 20.0), replayed("sparsek", 26.0))
    judged = judged_against(theirs, ours, (theirs, ours, control, *graphs), NOBODY, TERMS)
    assert judged is not None
    assert (judged.verdict, judged.by_graph) == (Verdict.FASTER, False)
