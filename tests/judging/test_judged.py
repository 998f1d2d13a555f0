"""From records to verdicts: who is judged, by what, and when nobody is."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from orchestrator.performance.family import Family
from orchestrator.performance.verdict import Terms, Verdict
from orchestrator.report.against import judged_against, rows_judged, terms_of
from orchestrator.report.figures import figures
from orchestrator.report.first.headline import headline
from orchestrator.report.sections.findings.results import results
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.words import Method
from tests.judging.races import TERMS, control, steady
from tests.report import races, synthetic


def verdict_on(
    mine: BenchRecord, *others: BenchRecord, terms: Terms = TERMS
) -> tuple[Verdict, str]:
    """others: the base first, then its control, if any."""
    judged = judged_against(others[0], mine, (*others, mine), frozenset(), terms)
    assert judged is not None
    return judged.verdict, judged.advice


@pytest.mark.parametrize(
    ("median_us", "verdict"),
    [(97.0, Verdict.FASTER), (103.0, Verdict.SLOWER), (100.2, Verdict.SAME)],
)
def test_three_percent_is_told_on_a_quiet_machine_and_a_fifth_of_one_is_the_same(
    median_us: float, verdict: Verdict
) -> None:
    assert verdict_on(steady("mine", median_us), steady("base"), control()) == (verdict, "")


def test_samples_of_one_process_start_decide_nothing_however_many() -> None:
    one = [steady("base", starts=1, rounds=400), control(starts=1, rounds=400)]
    verdict, advice = verdict_on(steady("mine", 50.0, starts=1, rounds=400), *one)
    assert verdict is Verdict.INCONCLUSIVE
    assert advice.startswith("all samples came from one process start")
    before = [replace(each, starts=()) for each in one]
    mine = replace(steady("mine", 50.0), starts=())
    judged = judged_against(before[0], mine, (*before, mine), frozenset(), TERMS)
    assert judged is not None
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.speedup.low is not None, "the samples' own interval is still told"


def test_where_the_same_code_differs_from_itself_nobody_is_judged_on_that_case() -> None:
    verdict, advice = verdict_on(steady("mine", 50.0), steady("base"), control(median_us=104.0))
    assert verdict is Verdict.INCONCLUSIVE
    assert advice.startswith("the same code differs from itself by 3.")
    elsewhere = replace(control(median_us=104.0), method=Method.COLD)
    also = replace(steady("base"), method=Method.COLD)
    assert verdict_on(steady("mine", 50.0), steady("base"), control(), also, elsewhere)[1] == ""


def test_without_a_control_of_its_own_a_case_is_not_judged() -> None:
    other = replace(control(), case=synthetic.case(16))
    for others in ((), (other, replace(other, control=False))):
        verdict, advice = verdict_on(steady("mine", 50.0), steady("base"), *others)
        assert verdict is Verdict.INCONCLUSIVE
        assert "no A/A control of this case" in advice


def stepped(name: str, late: float, **changes: object) -> BenchRecord:
    """Its last four starts take `late` times as long."""
    one = steady(name, **changes)  # type: ignore[arg-type]
    us = one.samples_us
    return replace(one, samples_us=(*us[:20], *(late * each for each in us[20:])))


def test_a_step_that_hit_all_leaves_the_verdict_and_one_that_hit_one_takes_it() -> None:
    everybody = [stepped("base", 1.2), stepped("base", 1.2, control=True)]
    assert verdict_on(stepped("mine", 1.2, median_us=90.0), *everybody)[0] is Verdict.FASTER
    verdict, advice = verdict_on(stepped("mine", 1.2, median_us=50.0), steady("base"), control())
    assert verdict is Verdict.INCONCLUSIVE
    assert advice.startswith("the speed-up itself stepped from 2× to 1.67× with start 5 of 8")


@pytest.mark.parametrize(
    ("threads", "others", "verdict"),
    [
        (4, 0.1, Verdict.SAME),
        (4, 3.9, Verdict.SAME),
        (4, 5.0, Verdict.INCONCLUSIVE),
        (8, 1.0, Verdict.INCONCLUSIVE),
        (1, 8.0, Verdict.SAME),
    ],
)
def test_where_threads_shared_a_cpu_with_others_nothing_is_called_the_same(
    threads: int, others: float, verdict: Verdict
) -> None:
    """Eight CPUs; who waits for slices of the scheduler takes as long as anybody."""
    watched = races.on_cpu(others_load=races.level(others))
    records = tuple(
        replace(one, case=watched.case)
        for one in (steady("base"), control(), steady("mine", 100.2), steady("slow", 150.0))
    )
    cpu = synthetic.cpu_result()
    assert cpu.machine is not None
    machine = replace(cpu.machine, torch_threads=threads)
    result = replace(cpu, machine=machine, bench=records, watched=(watched,))
    terms = terms_of(result)
    found = judged_against(records[0], records[2], records, frozenset(), terms)
    assert found is not None
    assert found.verdict is verdict
    assert ("slices of the scheduler" in found.advice) is (verdict is Verdict.INCONCLUSIVE)
    slow = judged_against(records[0], records[3], records, frozenset(), terms)
    assert slow is not None
    assert slow.verdict is Verdict.SLOWER, "what can be told apart all the same is"


def test_on_a_gpu_threads_of_the_host_are_no_matter() -> None:
    gpu = synthetic.gpu_result()
    assert gpu.machine is not None
    busy = replace(races.on_gpu(), others_load=races.level(52.0))
    machine = replace(gpu.machine, torch_threads=52)
    assert terms_of(replace(gpu, machine=machine, watched=(busy,))).crowded == frozenset()


def test_the_family_is_all_that_is_compared_times_the_looks() -> None:
    result = synthetic.gpu_result()
    assert rows_judged(result.bench) == 12
    # By the first method everybody with everybody: the best other is not known before.
    third = [replace(r, provider="fa3") for r in result.bench if r.provider == "sparsek"]
    assert rows_judged((*result.bench, *third)) == 6 * 3 + 6 * 2
    plan = BenchPlan(starts=(8, 16), precision=0.02)
    asked = replace(result, request=replace(result.request, bench=plan))
    terms = terms_of(asked)
    assert terms == Terms(Family(12, 2), 0.02, 16, 10.0)


def test_samples_taken_under_a_throttle_move_no_verdict() -> None:
    slow = steady("mine")
    spoilt = tuple(us * (3 if n % 5 in (0, 1, 2) else 1) for n, us in enumerate(slow.samples_us))
    held = tuple(n for n in range(40) if n % 5 in (0, 1, 2))
    base = [steady("base"), control()]
    assert verdict_on(replace(slow, samples_us=spoilt), *base)[0] is Verdict.SLOWER
    assert verdict_on(replace(slow, samples_us=spoilt, held_back=held), *base)[0] is Verdict.SAME


def test_a_report_of_90_rows_and_64_starts_is_judged_in_well_under_a_second() -> None:
    cases = [synthetic.case(heads) for heads in range(1, 31)]
    records = []
    for case in cases:
        for name, own in (
            ("sdpa", False),
            ("sdpa", True),
            ("sparsek", False),
            ("a", False),
            ("b", False),
        ):
            one = steady(name, starts=64, control=own)
            records.append(replace(one, case=case))
    result = replace(synthetic.gpu_result(), bench=tuple(records))
    names = ("sdpa", "sparsek", "a", "b")
    checks = tuple(synthetic.check(name, case) for case in cases for name in names)
    result = replace(result, checks=checks)
    figures(synthetic.gpu_result())  # what is imported once
    began = time.process_time()
    found = figures(synthetic.described(result))
    took_s = time.process_time() - began
    assert sum(row.against is not None for row in found.rows) == 90
    assert took_s < 3, "seconds of a machine that others share; about 0.4 on a quiet one"


def test_the_table_tells_both_levels_of_a_time_that_stepped_and_no_median() -> None:
    result = synthetic.gpu_result()
    bench = tuple(
        replace(r, samples_us=(*r.samples_us[:20], *(1.2 * us for us in r.samples_us[20:])))
        if (r.case.size("H"), r.method) == (96, Method.BACK_TO_BACK)
        else r
        for r in result.bench
    )
    found = figures(replace(result, bench=bench))
    (row,) = [
        cells
        for cells in results(found)[0].methods[0].table.rows
        if cells[:2] == ("sparsek", "B=16 H=96 S=512 D=64 fp16")
    ]
    assert row[2] == "283, then 340 from start 5 of 8 on"
    assert row[-1] == "FASTER"
    line = headline(synthetic.run(found.result), found)
    assert "2.95, then 3.54 from start 5 of 8 on µs/head" in line
    assert "; 8 starts, noise 0.22 %, 1 of 6 timings stepped" in line
