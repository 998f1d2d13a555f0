"""The first line of a report, where a run failed though much of it was measured."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from orchestrator.report.figures import figures
from orchestrator.report.first.headline import headline, is_ok, undecided
from orchestrator.report.render import render
from remote_payload.contract.plans import ProvePlan
from remote_payload.contract.records import ProofRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Stage, Status
from tests.report import races
from tests.report.gone_wrong import failed_build_result
from tests.report.synthetic import (
    case,
    check,
    cpu_result,
    gpu_machine,
    gpu_result,
    run,
)
from tests.targets.starting import started


def first_line(result: Result) -> str:
    return headline(run(result), figures(result))


def with_ours_wrong(bench: Status) -> Result:
    """Ours is wrong at 96 heads and so not timed there; all others are."""
    result = gpu_result()
    wrong = ("sparsek", case(96))
    checks = tuple(
        replace(c, status=Status.FAILED, reason="1 of 50331648 elements are outside the tolerance")
        if (c.provider, c.case) == wrong
        else c
        for c in result.checks
    )
    kept = tuple(r for r in result.bench if (r.provider, r.case) != wrong)
    stages = (StageReport(Stage.CHECK, Status.FAILED, "wrong"), StageReport(Stage.BENCH, bench))
    return replace(
        result,
        status=Status.FAILED,
        reason="check: wrong",
        checks=checks,
        bench=kept,
        stages=stages,
    )


def test_a_wrong_kernel_comes_first_and_what_passed_is_said_to_be_timed() -> None:
    result = with_ours_wrong(Status.OK)
    line = first_line(result)
    assert line.startswith("FAILED: sparsek on B=16 H=96 S=512 D=64 fp16: 1 of 50331648 elements")
    assert line.endswith(" What passed its check was timed.")
    assert not is_ok(run(result), figures(result))
    judged = {row.record.case.size("H") for row in figures(result).rows if row.against}
    assert 8 in judged


def test_a_race_that_was_cut_short_is_not_said_to_have_timed_all() -> None:
    assert "was timed" not in first_line(with_ours_wrong(Status.TIMEOUT))


@pytest.mark.parametrize("the_check", [Status.OK, Status.FAILED])
def test_a_failed_proof_is_named_and_not_a_rival_that_could_not_run(the_check: Status) -> None:
    """Left out, or asked for and missing: what the host lacks gives way to what is wrong."""
    result = gpu_result()
    crashed = check("fa3", case(), status=Status.FAILED, reason="not present: pip install x")
    stages = (
        StageReport(Stage.CHECK, the_check, "fa3: not present"),
        StageReport(Stage.BENCH, Status.OK),
    )
    line = first_line(
        replace(
            result,
            status=Status.FAILED,
            reason="prove: memcheck: 1 error",
            checks=(*result.checks, crashed),
            stages=(*stages, StageReport(Stage.PROVE, Status.FAILED, "memcheck: 1 error")),
        )
    )
    assert line == "FAILED: prove: memcheck: 1 error."


def test_the_check_that_the_run_failed_on_comes_before_one_that_was_only_left_out() -> None:
    result = with_ours_wrong(Status.OK)
    crashed = check("fa3", case(), status=Status.FAILED, reason="crashed: SIGSEGV")
    reason = "check: sparsek on B=16 H=96 S=512 D=64 fp16: 1 of 50331648 elements"
    line = first_line(replace(result, checks=(crashed, *result.checks), reason=reason))
    assert line.startswith("FAILED: sparsek on ")


def test_what_is_for_people_to_judge_is_told_beside_what_was_proven() -> None:
    proofs = (
        ProofRecord("memcheck", Status.OK),
        ProofRecord("racecheck", Status.FAILED, "1 hazard", for_people=True),
    )
    result = replace(gpu_result(), checks=(), bench=(), proofs=proofs)
    assert first_line(result) == "OK: 1 proof given, 1 for people to judge; nothing was timed."


@pytest.mark.parametrize(
    ("statuses", "line"),
    [
        ((Status.OK, Status.SKIPPED), "OK: 1 proof given, 1 skipped; nothing was timed."),
        ((Status.OK, Status.OK), "OK: 2 proofs given; nothing was timed."),
        ((Status.SKIPPED, Status.SKIPPED), "NOTHING PROVEN: p0: no GPU in this run."),
    ],
)
def test_run_of_proofs_alone_is_green_only_where_something_was_proven(
    statuses: tuple[Status, ...], line: str
) -> None:
    proofs = tuple(ProofRecord(f"p{n}", s, "no GPU in this run") for n, s in enumerate(statuses))
    result = replace(gpu_result(), checks=(), bench=(), proofs=proofs)
    assert first_line(result) == line


def with_mine(result: Result, *names: str, factor: float = 1.3) -> Result:
    """Providers of the user's own beside all others, `factor` times as slow as ours."""
    own = tuple(Provider(name, "providers/mine.py:attention", required=True) for name in names)
    request = replace(result.request, providers=(*result.request.providers, *own))
    ours = [record for record in result.bench if record.provider == "sparsek"]
    rows = tuple(
        replace(r, provider=name, samples_us=tuple((factor + n / 1e6) * us for us in r.samples_us))
        for n, name in enumerate(names)
        for r in ours
    )
    passed = tuple(
        replace(c, provider=name, output_digest=name)
        for name in names
        for c in result.checks
        if c.provider == "sparsek"
    )
    return replace(
        result, request=request, checks=(*result.checks, *passed), bench=(*result.bench, *rows)
    )


