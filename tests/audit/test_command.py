"""`orchestrator audit`: its exit codes, its two forms, its last line, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from tests.cli.conftest import Outcome

HONEST = "op,M,N,K,dtype,time_us,tflops\ngemm,1024,1024,1024,fp16,40.01,53.67\n"
LYING = HONEST.replace("53.67", "107.3")
SILENT = "name,time_us\na,40.01\n"
Command = Callable[..., Outcome]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.chdir(tmp_path)
    for name, text in (("honest", HONEST), ("lying", LYING), ("silent", SILENT)):
        (tmp_path / f"{name}.csv").write_text(text)

    def audit(*arguments: str) -> Outcome:
        code = run(["audit", *arguments])
        seen = capsys.readouterr()
        return Outcome(int(code), seen.out, seen.err)

    return audit


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["honest"], 0),
        (["lying"], 1),
        (["silent"], 6),
        (["honest", "lying"], 1),
        (["silent", "lying"], 1),
        (["honest", "silent"], 6),
    ],
    ids=str,
)
def test_that_the_exit_code_is_that_of_the_gravest_file(
    command: Command, files: list[str], code: int
) -> None:
    assert command(*(f"{name}.csv" for name in files)).code == code


def test_that_the_last_line_is_a_command_that_measures_the_case_anew(command: Command) -> None:
    again = "orchestrator bench --operator gemm --case M=1024,N=1024,K=1024 --dtype fp16"
    honest = command("honest.csv")
    assert honest.err == f"next: {again}\n"
    assert honest.out.startswith("# honest.csv: nothing contradicts, in 1 comparison; 1 doubt\n")
    assert command("lying.csv").err.endswith(f"  hint: {again}\n")
    assert command("silent.csv").err.endswith("  hint: orchestrator profile --host local\n")


def test_that_files_without_a_case_in_common_are_undecided(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "other.csv").write_text(HONEST.replace("1024,1024,1024", "512,2048,1024"))
    outcome = command("honest.csv", "other.csv")
    assert outcome.code == 6
    assert "no case in common: honest.csv and other.csv" in outcome.err


def test_that_programs_get_every_objection_with_its_arithmetic(command: Command) -> None:
    (found,) = command("lying.csv", "--json").json["files"]
    assert found["verdict"] == "contradicts itself or physics"
    assert found["objections"][0]["kind"] == "work counted wrongly"
    assert "53.67 TFLOPS: 2×" in found["objections"][0]["details"][0]["arithmetic"]
    assert {"key": "time_us", "meaning": "time"} in found["recognised"]


def test_that_what_is_not_recognised_is_named_and_never_called_fine(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "odd.csv").write_text("planet,moons\nmars,2\nvenus,0\n")
    outcome = command("odd.csv")
    assert outcome.code == 6
    assert "NOT JUDGED" in outcome.out.splitlines()[0]
    assert "Not recognised, and not judged: 2 rows without a known figure, moons." in outcome.out


BAD = {
    "empty": (b"", "it is empty"),
    "no text": (b"\x7fELF\0\0", "no text: byte 4 is a NUL"),
    "latin": (b"name,time_us\na,1\n\xe9,2\n", "line 3: no utf-8 text from byte 17 on"),
    "prose": (b"Everything was fine.\n", "no table in it"),
    "half": (b'{"results": [\n  {"time_us": 1.0},\n', "line 3, column 1: no valid JSON"),
    "a key twice": (b'{"time_us": 1, "time_us": 2}', "the key 'time_us' is given twice"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "digits": (b'{"time_us": ' + b"1" * 5000 + b"}", "a number of 5000 characters"),
    "many": (b"name,time_us\n" + b"a,1.5\n" * 50_001, "more than 50000 rows; so many are not read"),
}


@pytest.mark.parametrize(("data", "words"), BAD.values(), ids=BAD)
def test_that_a_file_that_is_none_is_refused_with_its_name_and_place(
    command: Command, tmp_path: Path, data: bytes, words: str
) -> None:
    (tmp_path / "bad").write_bytes(data)
    outcome = command("bad")
    assert outcome.code == 2
    assert "bad: " in outcome.err
    assert words in outcome.err
    assert "hint: " in outcome.err
    assert outcome.out == ""


def test_that_what_is_no_file_is_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "a folder, and not of a run: it has no run.json" in command("folder").err
    assert command("nowhere.csv").code == 2
    assert command("honest.csv", "./honest.csv").code == 2
    assert command().code == 2


def test_that_text_of_a_file_cannot_pass_for_ours_nor_play_with_the_terminal(
    command: Command, tmp_path: Path
) -> None:
    row = {"name": "\x1b[2J\nnext: rm", "p50_us": 2.0, "p90_us": 1.0}
    (tmp_path / "odd.json").write_text(json.dumps([row]))
    out = command("odd.json").out
    assert "\x1b" not in out
    assert "\\x1b[2J\\nnext: rm" in out


@pytest.mark.parametrize(
    "text",
    [
        "B,H,S,D,dtype,time_ms,tflops\n1,8,1e300,64,fp16,1.5,2.5\n",
        "name,baseline_time,ours_time,speedup\na,2.00,1e-308,3.00\n",
        "op,M,N,K,time_us,{0}tflops\ngemm,4096,4096,4096,1e-300,1e300\n",
        "provider,trial,time_us\n" + "".join(f"a,{n},{10.0 ** (60 * n)}\n" for n in range(5)),
    ],
)
def test_that_figures_that_nothing_has_are_objected_to_and_break_nothing(
    command: Command, tmp_path: Path, text: str
) -> None:
    (tmp_path / "odd.csv").write_text(text)
    assert command("odd.csv").code in (1, 6)
