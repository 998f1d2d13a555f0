"""compare: two stored runs side by side, by the real command line, without network or GPU."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.app import run
from orchestrator.report.comparing import comparison
from orchestrator.report.comparing.comparison import Side
from orchestrator.report.exporting.names import Format
from orchestrator.values.run import Run
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage
from tests.cli.comparing import AGAIN, CASE, MADE, Compare, changed, rows, store, times
from tests.exporting.made import renamed
from tests.report import gone_wrong, synthetic

EARLIER = 8  # runs of the same code that tell how much runs differ


def test_a_faster_kernel_is_faster_in_every_row_under_the_same_conditions(
    compare: Compare,
) -> None:
    result = synthetic.gpu_result()
    faster = changed(result, "sparsek", times(0.8))
    outcome = compare(result, faster, "--markdown")  # without any history
    assert outcome.code == 0
    title, _, first = outcome.out.splitlines()[:3]
    assert title == "# 12 rows, after against before: 12 FASTER"
    assert first == "**Same device, driver, clocks and cases.**"
    assert len(rows(outcome)) == 12
    for row in rows(outcome):
        assert row["Gain on the baseline"].startswith("1.25")
        assert row["Verdict"] == "FASTER"
    assert "| SM clock when timed | 1755 MHz | 1755 MHz | yes |" in outcome.out


def test_a_regression_fails_only_when_asked_to(compare: Compare, tmp_path: Path) -> None:
    result = synthetic.gpu_result()
    slower = changed(result, "sparsek", times(1.1))
    outcome = compare(result, slower, "--markdown", earlier=EARLIER)
    assert outcome.code == 0
    assert {row["Verdict"] for row in rows(outcome)} == {"SLOWER"}
    arguments = ["--runs", "runs", "compare", MADE, AGAIN, "--fail-on-regression"]
    assert run(arguments) == 1
    assert run([*arguments[:3], AGAIN, MADE, "--fail-on-regression"]) == 0


def test_a_difference_within_the_noise_is_none(compare: Compare) -> None:
    result = synthetic.gpu_result()
    slower = changed(result, "sparsek", times(1.002))
    outcome = compare(result, slower, "--markdown", "--fail-on-regression", earlier=EARLIER)
    assert outcome.code == 0
    assert {row["Verdict"] for row in rows(outcome)} == {"SAME"}


def test_nothing_is_concluded_from_samples_of_one_process_start(compare: Compare) -> None:
    result = synthetic.gpu_result()
    bare = replace(result, bench=tuple(replace(r, starts=()) for r in result.bench))
    outcome = compare(bare, changed(result, "sparsek", times(0.5)), "--markdown")
    assert {row["Verdict"] for row in rows(outcome)} == {"INCONCLUSIVE"}
    assert "<summary>What would decide 12 rows</summary>\n\n- sparsek," in outcome.out
    assert "- sparsek, cold, B=16 S=512 D=64 fp16 H=8,16,32,64,96,128: " in outcome.out
    assert "all samples came from one process start" in outcome.out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"driver": "570.86"}, "driver (580.65.06 / 570.86)"),
        ({"gpu_uuid_digest": "other"}, "GPU itself (one / another)"),
        ({"torch": "2.12.0"}, "torch (2.11.0+cu130 / 2.12.0)"),
        ({"after": synthetic.state(power_limit_w=350.0)}, "power limit (700 W / 350 W)"),
    ],
)
def test_other_conditions_are_named_in_the_first_line(
    compare: Compare, change: dict[str, Any], words: str
) -> None:
    result = synthetic.gpu_result()
    other = replace(result, machine=synthetic.gpu_machine(**change))
    first = compare(result, other).out.splitlines()[2]
    assert first.startswith("NOT THE SAME CONDITIONS")
    assert words in first
    assert first.count("; ") == 0


def test_other_clocks_are_named_in_the_first_line(compare: Compare) -> None:
    result = synthetic.gpu_result()
    slow = tuple(replace(r, after=synthetic.state(sm_clock_mhz=1200.0)) for r in result.bench)
    first = compare(result, replace(result, bench=slow)).out.splitlines()[2]
    assert "SM clock when timed (1755 MHz / 1200 MHz)" in first


def test_other_cases_are_named_and_only_the_common_ones_are_compared(compare: Compare) -> None:
    result = synthetic.gpu_result()
    fewer = replace(result, bench=tuple(r for r in result.bench if r.case == CASE))
    outcome = compare(result, fewer, "--markdown")
    assert (
        "cases (B=16 S=512 D=64 fp16 H=8,16,32,64,96,128 / B=16 S=512 D=64 fp16 H=96)"
        in outcome.out.splitlines()[2]
    )
    assert "## sparsek, B=16 H=96 S=512 D=64 fp16, on NVIDIA H100" in outcome.out
    assert [row["Method"] for row in rows(outcome)] == ["back_to_back", "cold"]
    assert "<summary>20 rows timed before, not after</summary>" in outcome.out


def test_json_holds_what_the_page_says(compare: Compare) -> None:
    result = synthetic.gpu_result()
    outcome = compare(result, changed(result, "sparsek", times(0.8)), "--json")
    document = json.loads(outcome.out)
    assert (document["before"], document["after"]) == (MADE, AGAIN)
    assert document["same_conditions"] is True
    assert document["regressions"] == 0
    (row,) = [
        row
        for row in document["rows"]
        if (row["provider"], row["method"]) == ("sparsek", "back_to_back")
        and ["H", 96] in row["case"]["axes"]
    ]
    assert row["before_us"] == pytest.approx(283.4, rel=1e-3)
    assert row["speedup"] == pytest.approx(1.25)
    assert row["low"] < 1.25 < row["high"]
    assert row["verdict"] == "FASTER"


def test_what_is_above_a_roof_is_not_compared() -> None:
    good, refuted = synthetic.gpu_result(), gone_wrong.above_roof_result()
    found = comparison.compare(Side(synthetic.run(good)), Side(synthetic.run(refuted)))
    assert not found.rows
    (lost,) = [
        one
        for one in found.lost
        if (one.provider, one.case, one.method.value) == ("sparsek", CASE, "back_to_back")
    ]
    assert lost.broke
    assert lost.reason == "its timing is refuted or unusable"


def test_a_run_without_a_result_cannot_be_compared() -> None:
    lost: Run = synthetic.run(None)
    with pytest.raises(ValueError, match="without a result"):
        comparison.compare(Side(lost), Side(synthetic.run(synthetic.gpu_result())))


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (gone_wrong.failed_check_result(), "timed nothing"),
    ],
)
def test_a_run_without_timings_is_an_error_that_names_it(
    compare: Compare, after: Result | None, words: str
) -> None:
    outcome = compare(synthetic.gpu_result(), after)
    assert outcome.code == 2
    assert outcome.out == ""
    assert f"{AGAIN} {words}" in outcome.err
    assert "hint: Compare runs of bench or profile" in outcome.err


def test_a_run_that_goes_on_is_said_to_with_the_way_to_bring_it_home(compare: Compare) -> None:
    outcome = compare(synthetic.gpu_result(), None, "--fail-on-regression")
    assert outcome.code == 2
    assert f"run {AGAIN} is not home" in outcome.err
    assert (
        f"hint: Follow it and bring it home: orchestrator --runs runs attach {AGAIN}" in outcome.err
    )


@pytest.mark.parametrize("stage", [Stage.BUILD, Stage.CHECK, Stage.PROVE])
def test_latest_is_the_latest_that_was_to_time_something(
    compare: Compare, tmp_path: Path, stage: Stage
) -> None:
    result = synthetic.gpu_result()
    later = replace(result, bench=(), request=replace(result.request, stages=(stage,)))
    store(tmp_path, "20261124-101530-synthetic-deploy", later)
    outcome = compare(result, changed(result, "sparsek", times(0.8)))
    assert outcome.code == 0
    assert f"Before: {MADE}. After: {AGAIN}." in outcome.out
    assert outcome.err.splitlines()[-1] == f"next: orchestrator --runs runs report {AGAIN}"


def test_latest_does_not_pass_over_a_bench_that_broke(compare: Compare, tmp_path: Path) -> None:
    result = synthetic.gpu_result()
    store(tmp_path, "20261124-101530-synthetic-bench", gone_wrong.failed_check_result())
    assert compare(result, result, "--fail-on-regression").code == 1


@pytest.mark.parametrize(
    ("references", "words"),
    [
        ((MADE, "2026112"), "fits 2 runs"),
        ((MADE, "nonsense"), "no run 'nonsense'"),
        ((AGAIN, "latest"), "are the same run"),
        ((MADE,), "Missing argument"),
    ],
)
def test_a_bad_reference_is_a_usage_error(
    compare: Compare,
    capsys: pytest.CaptureFixture[str],
    references: tuple[str, ...],
    words: str,
) -> None:
    compare(synthetic.gpu_result(), synthetic.gpu_result())
    assert run(["--runs", "runs", "compare", *references]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("form", [one.value for one in Format])
def test_hostile_names_stay_text_in_every_form(compare: Compare, form: str) -> None:
    """Of a provider, and of a driver, which stands under conditions."""
    hostile = "<img src=x>|`x`|root@203.0.113.7\n# owned\n::error::owned"
    result = renamed(synthetic.gpu_result(), hostile)
    other = replace(result, machine=synthetic.gpu_machine(driver=hostile))
    outcome = compare(result, other, "--format", form)
    assert outcome.code == 0
    assert "owned" in outcome.out
    assert "203.0.113.7" not in outcome.out
    assert not [one for one in outcome.out.splitlines() if one.startswith(("# owned", "::error::"))]
    assert ("<img" in outcome.out) is (form != "markdown")