def test_the_first_line_speaks_of_the_users_own_provider_before_ours() -> None:
    line = first_line(with_mine(gpu_result(), "mine"))
    assert line.startswith("mine is ")
    assert line.index("mine is ") < line.index("sparsek is FASTER than sdpa on B=16 H=96")


def test_without_ours_the_first_line_is_the_users_own_and_nobody_is_missed() -> None:
    result = with_mine(gpu_result(), "mine", factor=2.0)
    alone = replace(
        result,
        bench=tuple(r for r in result.bench if r.provider != "sparsek"),
        checks=tuple(c for c in result.checks if c.provider != "sparsek"),
    )
    line = first_line(alone)
    assert line.startswith("mine is SLOWER than sdpa on B=16 H=96 S=512 D=64 fp16: 0.")
    assert "SLOWER on 6 of 6 cases" in line
    assert "sparsek" not in line


def test_several_of_the_users_own_are_all_told_up_to_a_point() -> None:
    line = first_line(with_mine(gpu_result(), "one", "two", "three", "four", factor=2.0))
    assert [line.count(f"{name} is SLOWER") for name in ("one", "two", "three")] == [1, 1, 1]
    assert "; 2 more of yours in the table" in line


def test_one_of_the_users_own_without_a_timing_is_named_as_such() -> None:
    result = with_mine(gpu_result(), "mine")
    bench = tuple(r for r in result.bench if r.provider != "mine")
    assert first_line(replace(result, bench=bench)).startswith("mine was not timed; sparsek is ")


def test_a_check_alone_names_the_users_own_too() -> None:
    result = with_mine(gpu_result(), "mine")
    checked = replace(result.request, stages=(Stage.BUILD, Stage.CHECK))
    line = first_line(replace(result, request=checked, bench=()))
    assert line.startswith("OK: mine passed 6 of 6 checks; 18 checks passed")


def test_who_was_asked_for_by_name_is_spoken_of_where_ours_is_not_there() -> None:
    result = gpu_result()
    bench = tuple(
        replace(r, provider="fa3") if r.provider == "sparsek" else r for r in result.bench
    )
    checks = tuple(
        replace(c, provider="fa3") if c.provider == "sparsek" else c for c in result.checks
    )
    request = replace(
        result.request, providers=(Provider("sdpa", required=True), Provider("fa3", required=True))
    )
    line = first_line(replace(result, request=request, bench=bench, checks=checks))
    assert line.startswith("fa3 is FASTER than sdpa on B=16 H=96")


