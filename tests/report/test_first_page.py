"""The first page of a report: a title that is the verdict, and the questions that a reader has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.performance.bottleneck.evidence import CallEvidence, Evidence
from orchestrator.report.insight import NO_INSIGHT, Insight
from orchestrator.report.past import Past, Seen
from orchestrator.report.render import Report, render
from orchestrator.report.view.report import ReportView
from orchestrator.report.view.sections import NO_COUNTERS
from orchestrator.report.view.tables import Table
from remote_payload.contract.plans import CeilingsPlan
from remote_payload.contract.records import ProofRecord
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Method, Stage, Status
from tests.ceilings.test_report import a_result as with_ceilings
from tests.report import gone_wrong, races, synthetic
from tests.report.reading import summaries
from tests.report.synthetic_rmsnorm import rmsnorm_result

NOW, LAST, BEST = "20261122-101530-now", "20261121-101530-last", "20261120-101530-best"
QUESTIONS = (
    "Fast enough?",
    "Correct?",
    "What holds it back?",
    "Can I trust it?",
    "Against earlier runs?",
    "What ran?",
)


def report(result: Result | None, insight: Insight = NO_INSIGHT) -> Report:
    return render(synthetic.run(result), insight=insight)


def answered(view: ReportView) -> dict[str, str]:
    """The first table, by question; no line breaks within one."""
    return {
        question.replace("\N{NO-BREAK SPACE}", " "): told for question, told in view.answers.rows
    }


def answers(result: Result | None, insight: Insight = NO_INSIGHT) -> dict[str, str]:
    return answered(report(result, insight).view)


def with_earlier(past: Past | None, result: Result | None = None) -> str:
    run = synthetic.run(result or synthetic.gpu_result())
    return answered(render(run, earlier=lambda *_: past).view)["Against earlier runs?"]


def only(stage: Stage, **changes: object) -> Result:
    """A run that was made for one stage alone, and told of nothing else."""
    base = synthetic.gpu_result()
    alone = replace(
        base,
        request=replace(base.request, stages=(stage,)),
        stages=(StageReport(stage, Status.OK),),
        build=None,
        checks=(),
        bench=(),
    )
    return replace(alone, **changes)  # type: ignore[arg-type]


def test_the_title_names_the_verdict_whom_it_is_against_and_the_gpu() -> None:
    view = report(synthetic.gpu_result()).view
    assert view.title == "sparsek is FASTER than sdpa on H100 SXM: 1.320×"
    assert view.lead == (
        "1.316–1.325× with 99 %; 2.9522 (2.9494–2.9550) µs/head on B=16 H=96 S=512 D=64 fp16; "
        "FASTER on 6 of 6 cases."
    )


@pytest.mark.parametrize(
    ("result", "title"),
    [
        (gone_wrong.failed_check_result, "FAILED on H100 SXM: sparsek on B=16 H=96 "),
        (gone_wrong.failed_build_result, "FAILED on H100 SXM: csrc/ does not compile"),
        (gone_wrong.above_roof_result, "MEASUREMENT ERROR on H100 SXM: sparsek, B=16 H=96 "),
        (gone_wrong.interrupted_result, "CANCELLED on H100 SXM: cancelled on request. "),
        (synthetic.cpu_result, "OK on SYNTHETIC CPU: sdpa takes 120.0 "),
        (lambda: None, "NO RESULT: no result came back"),
    ],
)
def test_what_is_no_verdict_begins_with_a_word_and_the_machine(result: object, title: str) -> None:
    assert callable(result)
    told = report(result())
    assert told.view.title.startswith(title)
    words = told.verdict.replace("MEASUREMENT ERROR", "").split()
    whole = f"{told.view.title} {told.view.lead}"
    assert [word for word in words if word.strip(":;.…") not in whole] == []


def test_all_six_questions_are_answered_in_their_order_where_all_is_well() -> None:
    result = replace(synthetic.gpu_result(), watched=(races.on_gpu(),))
    told = answers(result)
    assert tuple(told) == QUESTIONS
    assert told["Fast enough?"] == (
        "PASS: Tier 1 ≤ 3.820, Tier 2 < 3.000 µs/head; "
        "FAIL: Tier 3 < 2.000 (1.48× to go), Goal ≤ 1.750 (1.69× to go)"
    )
    assert told["Correct?"] == (
        "12 of 12 checks within tolerance, largest error 0.00049; 1 skipped (sdpa-cudnn)"
    )
    assert told["What holds it back?"].endswith(
        "; not decided without counters, 42 % of the HBM roof"
    )
    assert told["Can I trust it?"] == (
        "8 starts, noise 0.22 %; 1755 MHz, not throttled, alone; no doubt"
    )
    assert told["What ran?"] == (
        "attention, 20261122-101530-synthetic-profile, snapshot 5e1f, torch 2.11.0+cu130, "
        "driver 580.65.06, 2 min 32 s"
    )


def test_of_a_failed_check_what_is_wrong_comes_first() -> None:
    told = answers(gone_wrong.failed_check_result())
    assert tuple(told) == ("Fast enough?", "Correct?", "What ran?")
    assert told["Fast enough?"] == "nothing was timed"
    assert told["Correct?"].startswith("NO: sparsek on B=16 H=96 S=512 D=64 fp16: 37 of 50331648 ")
    assert told["Correct?"].endswith("; 1 of 2 checks within tolerance, largest error 0.00049")


def test_a_refuted_time_is_an_error_no_target_is_judged_by_and_nobody_has_to_trust() -> None:
    told = answers(gone_wrong.above_roof_result())
    assert told["Fast enough?"] == "not judged: no trustworthy timing"
    assert told["What holds it back?"].startswith("sdpa: "), "not the one that the title names"
    assert told["Can I trust it?"].endswith("; 1 error of measurement")
    assert "no doubt" not in told["Can I trust it?"]


def test_an_error_is_not_told_again_below_the_lead_but_several_are_listed() -> None:
    one = gone_wrong.above_roof_result()
    assert report(one).view.objections == ()
    cold = [replace(r, method=Method.COLD) for r in one.bench if r.provider == "sparsek"]
    more = report(replace(one, bench=(*one.bench, *cold))).view
    assert "(and 1 more error)" in f"{more.title} {more.lead}"
    assert len(more.objections) == 2


def test_partial_timings_are_not_said_to_be_beyond_doubt_or_compared_with_earlier_ones() -> None:
    told = answers(gone_wrong.interrupted_result())
    assert told["Can I trust it?"].startswith("no timing is whole; ")
    assert "no doubt" not in told["Can I trust it?"]
    assert "Against earlier runs?" not in told
    assert told["Fast enough?"] == "not judged: no trustworthy timing"


def test_without_targets_the_page_says_how_to_have_some() -> None:
    told = answers(rmsnorm_result())
    assert told["Fast enough?"] == "no target is set (orchestrator targets --help says how)"
    assert told["What holds it back?"].startswith("near a roof of the machine")


def test_targets_of_another_gpu_are_not_judged_and_both_are_named() -> None:
    machine = synthetic.gpu_machine(gpu="NVIDIA B200", compute_capability="10.0", sm_count=148)
    told = answers(replace(synthetic.gpu_result(), machine=machine))
    assert told["Fast enough?"].startswith("not judged: the targets are for H100 SXM, this is ")
    assert "B200" in told["Fast enough?"]


def test_counters_decide_what_holds_it_back() -> None:
    shares = {"exp_pipe": 88, "tensor_pipe": 31, "dram": 22}
    items = tuple(Evidence(key, key, value, "%", f"metric_{key}") for key, value in shares.items())
    insight = Insight((CallEvidence("sparsek", synthetic.case(), items),))
    told = answers(synthetic.gpu_result(), insight)["What holds it back?"]
    assert told.startswith("limited by exponentials (XU pipe): exp_pipe 88 % (metric_exp_pipe)")
    assert "not decided" not in told


def test_a_time_that_stepped_is_told_by_both_levels_and_in_how_far_to_trust_it() -> None:
    result = synthetic.gpu_result()
    bench = tuple(
        replace(r, samples_us=(*r.samples_us[:20], *(1.2 * us for us in r.samples_us[20:])))
        if (r.case.size("H"), r.method) == (96, Method.BACK_TO_BACK)
        else r
        for r in result.bench
    )
    stepped = replace(result, bench=bench)
    assert "; 2.95, then 3.54 from start 5 of 8 on µs/head on " in report(stepped).view.lead
    assert "1 of 6 timings stepped" in answers(stepped)["Can I trust it?"]


def test_a_doubt_is_told_with_what_it_is_about() -> None:
    machine = synthetic.gpu_machine(after=synthetic.state(other_processes=1))
    told = answers(replace(synthetic.gpu_result(), machine=machine))["Can I trust it?"]
    assert "1 doubt: the whole run: up to 1 other processes used the GPU" in told
    assert "no doubt" not in told


def test_a_cpu_has_no_clocks_of_a_gpu_and_no_rule_of_what_holds_it_back() -> None:
    told = answers(synthetic.cpu_result())
    assert "What holds it back?" not in told
    assert told["Can I trust it?"] == "8 starts, noise 1.1 %; no doubt"
    assert told["Correct?"].endswith("; 2 skipped (sparsek)")


def test_earlier_runs_are_told_by_the_last_and_the_best_and_judged_by_compare() -> None:
    past = Past("sdpa", Seen(NOW, 1.32), Seen(LAST, 1.30), Seen(BEST, 1.40), 7)
    told = with_earlier(past)
    assert told == (
        f"now 1.32×; last 1.30×, +1.5 % since, as separate runs may ({LAST}); best of 7 1.40×, "
        f"-5.7 % since ({BEST}); orchestrator compare {LAST} {NOW} judges"
    )
    only_one = Past("sdpa", Seen(NOW, 1.32), Seen(LAST, 1.10), Seen(LAST, 1.10), 1)
    assert f"last 1.10×, +20.0 % since ({LAST}), the only one; " in with_earlier(only_one)
    again = replace(only_one, runs=3)
    assert ", the best so far; " in with_earlier(again)
    assert with_earlier(None) == "no earlier run that is kept here timed the same on such a machine"


def test_where_there_is_no_baseline_earlier_runs_are_told_by_their_times() -> None:
    past = Past("", Seen(NOW, 288.0), Seen(LAST, 576.0), Seen(LAST, 576.0), 1)
    told = with_earlier(past)
    assert told.startswith(f"now 3.00 µs/head; last 6.00, +100.0 % since ({LAST})")


def test_of_a_run_without_a_result_only_what_ran_is_known() -> None:
    assert tuple(answers(None)) == ("What ran?",)
    assert report(None).view.cases is None
    assert report(None).view.chart is None


PROOF = ProofRecord("conformance", Status.OK, "39 answers agree", 14.25, ())


@pytest.mark.parametrize(
    ("result", "opens", "questions"),
    [
        (only(Stage.BUILD, build=synthetic.built()), "Build: ", ("What ran?",)),
        (
            only(Stage.CHECK, checks=synthetic.gpu_result().checks),
            "Correctness: 12 ok, 1 skipped",
            ("Correct?", "What ran?"),
        ),
        (only(Stage.PROVE, proofs=(PROOF,)), "Proofs: Of 1 proof: 1 given.", ("What ran?",)),
        (
            with_ceilings(alone=True, plan=CeilingsPlan(required=True)),
            "Ceilings: Copy in device memory ",
            ("What ran?",),
        ),
    ],
    ids=["build", "check", "prove", "ceilings"],
)
def test_what_the_run_was_made_for_stands_open_and_no_speed_is_asked_for(
    result: Result, opens: str, questions: tuple[str, ...]
) -> None:
    told = report(result)
    assert tuple(answered(told.view)) == questions
    assert [one.summary for one in told.view.answering if one.summary.startswith(opens)]
    assert len(told.view.answering) == 1
    assert summaries(told.markdown)[0].startswith(opens)
    assert told.view.cases is None


def test_a_run_for_counters_alone_opens_them() -> None:
    result = only(Stage.NCU)
    result = replace(
        result,
        request=replace(
            result.request,
            stages=(Stage.CHECK, Stage.NCU),
            ncu=replace(result.request.ncu, required=True),
        ),
        checks=(synthetic.check("sparsek", synthetic.case()),),
    )
    counters = replace(
        NO_COUNTERS,
        complete=True,
        headline="Counters of 1 profiled call.",
        table=Table(("Provider", "DRAM"), (("sparsek", "40 %"),)),
    )
    view = render(synthetic.run(result), counters).view
    assert "Hardware counters: Counters of 1 profiled call." in [
        one.summary for one in view.answering
    ]
    assert "Fast enough?" not in answered(view)
