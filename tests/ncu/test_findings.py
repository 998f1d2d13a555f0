"""The findings over all our own fixtures, ncu's rule beside them, are kept word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import findings
from orchestrator.ncu.findings import findings as sentences
from orchestrator.readers.ncu.read import read_text
from orchestrator.workflows.publishing import import_ncu as workflow
from tests.golden import assert_golden
from tests.ncu.places import FIXTURES, fixture

ALL = sorted(FIXTURES.glob("*.csv"))


def test_the_findings_over_our_fixtures_are_these(capsys: pytest.CaptureFixture[str]) -> None:
    assert findings.main([str(path) for path in ALL]) == 0
    assert_golden("ncu/findings.md", capsys.readouterr().out)


def test_nothing_is_called_idle_above_a_resource_that_the_file_shows_to_be_busy() -> None:
    for path in ALL:
        for row in findings.rows(path):
            if "mostly idle" in row.verdict:
                busiest = float(re.findall(r" ([\d.]+)", row.figures)[0])
                assert busiest < 40, row


def test_a_disagreement_with_ncus_own_rule_is_on_the_page_with_both_verdicts() -> None:
    page = workflow.markdown(workflow.import_file(FIXTURES / "details_own_rule.csv"))
    gather = page[page.index("### gather") : page.index("### copy")]
    assert "- limited by L1/TEX throughput: L1/TEX 92.8 %" in gather
    assert "- ncu's own rule says otherwise: “This workload exhibits low compute" in gather
    assert "stall long scoreboard" not in gather
    waits = page[page.index("### wait") :]
    assert "- ncu's own rule agrees: “This workload exhibits low compute" in waits
    assert "stall long scoreboard 25.9" in waits


def test_ncus_rule_stands_right_behind_our_verdict() -> None:
    copy = read_text(fixture("details_own_rule.csv")).kernels[1]
    ours, theirs, *_ = sentences([copy])
    assert ours.startswith("limited by DRAM bandwidth")
    assert theirs.startswith("ncu's own rule agrees: “This workload is utilizing")


def test_the_command_counts_what_did_not_change_and_shows_what_did(
    capsys: pytest.CaptureFixture[str],
) -> None:
    here = Path(findings.__file__).parents[1]
    assert findings.main(["--before", str(here), *map(str, ALL)]) == 0
    printed = capsys.readouterr().out
    rows = sum(len(findings.rows(path)) for path in ALL)
    assert printed.endswith(f"The same before and after: {rows}.\n")
    shown = findings.table(findings.rows(ALL[0]), {(ALL[0].name, ""): "refused: of old"})
    assert "| refused: of old |" in shown


def test_a_file_that_is_refused_is_a_row_and_not_the_end(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("nothing of ncu's\n")
    (row,) = findings.rows(path)
    assert row.verdict.startswith("refused: ")
    assert str(tmp_path) not in row.verdict