def test_the_section_beside_the_best_speaks_of_the_users_own_too() -> None:
    text = render(run(with_mine(gpu_result(), "mine", factor=2.0))).markdown
    assert "mine against the best other: SLOWER at 6 of 6 cases." in text
    assert "neither sparsek nor your own" in text


@pytest.mark.parametrize("changes", [{"gpu": "NVIDIA H200"}, {"sm_count": 120}])
def test_on_another_gpu_the_targets_are_not_judged_in_line_report_or_json(
    changes: dict[str, object],
) -> None:
    there = replace(gpu_result(), machine=gpu_machine(**changes))
    report = render(run(there))
    assert "; targets not judged: the targets are for H100 SXM, this is " in report.verdict
    assert "| Tier 1" not in report.markdown
    assert "Not judged: the targets are for H100 SXM, this is " in report.markdown
    (told,) = report.targets
    assert (told["judged"], told["tiers"]) == (False, [])
    assert str(told["reason"]).startswith("the targets are for H100 SXM, this is ")


def test_on_their_own_gpu_the_targets_are_judged_in_report_and_json_alike() -> None:
    report = render(run(started(gpu_result())))
    assert "targets not judged" not in report.verdict
    (told,) = report.targets
    assert told["judged"] is True
    tiers = told["tiers"]
    assert isinstance(tiers, list)
    judged = {(row["provider"], row["method"], row["tier"]): row["outcome"] for row in tiers}
    assert judged["sparsek", "back_to_back", "Tier 2: exceed it"] == "PASS"


def ended_well(result: Result, *stages: Stage) -> Result:
    return replace(result, stages=tuple(StageReport(stage, Status.OK) for stage in stages))


def test_a_bench_in_which_nothing_could_be_timed_is_not_green() -> None:
    emulated = check("sparsek", case(), emulated=True)
    bare = replace(cpu_result(), checks=(emulated,), bench=())
    result = ended_well(bare, Stage.CHECK, Stage.BENCH)
    assert first_line(result) == (
        "NOTHING TIMED: 1 check passed, but only in the emulator, which has no speed."
    )
    assert "in the emulator" in undecided(run(result), figures(result))
    whole = ended_well(gpu_result(), Stage.CHECK, Stage.BENCH)
    assert undecided(run(whole), figures(whole)) == ""


@pytest.mark.parametrize(
    ("proofs", "asked", "why"),
    [
        ((("memcheck", Status.SKIPPED),), (), "nothing was proven: memcheck: no GPU"),
        ((("memcheck", Status.OK), ("racecheck", Status.SKIPPED)), (), ""),
        (
            (("memcheck", Status.OK), ("racecheck", Status.SKIPPED)),
            ("memcheck", "racecheck"),
            "racecheck was not proven: no GPU",
        ),
        ((("memcheck", Status.OK),), ("memcheck",), ""),
        ((), (), "nothing was proven: no proof: none was tried"),
    ],
)
def test_proofs_that_could_not_be_given_leave_the_gate_undecided(
    proofs: tuple[tuple[str, Status], ...], asked: tuple[str, ...], why: str
) -> None:
    records = tuple(ProofRecord(name, status, "no GPU") for name, status in proofs)
    request = replace(gpu_result().request, prove=ProvePlan(asked))
    result = replace(gpu_result(), request=request, checks=(), bench=(), proofs=records)
    result = ended_well(result, Stage.BUILD, Stage.PROVE)
    assert undecided(run(result), figures(result)) == why


