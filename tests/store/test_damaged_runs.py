"""Run files that no honest tool wrote: each is refused with file, key and reason, and hides no
other run. Many of these were found by `make fuzz`."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.errors import ExitCode, RunError
from orchestrator.store.runs.run_store import RunStore
from orchestrator.workflows.publishing.publish import publish
from remote_payload.contract import codec
from tests.cli.comparing import AGAIN, MADE, store
from tests.fuzz.reading import nonsense
from tests.report import synthetic
from tests.store.schema_one import on_few_lines

NESTED = "[" * 100_000 + "]" * 100_000
FILES = ("run.json", "request.json", "result.json", "end.json", "price.json")


@pytest.fixture
def two_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of one run, beside another; both read well."""
    monkeypatch.chdir(tmp_path)
    for name in (MADE, AGAIN):
        result = synthetic.gpu_result()
        store(tmp_path, name, result)
        folder = tmp_path / "runs" / name
        (folder / "request.json").write_text(codec.dumps(result.request))
        (folder / "end.json").write_text('{"why": "exit", "exit_status": 0}')
        (folder / "price.json").write_text(
            '{"charges": [{"usd_per_hour": 3.29, "duration_s": 340.0}]}'
        )
    return tmp_path / "runs" / MADE


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(["--runs", "runs", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


READERS = (
    ("runs",),
    ("runs", "--json"),
    ("runs", "show", MADE, "--json"),
    ("report", MADE),
    ("report", "latest"),
    ("compare", MADE, AGAIN),
    ("compare", AGAIN, MADE, "--json"),
    ("logs", MADE),
)


@pytest.mark.parametrize("text", [NESTED, '{"a":' * 5_000, "", "\x00", "[]", "7", "\ufeff{}"])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_no_bug_of_ours_and_hides_no_other_run(
    two_runs: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    (two_runs / name).write_text(text)
    for words in READERS[:3]:
        code, out, err = called(capsys, *words)
        assert code in (ExitCode.OK, ExitCode.USAGE), (words, err)
        assert "show" in words or AGAIN in out
    listed = json.loads(called(capsys, "runs", "--json")[1])
    states = {row["run"]: row["status"] for row in listed}
    needed = name in ("run.json", "result.json", "end.json")
    assert states == {MADE: "damaged" if needed else "ok", AGAIN: "ok"}
    if needed:
        (row,) = [row for row in listed if row["run"] == MADE]
        assert row["reason"].startswith(f"{name}: not valid JSON")


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("result.json", '"seed": 42', f'"seed": 1{"0" * 400}', "401 digits, more than 64 bits"),
        ("result.json", '"seed": 42', f'"seed": {"9" * 5000}', "5000 digits, more than 64 bits"),
        ("result.json", '"seed": 42', '"seed": NaN', "NaN is not strict JSON"),
        ("result.json", '"seed": 42', '"seed": 1e400', "seed: expected int, got float"),
        ("result.json", '"seconds": 10.0', '"seconds": 1e400', "expected a finite number"),
        ("result.json", '"seconds": 10.0', f'"seconds": 1{"0" * 400}', "more than 64 bits"),
        ("result.json", '"seconds": 10.0', '"seconds": -5', "seconds: -5, expected at least 0"),
        (
            "result.json",
            '"H", 96',
            '"H", 0',
            "request.cases[4].axes: heads: expected 1 or more, got 0",
        ),
        (
            "result.json",
            '"H", 96',
            '"H", 9223372036854775807',
            "axes[1][1]: 9.22337e+18, expected at most",
        ),
        (
            "result.json",
            '"H", 96',
            '"H", 96], ["H", 8',
            "cases[4].axes: the axis 'H' is given twice",
        ),
        (
            "result.json",
            '"H", 96',
            '"H", true',
            "cases[4].axes: heads: expected a number, got True",
        ),
        ("result.json", '"H", 96', '"H", "x"', "cases[4].axes: heads: expected a number, got 'x'"),
        ("result.json", '["H", 96], ', "", "cases[4].axes: heads: its value is missing"),
        ("result.json", '["H", 96]', '["Hkv", 8], ["H", 96]', "expected those of B=16 H=96 Hkv=8 "),
        ("result.json", '["H", 96]', '["Z", 96]', "cases[4].axes: Z: attention has no such axis"),
        (
            "result.json",
            '"operator": "attention"',
            '"operator": 7',
            "operator: expected str, got int",
        ),
        ("result.json", '"schema": 2', '"schema": 0', "schema: 0, expected at least 1"),
        ("result.json", '"schema": 2', '"schema": 1', "case: unknown key in a file of schema 1"),
        ("result.json", '"sm_count": 132', '"sm_count": -132', "sm_count: -132, expected"),
        ("result.json", '"status": "ok"', '"status": []', "status: expected a word, got list"),
        ("run.json", '"verb": "profile"', '"verb": null', "verb: expected str, got null"),
        ("run.json", '"verb"', '"' + "v" * 7000 + '"', "vvvv"),
        ("end.json", '"exit_status": 0', '"exit_status": 1e308', "expected int, got float"),
        ("end.json", '"exit_status": 0', f'"exit_status": {2**62}', "exit_status: 4.6"),
    ],
)
def test_what_cannot_be_is_named_by_file_and_key_in_a_line(
    two_runs: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    old: str,
    new: str,
    complaint: str,
) -> None:
    text = on_few_lines((two_runs / name).read_text())
    assert old in text
    (two_runs / name).write_text(text.replace(old, new))
    for words in (("report", MADE), ("runs", "show", MADE)):
        code, _, err = called(capsys, *words)
        assert code == ExitCode.USAGE, err
        first = err.splitlines()[0]
        assert f"{name}: " in first
        assert complaint in first
        assert len(first) < 600
    assert f"{AGAIN}  " in called(capsys, "runs")[1]


def test_half_a_character_in_a_reason_is_shown_as_an_escape(
    two_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = two_runs / "result.json"
    path.write_text(path.read_text().replace('"cpu": "SYNTHETIC CPU"', '"cpu": "\\ud800 CPU"'))
    assert called(capsys, "report", MADE)[0] == ExitCode.OK
    assert "ud800 CPU" in (two_runs / "report.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("key", "figure"),
    [
        ("max_abs", -1.7e308),
        ("max_abs", 1e100),
        ("max_rel", -1.0),
        ("worst_got", 1e100),
        ("nan", -1),
    ],
)
def test_an_error_that_no_kernel_can_make_is_damage_and_no_figure(
    two_runs: Path, capsys: pytest.CaptureFixture[str], key: str, figure: float
) -> None:
    document = json.loads((two_runs / "result.json").read_text())
    document["checks"][0]["error"][key] = figure
    (two_runs / "result.json").write_text(json.dumps(document))
    code, _, err = called(capsys, "report", MADE)
    assert code == ExitCode.USAGE
    assert f"checks[0].error.{key}: " in err
    assert "expected at" in err


@pytest.mark.parametrize(
    ("key", "name", "said"),
    [
        ("host", "a\0b", "'a\\x00b' holds a NUL, which no name does"),
        ("run_id", "a\0b", "'a\\x00b' is no run id"),
        ("run_id", "../../etc", "'../../etc' is no run id"),
        ("run_id", "", "'' is no run id"),
        ("run_id", "-h", "'-h' is no run id"),
        ("run_id", "latest", "'latest' is no run id"),
        ("run_id", "a b\n", "'a b\\n' is no run id"),
        ("run_id", "x" * 5000, f"'{'x' * 60}…' is no run id"),
    ],
)
def test_a_name_that_can_be_none_is_damage_for_every_reader(
    two_runs: Path, capsys: pytest.CaptureFixture[str], key: str, name: str, said: str
) -> None:
    card = json.loads((two_runs / "run.json").read_text())
    (two_runs / "run.json").write_text(json.dumps({**card, key: name}))
    for reader in READERS:
        code, out, err = called(capsys, *reader)
        reads_it = MADE in reader and reader[0] != "logs"
        assert code == (ExitCode.USAGE if reads_it else ExitCode.OK), err
        assert (f"{key}: {said}" in err) == reads_it
        assert reader[:2] != ("runs",) or f"{MADE:<44} damaged    run.json: {key}: {said}" in out


@pytest.mark.parametrize("sample", ["5e-324", "1e300", "-1.0", "0", "1e-9"])
def test_samples_that_no_call_can_take_are_a_measurement_error_and_no_figure(
    two_runs: Path, sample: str
) -> None:
    document = json.loads((two_runs / "result.json").read_text())
    for record in document["bench"]:
        record["samples_us"] = [float(sample) for _ in record["samples_us"]]
    (two_runs / "result.json").write_text(json.dumps(document))
    report = publish(RunStore(two_runs.parent).load(two_runs), two_runs).report
    assert not report.ok
    assert "MEASUREMENT ERROR" in report.verdict
    assert nonsense("", report.markdown) == ""


def test_a_rate_beyond_any_machine_is_a_measurement_error_also_on_an_unknown_one(
    two_runs: Path,
) -> None:
    document = json.loads((two_runs / "result.json").read_text())
    document["machine"]["gpu"] = "NVIDIA X1"
    for facts in document["cases"]:
        facts["work"]["flop"] *= 10**8
    (two_runs / "result.json").write_text(json.dumps(document))
    report = publish(RunStore(two_runs.parent).load(two_runs), two_runs).report
    assert "more than any machine computes" in report.verdict


@pytest.mark.parametrize("name", ["result.json", "end.json", "request.json", "run.json"])
@pytest.mark.timeout(20)
def test_what_is_no_file_is_not_waited_for(
    two_runs: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    made: tuple[Callable[[Path], object], ...] = (
        lambda path: path.mkdir(),
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path.name),
    )
    for make in made:
        path = two_runs / name
        path.unlink() if not path.is_dir() else path.rmdir()
        make(path)
        code, out, err = called(capsys, "runs", "--json")
        assert code == ExitCode.OK, err
        assert AGAIN in out
        code, _, err = called(capsys, "runs", "show", MADE)
        assert code in (ExitCode.OK, ExitCode.USAGE), err


def _a_folder(path: Path) -> None:
    path.mkdir()
    (path / "notes.txt").touch()


@pytest.mark.parametrize(
    "make",
    [_a_folder, os.mkfifo, lambda path: path.symlink_to("nowhere"), lambda path: path.touch()],
    ids=["a folder", "a FIFO", "a link to nowhere", "empty"],
)
def test_a_run_with_whatever_in_its_cards_place_is_listed_and_the_hint_removes_it(
    two_runs: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], object]
) -> None:
    (two_runs / "run.json").unlink()
    make(two_runs / "run.json")
    states = {row["run"]: row["status"] for row in json.loads(called(capsys, "runs", "--json")[1])}
    assert states == {MADE: "damaged", AGAIN: "ok"}
    for reference in (MADE, f"runs/{MADE}"):
        code, _, err = called(capsys, "report", reference)
        assert (code, f" runs rm {MADE}`" in err) == (ExitCode.USAGE, True), err
    assert called(capsys, "runs", "rm", MADE, "--yes")[0] == 0
    assert not two_runs.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "inventory.yaml:1: nested too deeply"),
        ("\nhosts: {" + "{ " * 100_000, "inventory.yaml:2: nested too deeply"),
        ("x: " + "y" * 5_000_000, "5,000,003 characters, which no inventory has"),
    ],
)
@pytest.mark.timeout(20)
def test_an_inventory_without_end_is_refused_at_once(
    two_runs: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    Path("inventory.yaml").write_text(text)
    began = time.process_time()
    code, _, err = called(capsys, "hosts")
    assert code == ExitCode.USAGE
    assert said in err
    assert time.process_time() - began < 1.0
    assert AGAIN in called(capsys, "runs")[1]


def _gone(path: Path) -> None:
    path.unlink()


def _a_circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("harm", "said"), [(_gone, "It was moved or removed"), (_a_circle, "lead round in a circle")]
)
def test_a_file_that_is_not_there_to_be_read_is_not_called_damaged(
    harm: Callable[[Path], None], said: str, two_runs: Path
) -> None:
    harm(two_runs / "request.json")
    with pytest.raises(RunError, match=r"request\.json: ") as told:
        RunStore(two_runs.parent).request(two_runs)
    assert said in told.value.hint
    assert "damaged" not in told.value.hint
