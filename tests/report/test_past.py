"""What earlier runs say of a figure is about the same provider, machine and baseline."""

from __future__ import annotations

from orchestrator.report.past import Past, Seen, past_of
from orchestrator.report.render import render
from orchestrator.store.index.values import Figure
from orchestrator.values.kept.summary import Row
from tests.report import gone_wrong, synthetic


def figure(run: str, baseline: str, ratio: float | None, median_us: float) -> Figure:
    row = Row(
        provider="mine",
        case="N=4",
        method="cold",
        dtype="fp16",
        median_us=median_us,
        baseline=baseline,
        ratio=ratio,
    )
    return Figure(run, "", "bench", "h100", "op", "one", "", "", "", None, "", (), row)


def test_earlier_runs_by_another_baseline_or_none_are_told_by_their_times() -> None:
    ratios = [figure("a", "eager", 1.5, 3.0), figure("b", "", None, 2.0)]
    past = past_of([*ratios, figure("c", "sdpa", 1.2, 4.0)], "c")
    assert past == Past("", Seen("c", 4.0), Seen("b", 2.0), Seen("b", 2.0), 2)


def test_ratios_to_the_same_baseline_come_before_times() -> None:
    before = [figure("a", "sdpa", 1.5, 3.0), figure("b", "", None, 2.0)]
    past = past_of([*before, figure("c", "sdpa", 1.2, 4.0)], "c")
    assert past == Past("sdpa", Seen("c", 1.2), Seen("a", 1.5), Seen("a", 1.5), 1)


def test_a_page_whose_title_is_no_verdict_says_of_whom_the_past_is() -> None:
    past = Past("", Seen("now", 390.0), Seen("last", 380.0), Seen("last", 380.0), 1)
    run = synthetic.run(gone_wrong.above_roof_result())
    rows = render(run, earlier=lambda *_: past).view.answers.rows
    assert any(q.startswith("Against") and told.startswith("sdpa: now ") for q, told in rows)


def test_the_command_that_judges_can_be_pasted_whatever_a_run_is_called() -> None:
    past = Past("", Seen("now", 390.0), Seen("my run; rm x", 380.0), Seen("my run; rm x", 380.0), 1)
    run = synthetic.run(synthetic.gpu_result())
    rows = render(run, earlier=lambda *_: past).view.answers.rows
    assert any(
        told.endswith("; orchestrator compare 'my run; rm x' now judges") for _, told in rows
    )
