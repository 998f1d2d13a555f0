"""history: what it says of commits, and what it leaves open."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.report.history.series import AT
from remote_payload.contract import request
from tests.cli.conftest import Outcome
from tests.disks import mounted
from tests.history.made import Made, name_of, series, store

History = Callable[..., Outcome]


@pytest.fixture
def history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> History:
    """Store runs, then call the real command line."""
    monkeypatch.chdir(tmp_path)

    def told(made: list[Made], *words: str) -> Outcome:
        if made:
            store(tmp_path / "runs", made)
        capsys.readouterr()
        code = run(["--runs", str(tmp_path / "runs"), "history", *words])
        seen = capsys.readouterr()
        return Outcome(int(code), seen.out, seen.err)

    return told


def test_that_a_step_is_told_with_its_commit_its_size_and_the_search_for_it(
    history: History,
) -> None:
    outcome = history(series([1.2] * 10 + [1.1] * 8), "mine")
    first, what, *rows = outcome.out.splitlines()
    assert outcome.code == 0, outcome.err
    assert first.startswith("mine on M=16 N=64 fp16, back_to_back, on SYNTHETIC GPU, 132 SMs")
    assert what == (
        "times as fast as reference, which ran beside it in each run: what a run has of its own "
        "cancels in that"
    )
    stepped = next(row for row in rows if "<- slower by " in row)
    assert stepped.startswith(name_of(10)[:10])
    assert "1 step found" in rows
    good, bad = name_of(9)[:10], name_of(10)[:10]
    assert f"with {bad}, after {good}" in outcome.out
    assert outcome.err.splitlines()[-1].endswith(
        f"bisect {good} {bad} --host box --operator op.py --provider mine=k/mine.py:softmax "
        "--case M=16,N=64 --dtype fp16"
    )


def test_that_what_got_faster_is_searched_for_as_such(history: History) -> None:
    outcome = history(series([1.0] * 10 + [1.3] * 8), "mine")
    assert "<- faster by " in outcome.out
    assert " --faster --host box" in outcome.err


def test_that_no_step_comes_with_what_would_have_been_found_and_few_runs_are_called_so(
    history: History,
) -> None:
    quiet = history(series([1.2] * 20), "mine")
    assert "no step found; one of " in quiet.out
    assert "next: " in quiet.err.splitlines()[-1]
    assert "bisect" not in quiet.err
    few = history([], "mine", "--since", "2026-01-01T00:15:00Z")
    assert "not enough runs: 5, 10 are the fewest" in few.out
    assert "* by what a run says of itself alone" in few.out


def test_that_edits_that_were_not_committed_are_shown_and_count_for_nothing(
    history: History,
) -> None:
    made = series([1.2] * 18)
    edited = [replace(one, ratio=0.5, is_clean=False) for one in made[9:]]
    unknown = replace(made[-1], ratio=0.5, is_clean=None)
    outcome = history([*made, *edited, unknown], "mine")
    assert "no step found" in outcome.out
    marked = f"{name_of(17)[:10]}+"
    assert any(row.startswith(marked) and "does not count" in row
               for row in outcome.out.splitlines())  # fmt: skip
    assert f"{name_of(17)[:10]}?" in outcome.out
    told = history([], "mine", "--json").json[0]
    assert (len(told["runs"]), len(told["not_counted"])) == (18, 10)


def test_that_machines_are_never_mixed(history: History) -> None:
    slow = [replace(one, ratio=one.ratio / 2, machine="ANOTHER GPU") for one in series([1.2] * 12)]
    both = [run for pair in zip(series([1.2] * 12), slow, strict=True) for run in pair]
    outcome = history(both, "mine")
    assert "on SYNTHETIC GPU, 132 SMs, driver 1, torch 2.9:" in outcome.out
    assert "on ANOTHER GPU:" in outcome.out
    assert outcome.out.count("no step found") == 2


def test_that_runs_against_a_revision_have_the_ratio_of_the_others(history: History) -> None:
    made = [replace(one, against=number % 2 == 0) for number, one in enumerate(series([1.2] * 12))]
    (told,) = history(made, "mine", "--json").json
    assert told["baseline"] == "reference"
    assert len(told["runs"]) == 12
    assert all(run["value"] == pytest.approx(1.2, rel=0.05) for run in told["runs"])
    timed = history([], "mine", "--time", "--json").json[0]
    assert timed["baseline"] is None
    assert timed["what"] == "µs"


def test_that_no_ratio_is_to_a_time_that_cannot_be_true(history: History) -> None:
    made = [replace(one, against=number % 2 == 0) for number, one in enumerate(series([1.2] * 12))]
    (told,) = history([replace(made[0], refuted=True), *made[1:]], "mine", "--json").json
    assert len(told["runs"]) == 11
    assert told["left_out"] == {"without reference beside it": 1}


@pytest.mark.parametrize("words", [("--time",), ("--json",)], ids=str)
@pytest.mark.parametrize(
    "figures",
    [
        {"ratio": 1e-300, "ratio_low": 5e-324, "ratio_high": 1e12},
        {"median_us": 1e-320, "low_us": 5e-324, "high_us": 1e15},
        {"ratio_low": -1.0},
        {"median_us": float("inf")},
        {"starts": 2**70},
        {"provider": "\ud800"},
    ],
    ids=str,
)
def test_that_a_card_with_figures_that_nothing_has_costs_its_own_run_alone(
    history: History, tmp_path: Path, figures: dict[str, object], words: tuple[str, ...]
) -> None:
    store(tmp_path / "runs", series([1.2] * 12))
    last = max((tmp_path / "runs").iterdir()) / "run.json"
    card = json.loads(last.read_text())
    card["summary"]["rows"][1].update(figures)
    last.write_text(json.dumps(card).replace("Infinity", "1e999"))
    outcome = history([], "mine", *words)
    assert outcome.code == 0, outcome.err
    if words == ("--json",):
        assert len(outcome.json[0]["runs"]) == 11


def test_that_without_a_baseline_times_are_told_and_a_step_has_its_direction(
    history: History,
) -> None:
    made = [replace(one, has_baseline=False) for one in series([1.0] * 10 + [1.25] * 8)]
    outcome = history(made, "mine")
    assert "µs, lower is faster; no baseline ran beside most of the runs" in outcome.out
    assert "<- faster by 25 %" in outcome.out or "<- faster by 2" in outcome.out


def test_that_another_unit_of_an_operator_is_no_step(history: History) -> None:
    whole = [replace(one, has_baseline=False) for one in series([1.0] * 20)]
    made = [replace(one, per=16 if one.commit > 9 else 1) for one in whole]
    (told,) = history(made, "mine", "--json").json
    assert (told["what"], told["steps"]) == ("µs/token", [])
    assert all(run["value"] == pytest.approx(100 / 16, rel=0.1) for run in told["runs"])


def test_that_commits_stand_in_their_own_order_whenever_they_were_run(history: History) -> None:
    made = series([1.2] * 10 + [1.1] * 8)
    told = history(made[::-1], "mine", "--json").json[0]
    assert [point["commit"] for point in told["points"]] == [name_of(n) for n in range(18)]
    assert told["steps"][0]["commit"] == name_of(10)
    assert told["steps"][0]["slower"] is True


def test_that_all_forms_tell_the_same_points(history: History) -> None:
    made = series([1.2] * 9 + [1.1] * 9, each=2)
    document = history(made, "mine", "--json").json[0]
    rows = list(csv.DictReader(io.StringIO(history([], "mine", "--csv").out)))
    assert [row["commit"] for row in rows] == [point["commit"] for point in document["points"]]
    assert [float(row["value"]) for row in rows] == [p["value"] for p in document["points"]]
    assert {row["runs"] for row in rows} == {"2"}
    assert [row["commit"] for row in rows if row["step"] == "1"] == [name_of(9)]


def test_that_filters_choose_runs_and_nothing_left_is_said(history: History) -> None:
    made = series([1.2] * 12)
    others = [replace(one, case="M=32 N=64 fp16", branch="fast") for one in series([1.2] * 12)]
    history([*made, *others], "mine")
    assert history([], "mine", "--case", "M=32,N=64").out.startswith("mine on M=32 N=64 fp16")
    assert history([], "mine", "--branch", "fast").out.startswith("mine on M=32 N=64 fp16")
    nobody = history([], "somebody")
    assert nobody.code == 2
    assert "that timed 'somebody' fits what was asked for" in nobody.err
    both = history([], "mine", "--json", "--csv")
    assert both.code == 2


def test_that_of_several_series_one_of_no_commit_says_what_its_runs_are(history: History) -> None:
    edited = [replace(one, case="M=32 N=64 fp16", is_clean=False) for one in series([1.2] * 3)]
    told = history([*series([1.2] * 12), *edited], "mine").out.splitlines()
    assert told[-1] == (
        "  mine on M=32 N=64 fp16, back_to_back: not enough runs: 0, 10 are the fewest; "
        "3 runs for no commit"
    )


def test_that_the_chart_is_drawn_alike_each_time_and_only_into_svg(
    history: History, tmp_path: Path
) -> None:
    made = series([1.2] * 10 + [1.1] * 8)
    made.append(replace(made[-1], is_clean=False))
    place = tmp_path / "drawn.svg"
    assert history(made, "mine", "-o", str(place)).code == 0
    drawn = place.read_bytes()
    assert b"<svg" in drawn
    assert name_of(10)[:10].encode() in drawn
    assert b"slower by" in drawn
    assert history([], "mine", "-o", str(place)).code == 0
    assert place.read_bytes() == drawn
    assert history([], "mine", "-o", str(tmp_path / "drawn.png")).code == 2
    place.unlink()
    all_of_them = history([], "-o", str(place))
    assert all_of_them.code == 2, "ratios, and the baseline's own times"
    assert "have no axis in common: times as fast as reference, µs" in all_of_them.err
    assert not place.exists()
    assert history([], "--time", "-o", str(place)).code == 0


def test_that_a_drawing_for_which_there_is_no_room_leaves_the_one_of_before(
    history: History, tmp_path: Path
) -> None:
    with mounted(tmp_path / "disk", "size=8k") as disk:
        (disk / "drawn.svg").write_text("of before")
        outcome = history(series([1.2] * 12), "mine", "-o", str(disk / "drawn.svg"))
        assert outcome.code == 2
        assert "No space left on device" in outcome.err
        assert [(one.name, one.read_text()) for one in disk.iterdir()] == [
            ("drawn.svg", "of before")
        ]


def test_that_a_history_imports_nothing_heavy(tmp_path: Path) -> None:
    store(tmp_path / "runs", series([1.2] * 10 + [1.1] * 8))
    program = (
        "import sys\nfrom orchestrator.cli.app import run\n"
        "code = run(['--runs', 'runs', 'history', 'mine', '--json'])\n"
        "heavy = {'numpy', 'scipy', 'matplotlib', 'pydantic', 'paramiko', 'jinja2'}\n"
        "print(code, sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", program]
    for _ in range(2):  # the first one makes the index
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True, env={**os.environ}
        )
    assert done.stderr.splitlines()[-1] == "0 []"
    assert json.loads(done.stdout)[0]["state"] == "step found"


def test_that_twins_are_told_by_the_mark_of_the_contract() -> None:
    assert AT == request.AT
