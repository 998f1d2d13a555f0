"""Files for programs that follow benchmarks: read by the real ones, of figures that can be trusted."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.stats import Stats

from orchestrator.report.exporting import action_benchmark, pytest_benchmark
from orchestrator.report.exporting.exported import of_run
from orchestrator.report.exporting.names import OF_FIGURES, Format
from orchestrator.report.exporting.statistics_of import stats
from orchestrator.report.exporting.trusted import left_out
from orchestrator.report.figures import figures
from orchestrator.report.gates.gate import Policy
from orchestrator.report.render import render
from orchestrator.values.run import Changed, Run
from remote_payload.contract.result import Result
from tests.comparing import runs
from tests.exporting import made
from tests.report import gone_wrong, synthetic

# Stored results are of this many timings: two providers, on two cases, by two methods.
TIMINGS = 8
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def action(one: Run) -> Any:
    return json.loads(action_benchmark.of_run(one, figures(one.result) if one.result else None))


def as_pytest(one: Run) -> Any:
    return json.loads(pytest_benchmark.of_run(one, figures(one.result) if one.result else None))


def test_every_entry_for_the_action_has_what_its_chart_needs() -> None:
    entries = action(made.run(clean=False))
    assert len(entries) == TIMINGS
    for entry in entries:
        assert set(entry) == {"name", "unit", "value", "range", "extra"}
        assert isinstance(entry["value"], float)
        assert re.fullmatch(r"± [0-9.]+", entry["range"])
    (row,) = [e for e in entries if e["name"] == "sparsek, B=16 H=96 S=512 D=64 fp16, cold"]
    assert row["unit"] == "µs/head"
    assert row["value"] == pytest.approx(303.2 / 96, rel=1e-3)
    verdict, machine, commit, method = row["extra"].split("\n")
    assert verdict.startswith("FASTER against sdpa: 1.32")
    assert (machine, commit) == (synthetic.H100, "commit 1a2b3c4d, with edits")
    assert method == "cold, 8 × 5 samples"


def test_a_series_goes_on_from_a_report_to_a_comparison() -> None:
    found = runs.compared(runs.small(), runs.by(1.1))
    entries = json.loads(action_benchmark.of_comparison(found))
    assert [e["name"] for e in entries] == [e["name"] for e in action(found.after)]
    told = {e["name"]: e["extra"].split("\n")[0] for e in entries}
    assert told["sparsek, B=16 H=8 S=512 D=64 fp16, cold"].startswith(
        "SLOWER against before: 0.909×"
    )
    assert told["sdpa, B=16 H=8 S=512 D=64 fp16, cold"] == "the baseline"


@pytest.mark.parametrize(
    ("result", "gone", "why"),
    [
        (made.partial(runs.small()), 4, "partial: cancelled"),
        (made.unchecked(runs.small(), "sparsek"), 4, "its check did not pass"),
        (gone_wrong.above_roof_result(), 1, "a measurement error refutes it"),
    ],
    ids=["partial", "unchecked", "refuted"],
)
def test_only_what_can_be_trusted_is_a_benchmark_and_the_rest_is_told(
    result: Result, gone: int, why: str
) -> None:
    one = made.run(result)
    derived = figures(result)
    whole = len(derived.rows)
    assert len(action(one)) == len(as_pytest(one)["benchmarks"]) == whole - gone
    told = left_out(derived)
    assert told.startswith(f"{gone} timing{'' if gone == 1 else 's'} of {whole} left out ")
    assert why in told


def test_nothing_of_a_result_that_is_not_what_came_home_is_passed_on() -> None:
    edited = replace(made.run(), changed=(Changed("result.json", "was edited"),))
    exported = of_run(edited, render(edited), Format.CSV, Policy())
    assert exported.text == ""
    assert (
        exported.left_out
        == f"{TIMINGS} timings of {TIMINGS} left out ({TIMINGS}: a measurement error refutes it)"
    )


@pytest.mark.parametrize("result", [None, gone_wrong.failed_check_result()], ids=["none", "wrong"])
def test_nothing_is_no_file(result: Result | None) -> None:
    one = made.run(result) if result else synthetic.run(None)
    report = render(one)
    for form in OF_FIGURES:
        assert of_run(one, report, form, Policy()).text == ""


@pytest.mark.parametrize("name", made.HOSTILE, ids=range(len(made.HOSTILE)))
def test_a_name_is_one_value_of_a_document(name: str) -> None:
    one = made.run(made.renamed(runs.small(), name))
    assert len(action(one)) == len(as_pytest(one)["benchmarks"]) == TIMINGS
    for text in (json.dumps(action(one)), json.dumps(as_pytest(one))):
        assert "203.0.113.7" not in text
        assert "\\u001b" not in text
        assert "\\u202e" not in text


def test_statistics_are_those_that_the_real_program_takes_of_the_same_samples() -> None:
    make: Any = Stats  # it has no types
    for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 40, 41, 42, 43):
        samples = synthetic.samples(300.0, 0.3, number)
        theirs = make()
        for us in samples:
            theirs.update(us / 1e6)
        ours = stats(samples, 100)
        for field in theirs.fields:
            value = getattr(theirs, field)
            if isinstance(value, str):
                assert ours[field] == value, (number, field)
            else:
                assert ours[field] == pytest.approx(value, rel=1e-9, abs=1e-15), (number, field)
    assert ours["data"] == [us / 1e6 for us in samples]
    assert ours["iterations"] == 100


def test_samples_under_a_throttle_are_no_part_of_the_statistics() -> None:
    bench = tuple(replace(r, held_back=(0, 1)) for r in runs.small().bench)
    (first, *_) = as_pytest(made.run(replace(runs.small(), bench=bench)))["benchmarks"]
    data = [us / 1e6 for us in bench[0].samples_us[2:]]
    assert first["stats"]["data"] == data
    assert first["stats"]["median"] == statistics.median(data)


def their_compare(folder: Path, *words: str) -> str:
    """What `pytest-benchmark compare` says, by the real program."""
    program = Path(sys.executable).with_name("pytest-benchmark")
    done = subprocess.run(
        [str(program), "compare", *words],
        cwd=folder,
        env={**os.environ, "COLUMNS": "250"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Failed to load" not in done.stdout + done.stderr
    return _COLOUR.sub("", done.stdout)


def test_the_real_program_compares_two_runs(tmp_path: Path) -> None:
    for number, factor in ((1, 1.0), (2, 1.1)):
        text = pytest_benchmark.of_run(made.run(runs.by(factor)), figures(runs.by(factor)))
        (tmp_path / f"000{number}_run.json").write_text(text)
    files = [f"000{number}_run.json" for number in (1, 2)]
    said = their_compare(tmp_path, *files, "--group-by=fullname", "--columns=median,rounds")
    assert said.count("sparsek[B=16 H=96 S=512 D=64 fp16, cold] (0001_run)") == 1
    (slower,) = [
        line
        for line in said.splitlines()
        if "sparsek[B=16 H=96 S=512 D=64 fp16, cold] (0002" in line
    ]
    assert "(1.10)" in slower
    assert slower.split()[-1] == "40"


def test_the_real_program_reads_a_comparison(tmp_path: Path) -> None:
    found = runs.compared(runs.small(), runs.by(1.1))
    (tmp_path / "both.json").write_text(pytest_benchmark.of_comparison(found))
    said = their_compare(tmp_path, "both.json", "--columns=median")
    for which in ("before", "after"):
        assert said.count(f"sparsek[B=16 H=96 S=512 D=64 fp16, cold] ({which})") == 1
