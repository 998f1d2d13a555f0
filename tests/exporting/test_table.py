"""CSV of runs and comparisons: a line for each, figures with all their digits."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from orchestrator.report.exporting import table
from orchestrator.report.figures import figures
from orchestrator.values.run import Run
from tests.comparing import runs
from tests.exporting import made
from tests.report import gone_wrong, synthetic


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def timings(one: Run) -> list[dict[str, str]]:
    return read(table.of_run(one, figures(one.result) if one.result else None))


def test_a_run_has_a_line_for_each_timing_and_none_for_a_control() -> None:
    one = made.run()
    told = timings(one)
    assert one.result
    assert len(told) == len([r for r in one.result.bench if not r.control])
    (row,) = [
        each
        for each in told
        if (each["provider"], each["H"], each["method"]) == ("sparsek", "96", "back_to_back")
    ]
    derived = figures(one.result)
    (figure,) = [
        f
        for f in derived.rows
        if (f.record.provider, f.record.case, f.record.method.value)
        == ("sparsek", synthetic.case(96), "back_to_back")
    ]
    assert figure.summary
    assert figure.against
    assert float(row["median_us"]) == figure.summary.median_us
    assert float(row["median in µs/head"]) == figure.summary.median_us / 96
    assert float(row["low_us"]) == figure.summary.low_us
    assert float(row["speedup"]) == figure.against.speedup.median
    assert (row["verdict"], row["left_out"]) == ("FASTER", "")
    assert (row["machine"], row["commit"]) == (synthetic.H100, "1a2b3c4d")


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (made.run(made.partial(runs.small())), "partial: cancelled"),
        (made.run(made.unchecked(runs.small(), "sparsek")), "its check did not pass"),
        (synthetic.run(gone_wrong.above_roof_result()), "a measurement error refutes it"),
    ],
    ids=["partial", "unchecked", "refuted"],
)
def test_what_cannot_be_trusted_has_no_figure_and_says_why(one: Run, why: str) -> None:
    left_out = [row for row in timings(one) if row["left_out"]]
    assert {row["left_out"] for row in left_out} == {why}
    for row in left_out:
        figures_of = ("median_us", "low_us", "high_us", "speedup", "tflops", "verdict")
        assert {row[name] for name in figures_of} == {""}
        assert row["median in µs/head"] == ""


def test_a_comparison_has_a_line_for_each_row_the_worst_first() -> None:
    mixed = runs.where(runs.by(0.9), 96, runs.METHODS[1], lambda r: replace(
        r, samples_us=tuple(1.3 * us for us in r.samples_us)))  # fmt: skip
    found = runs.compared(runs.small(), mixed)
    told = read(table.of_comparison(found))
    assert [row["verdict"] for row in told] == ["SLOWER", *["FASTER"] * 3, *["baseline"] * 4]
    worst = next(row for row in found.rows if row.verdict.value == "SLOWER")
    assert float(told[0]["before_us"]) == worst.before.median_us
    assert float(told[0]["gain"]) == worst.found.judged.speedup.median
    assert (told[0]["provider"], told[0]["H"], told[0]["method"]) == ("sparsek", "96", "cold")


def test_what_has_no_time_in_both_runs_is_named_without_figures() -> None:
    fewer = replace(
        runs.small(), bench=tuple(r for r in runs.small().bench if r.case == synthetic.case(8))
    )
    gone = [
        row for row in read(table.of_comparison(runs.compared(runs.small(), fewer)))
        if row["H"] == "96"
    ]  # fmt: skip
    assert {(row["verdict"], row["before_us"], row["after_us"]) for row in gone} == {
        ("missing", "", "")
    }


@pytest.mark.parametrize("name", made.HOSTILE, ids=range(len(made.HOSTILE)))
def test_a_name_is_one_cell_of_text(name: str) -> None:
    for text in (
        table.of_comparison(made.compared(name)),
        table.of_run(
            made.run(made.renamed(runs.small(), name)), figures(made.renamed(runs.small(), name))
        ),
    ):
        told = read(text)
        assert len(told) == 8
        assert all(None not in row and None not in row.values() for row in told)
        assert not any(row["provider"].startswith(("=", "+", "-", "@", "\t")) for row in told)
        assert "203.0.113.7" not in text
