"""compare --fail-on-regression: 0 only where everything is known, 1 for worse, 6 for undecided."""

from __future__ import annotations

from dataclasses import replace

import pytest

from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.cli.comparing import Compare, changed, times
from tests.report import gone_wrong, host_bound, synthetic

EARLIER = 8  # runs of the same code that tell how much runs differ


def test_nothing_in_common_is_said_and_a_gate_over_it_is_not_green(compare: Compare) -> None:
    result = synthetic.gpu_result()
    mine = tuple(replace(r, provider="mine") for r in result.bench if r.provider == "sparsek")
    other = replace(result, bench=mine)
    checks = tuple(replace(c, provider="mine") for c in result.checks if c.provider == "sparsek")
    outcome = compare(result, replace(other, checks=checks), "--fail-on-regression", "--markdown")
    assert outcome.code == 6
    assert "error: nothing decided: no provider was timed on the same case" in outcome.err
    assert (
        "hint: Time what the first run timed, as by: orchestrator --runs runs profile"
        in outcome.err
    )
    assert "Nothing to compare: no provider was timed" in outcome.out
    assert (
        "<summary>12 rows timed after, not before</summary>\n\n- mine, back_to_back, "
        in outcome.out
    )
    assert "- mine, back_to_back, B=16 S=512 D=64 fp16 H=8," in outcome.out


def test_what_broke_since_counts_as_a_regression(compare: Compare) -> None:
    result = synthetic.gpu_result()
    checks = tuple(
        replace(c, status=Status.FAILED, reason="37 elements are wrong")
        if c.provider == "sparsek"
        else c
        for c in result.checks
    )
    bench = tuple(r for r in result.bench if r.provider != "sparsek")
    broken = replace(result, checks=checks, bench=bench)
    outcome = compare(result, broken, "--fail-on-regression")
    assert outcome.code == 1
    assert (
        "Nothing to judge: what both runs timed is the baseline alone. 12 that broke\n"
        in outcome.out
    )
    assert (
        "- sparsek, cold, B=16 S=512 D=64 fp16 H=8,16,32,64,96,128: failed, 37 elements are wrong"
        in outcome.out
    )


def test_what_was_not_asked_for_is_no_regression_and_leaves_the_gate_undecided(
    compare: Compare,
) -> None:
    result = synthetic.gpu_result()
    alone = replace(
        result,
        checks=tuple(c for c in result.checks if c.provider == "sdpa"),
        bench=tuple(r for r in result.bench if r.provider == "sdpa"),
    )
    outcome = compare(result, alone, "--fail-on-regression")
    assert outcome.code == 6
    assert "H=8,16,32,64,96,128: not asked for, or not reached" in outcome.out
    assert "only the baseline was timed in both runs" in outcome.err
    assert "missing now: sparsek, back_to_back," in outcome.err


@pytest.mark.parametrize(
    ("status", "code"),
    [(Status.SKIPPED, 6), (Status.CANCELLED, 6), (Status.FAILED, 1), (Status.TIMEOUT, 1)],
)
def test_a_provider_that_ran_before_and_does_not_now_is_never_green(
    compare: Compare, status: Status, code: int
) -> None:
    result = synthetic.gpu_result()
    checks = tuple(
        replace(c, status=status, reason="no such package") if c.provider == "sparsek" else c
        for c in result.checks
    )
    kept = tuple(r for r in result.bench if r.provider != "sparsek")
    after = replace(result, checks=checks, bench=kept)
    outcome = compare(result, after, "--fail-on-regression")
    assert outcome.code == code
    assert f"{status.value}, no such package" in outcome.out
    if code == 6:
        assert f"{status.value}, no such package" in outcome.err


def test_one_case_that_is_missing_is_enough(compare: Compare) -> None:
    result = synthetic.gpu_result()
    lost = ("sparsek", synthetic.case(8), "cold")
    kept = tuple(r for r in result.bench if (r.provider, r.case, r.method.value) != lost)
    after = replace(result, bench=kept)
    outcome = compare(result, after, "--fail-on-regression", earlier=EARLIER)
    assert outcome.code == 6
    assert "missing now: sparsek, cold, B=16 S=512 D=64 fp16 H=8: not asked for" in outcome.err
    assert "1 more that the second run did not time\n" in outcome.out
    assert outcome.err.splitlines()[-1].startswith("  hint: ")


def test_a_regression_is_graver_than_what_is_open(compare: Compare) -> None:
    result = synthetic.gpu_result()
    kept = tuple(r for r in result.bench if (r.provider, r.case.size("H")) != ("sparsek", 8))
    slower = changed(replace(result, bench=kept), "sparsek", times(1.2))
    outcome = compare(result, slower, "--fail-on-regression")
    assert outcome.code == 1
    assert "10 of the cases got slower or broke" in outcome.err


def test_too_much_noise_to_tell_is_not_green_and_says_what_to_do(compare: Compare) -> None:
    result = synthetic.gpu_result()
    wild = tuple(
        replace(r, samples_us=synthetic.samples(r.samples_us[0], 0.2)) for r in result.bench
    )
    outcome = compare(result, replace(result, bench=wild), "--fail-on-regression")
    assert outcome.code == 6
    assert "12 of 12 rows are open: sparsek" in outcome.err
    assert "separate runs: inconclusive; use --against REV" in outcome.err
    assert "hint: Use --against REV, which races both in one run; or repeat both" in outcome.err


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_figures_of_another_model_of_gpu_decide_nothing_however_fast_or_slow(
    compare: Compare, factor: float
) -> None:
    result = synthetic.gpu_result()
    changed_speed = changed(result, "sparsek", times(factor))
    other = replace(changed_speed, machine=synthetic.gpu_machine(gpu="NVIDIA H200"))
    outcome = compare(result, other, "--fail-on-regression", "--json")
    assert outcome.code == 6
    assert "the devices differ (NVIDIA H100 80GB HBM3 before, NVIDIA H200 after)" in outcome.err
    assert outcome.json["gate"] == "undecided"
    assert outcome.json["undecided"].startswith("nothing decided: the devices differ")


def test_a_gate_is_green_where_the_graphs_decide_for_times_that_were_the_hosts(
    compare: Compare,
) -> None:
    result = host_bound.host_bound_result()
    outcome = compare(result, result, "--fail-on-regression", "--json", earlier=EARLIER)
    assert {row["verdict"] for row in outcome.json["rows"]} >= {"INCONCLUSIVE", "SAME"}
    assert (outcome.code, outcome.json["gate"]) == (0, "passed")
    (left,) = outcome.json["open"]  # the one that a graph of ours is missing for
    assert left["row"] == "sparsek on B=16 H=16 S=512 D=64 fp16, back_to_back"
    assert "only graphs could decide, and not both runs have one" in left["reason"]
    assert "green, with 1 row that nothing can be said of" in outcome.err


@pytest.mark.parametrize(
    ("after", "code"),
    [(gone_wrong.failed_check_result(), 1), (gone_wrong.failed_build_result(), 1)],
)
def test_a_second_run_that_broke_before_it_timed_anything_is_a_regression(
    compare: Compare, after: Result, code: int
) -> None:
    assert compare(synthetic.gpu_result(), after, "--fail-on-regression").code == code
