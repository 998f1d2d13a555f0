"""The first line of a report, where a run failed though much of it was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.report.figures import figures
from orchestrator.report.headline import headline, is_ok
from remote_payload.contract import ProofRecord, Result, Stage, StageReport, Status
from tests.report.synthetic import check, gpu_result, run, shape


def first_line(result: Result) -> str:
    return headline(run(result), figures(result))


def with_ours_wrong(bench: Status) -> Result:
    """Ours is wrong at 96 heads and so not timed there; all others are."""
    result = gpu_result()
    wrong = ("sparsek", shape(96))
    checks = tuple(
        replace(c, status=Status.FAILED, reason="1 of 50331648 elements are outside the tolerance")
        if (c.provider, c.shape) == wrong
        else c
        for c in result.checks
    )
    kept = tuple(r for r in result.bench if (r.provider, r.shape) != wrong)
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
    judged = {row.record.shape.heads for row in figures(result).rows if row.against}
    assert 8 in judged


def test_a_race_that_was_cut_short_is_not_said_to_have_timed_all() -> None:
    assert "was timed" not in first_line(with_ours_wrong(Status.TIMEOUT))


@pytest.mark.parametrize("the_check", [Status.OK, Status.FAILED])
def test_a_failed_proof_is_named_and_not_a_rival_that_could_not_run(the_check: Status) -> None:
    """Left out, or asked for and missing: what the host lacks gives way to what is wrong."""
    result = gpu_result()
    crashed = check("fa3", shape(), status=Status.FAILED, reason="not present: pip install x")
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
    crashed = check("fa3", shape(), status=Status.FAILED, reason="crashed: SIGSEGV")
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