def test_a_run_that_failed_is_failed_and_not_undecided() -> None:
    failed = replace(ended_well(gpu_result(), Stage.BENCH), status=Status.FAILED, bench=())
    assert undecided(run(failed), figures(failed)) == ""


def test_a_failed_build_is_told_by_what_failed_and_not_by_what_was_not_begun_after_it() -> None:
    result = failed_build_result()
    assert result.build
    (failed,) = result.build.compilations
    log = "error: a.cu was not compiled, for api.cu failed for sm_90a\n"
    skipped = replace(failed, arch="sm_80", status=Status.SKIPPED, log=log)
    both = replace(result.build, compilations=(skipped, failed))
    said = first_line(replace(result, build=both))
    assert said.startswith("FAILED: csrc/ does not compile: ")
    assert 'identifier "undeclared" is undefined' in said
    missing = replace(both, nvcc=None, reason="CUDA_HOME=/x has no bin/nvcc", compilations=())
    assert first_line(replace(result, build=missing)) == (
        "FAILED: csrc/ was not compiled: CUDA_HOME=/x has no bin/nvcc"
    )


def with_spike(result: Result, factor: float) -> Result:
    """One sample of each timing takes so many times as long."""
    bench = tuple(
        replace(r, samples_us=(factor * r.samples_us[0], *r.samples_us[1:])) for r in result.bench
    )
    return replace(result, bench=bench)


@pytest.mark.parametrize(
    ("factor", "word"), [(1.5, "OK: "), (20.0, "UNSTEADY: "), (100.0, "UNSTEADY: ")]
)
def test_ok_is_never_said_over_samples_that_vary_wildly(factor: float, word: str) -> None:
    line = first_line(with_spike(cpu_result(), factor))
    assert line.startswith(f"{word}sdpa takes ")
    assert ("samples vary by " in line) == (word != "OK: ")


def test_a_verdict_too_tells_how_wild_its_samples_are_and_how_noisy_the_run_is() -> None:
    line = first_line(with_spike(gpu_result(), 100.0))
    assert line.startswith("sparsek is FASTER than sdpa on ")
    assert "; 8 starts, noise 0." in line
    assert re.search(r", samples vary by 1\d\d × ?; 1 doubt under Method\.$", line)


def test_samples_of_one_start_are_told_as_such_and_give_no_verdict() -> None:
    result = gpu_result()
    before = replace(result, bench=tuple(replace(r, starts=()) for r in result.bench))
    line = first_line(before)
    assert line.startswith("sparsek is INCONCLUSIVE against sdpa on ")
    assert line.endswith("; INCONCLUSIVE on 6 of 6 cases; one start, noise unknown.")


def test_who_brought_a_provider_hears_of_it_also_where_another_one_failed_the_run() -> None:
    result = with_mine(with_ours_wrong(Status.OK), "mine", factor=2.0)
    line = first_line(result)
    assert line.startswith("FAILED: sparsek on B=16 H=96 ")
    assert " What passed its check was timed. mine is SLOWER than sdpa on " in line


def test_who_brought_a_provider_hears_of_it_also_where_another_ones_times_cannot_be() -> None:
    result = with_mine(gpu_result(), "mine", factor=2.0)
    impossible = tuple(
        replace(r, samples_us=tuple(us / 1e4 for us in r.samples_us))
        if r.provider == "sparsek"
        else r
        for r in result.bench
    )
    line = first_line(replace(result, bench=impossible))
    assert line.startswith("MEASUREMENT ERROR: sparsek, ")
    assert " mine is SLOWER than sdpa on " in line


def test_the_first_line_says_how_busy_others_kept_the_cpus() -> None:
    quiet = replace(gpu_result(), watched=(races.on_gpu(),))
    assert "CPUs busy" not in first_line(quiet)
    loud = replace(quiet, watched=(*quiet.watched, races.on_gpu(others_load=races.level(7.0))))
    assert ", others kept up to 7.0 of 52 CPUs busy" in first_line(loud)
