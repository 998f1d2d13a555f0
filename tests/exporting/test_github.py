"""Lines for GitHub Actions: one command each, whatever text they hold."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from orchestrator.report.comparing.comparison import Comparison
from orchestrator.report.exporting import github
from orchestrator.report.exporting.workflow_commands import Annotation, Level
from orchestrator.report.figures import figures
from orchestrator.report.gates.gate import Policy
from orchestrator.values.run import Run
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.cli.comparing import changed, times
from tests.comparing import runs
from tests.exporting import made
from tests.golden import assert_golden
from tests.report import gone_wrong, synthetic

# What a runner makes of a line: the command, its properties and its data.
COMMAND = re.compile(r"::(error|warning|notice) title=([^,:\r\n]*)::([^\r\n]*)\Z")


def read(line: str) -> tuple[str, str, str]:
    """As a runner reads it; nothing else may be on the line."""
    found = COMMAND.match(line)
    assert found, line
    title = found[2].replace("%2C", ",").replace("%3A", ":")
    return found[1], title.replace("%25", "%"), found[3].replace("%25", "%")


def lines(found: Comparison, policy: Policy | None = None) -> list[tuple[str, str, str]]:
    text = github.of_comparison(found, policy or Policy())
    return [read(line) for line in text.split("\n")]


def of_run(one: Run) -> list[tuple[str, str, str]]:
    derived = figures(one.result) if one.result else None
    text = github.of_run(one, derived, "OK: all is well.", Policy())
    return [read(line) for line in text.split("\n")]


def test_a_line_sums_up_and_then_the_worst_row_is_the_first() -> None:
    mixed = runs.where(runs.by(1.1), 96, runs.METHODS[1], times(1.3))
    told = lines(runs.compared(runs.small(), mixed))
    assert told[0][:2] == ("error", "orchestrator")
    assert told[0][2].startswith("4 rows, after against before: 4 SLOWER. Same device, driver")
    assert told[1][1] == "SLOWER: sparsek on B=16 H=96 S=512 D=64 fp16, cold"
    assert "µs before, " in told[1][2]
    assert [level for level, *_ in told] == ["error"] * 5


def test_rows_that_are_as_they_were_are_not_marked() -> None:
    ((level, title, text),) = lines(runs.compared(runs.small(), runs.small()))
    assert (level, title) == ("notice", "orchestrator")
    assert text.startswith("4 rows, after against before: 4 SAME.")


def test_what_the_gate_puts_up_with_is_no_error() -> None:
    found = runs.compared(runs.small(), runs.by(1.05))
    assert {level for level, *_ in lines(found)} == {"error"}
    assert [level for level, *_ in lines(found, Policy(threshold=0.2))] == ["notice"]


def test_an_open_row_is_a_notice_with_what_would_decide_it() -> None:
    told = lines(runs.compared(runs.small(), runs.by(1.02), history=[]))
    assert told[0][0] == "warning"
    assert {level for level, *_ in told[1:]} == {"notice"}
    assert told[1][1].startswith("INCONCLUSIVE: sparsek on ")
    assert "race both in one run" in told[1][2] or "--against REV" in told[1][2]


def test_what_broke_is_an_error_and_what_is_gone_a_warning() -> None:
    broken = replace(
        runs.small(),
        checks=tuple(
            replace(c, status=Status.FAILED, reason="37 elements are wrong")
            if c.provider == "sparsek" and c.case == synthetic.case(8)
            else c
            for c in runs.small().checks
        ),
        bench=tuple(r for r in runs.small().bench if r.provider != "sparsek"),
    )
    told = lines(runs.compared(runs.small(), broken))
    broke = [one for one in told if one[1].startswith("BROKE: ")]
    assert {(level, text) for level, _, text in broke} == {
        ("error", "failed, 37 elements are wrong")
    }
    assert len(broke) == 2
    gone = [one for one in told if one[1].startswith("NOT COMPARED: ")]
    assert [level for level, *_ in gone] == ["warning", "warning"]


@pytest.mark.parametrize(
    ("result", "level", "title"),
    [
        (gone_wrong.above_roof_result(), "error", "MEASUREMENT ERROR: sparsek, B=16 H=96"),
        (gone_wrong.failed_check_result(), "error", "CHECK FAILED: sparsek on B=16"),
        (
            changed(runs.small(), "sparsek", times(2.0)),
            "warning",
            "SLOWER than the baseline: sparsek on B=16",
        ),
    ],
    ids=["above a roof", "a wrong result", "slower than the baseline"],
)
def test_what_is_wrong_with_a_run_is_marked(result: Result, level: str, title: str) -> None:
    found = [one for one in of_run(synthetic.run(result)) if one[1].startswith(title)]
    assert found, title
    assert {one[0] for one in found} == {level}


def test_a_run_without_a_result_is_an_error() -> None:
    ((level, title, text),) = of_run(synthetic.run(None))
    assert (level, title, text) == ("error", "orchestrator", "OK: all is well.")


@pytest.mark.parametrize("name", made.HOSTILE, ids=range(len(made.HOSTILE)))
def test_no_name_begins_a_second_command(name: str) -> None:
    found = made.compared(name)
    for line in github.of_comparison(found, Policy()).split("\n"):
        assert read(line)
        assert "##[" not in line
        assert not set(line) & set("\r\x1b\u202e")
        assert "203.0.113.7" not in line
    assert len(lines(found)) == 1 + runs.ROWS
    assert lines(found)[1][1].startswith("SLOWER: ")


def test_signs_that_mean_something_to_a_runner_are_escaped_as_documented() -> None:
    one = Annotation(Level.ERROR, "100%: a, b::c", "50 %, x: y::z ##[error]")
    assert one.line == "::error title=100%25%3A a%2C b%3A%3Ac::50 %25, x: y::z ## [error]"


def test_the_annotations_of_a_comparison_are_as_somebody_read_them() -> None:
    mixed = runs.where(runs.by(0.9), 96, runs.METHODS[1], times(1.3))
    found = runs.compared(runs.small(), mixed)
    assert_golden("comparing/mixed.github.txt", github.of_comparison(found, Policy()) + "\n")
