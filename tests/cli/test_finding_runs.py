"""Runs listed, found, tagged, pruned and packed, as commands do it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.app import run
from orchestrator.errors import UsageError
from orchestrator.here.committed import commit
from remote_payload.contract.words import Status
from tests.cli.conftest import REPOSITORY, Outcome
from tests.index.kept import COMMITS, RESULTS, Runs, at
from tests.report import synthetic
from tests.ssh.terminal import on_terminal
from tests.store.trees import git

Cli = Callable[..., Outcome]
FIRST, SECOND, THIRD, LAST = (
    "20261101-101530-h100-bench",
    "20261102-101530-b200-profile",
    "20261103-101530-h100-check",
    "20261104-101530-h100-bench",
)


@pytest.fixture
def cli(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    """Four runs, the last of which is not home, and the command line beside them."""
    runs.home(FIRST, revisions=at(COMMITS[0]), tags=("paper",))
    runs.home(SECOND, revisions=at(COMMITS[1], False, "x"), result=synthetic.gpu_result())
    failed = replace(RESULTS["cpu"], status=Status.FAILED, reason="it is wrong")
    runs.home(THIRD, result=failed)
    runs.made(LAST)
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Outcome:
        capsys.readouterr()
        code = run(words)
        seen = capsys.readouterr()
        return Outcome(int(code), seen.out, seen.err)

    return call


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs")


def names(outcome: Outcome) -> list[str]:
    assert outcome.code == 0, outcome.err
    return [line.split()[0] for line in outcome.out.splitlines()]


def test_that_runs_are_listed_the_newest_last_with_what_they_came_to(cli: Cli) -> None:
    listed = cli("runs")
    assert names(listed) == [FIRST, SECOND, THIRD, LAST]
    lines = listed.out.splitlines()
    assert lines == cli("runs", "list").out.splitlines()
    assert lines[0].startswith(f"{FIRST:<44} ok         OK: sdpa takes ")
    assert lines[1].startswith(f"{SECOND:<44} ok         sparsek is FASTER than sdpa on ")
    assert lines[2] == f"{THIRD:<44} failed     it is wrong"
    assert lines[3] == f"{LAST:<44} pending    bring it home: orchestrator attach {LAST}"
    assert listed.err == f"next: orchestrator attach {LAST}\n"


def test_that_the_step_after_a_list_shows_its_last_run_of_whatever_verb(
    cli: Cli, runs: Runs
) -> None:
    turn = "20261105-101530-h100-watch"
    runs.home(turn)
    for words, last in (("runs",), turn), (("runs", "--verb", "check"), THIRD):
        step = cli(*words).err.splitlines()[-1]
        assert step == f"next: orchestrator runs show {last}"
        assert cli(*step.split()[2:]).out.startswith(f"run       {last}\n")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("--verb bench", [FIRST, LAST]),
        ("--host h100", [FIRST, THIRD, LAST]),
        ("--operator attention --limit 1", [LAST]),
        ("--operator rmsnorm", []),
        ("--provider sparsek", [SECOND]),
        ("--gpu h100", [SECOND]),
        ("--status failed", [THIRD]),
        ("--status ok --limit 1", [SECOND]),
        ("--tag paper", [FIRST]),
        ("--branch x", [SECOND]),
        (f"--commit {COMMITS[0][:6]}", [FIRST]),
        ("--since 2026-11-03", [THIRD, LAST]),
        ("--since 2026-11-02T10:15:31Z --until 2026-11-03", [THIRD]),
        ("--until 2026-11-01", [FIRST]),
        ("--since 52w --status pending", [LAST]),
        ("--sort status", [THIRD, FIRST, SECOND, LAST]),
        ("--sort -run --limit 2", [SECOND, FIRST]),
    ],
)
def test_that_a_list_leaves_out_what_is_not_asked_for(
    cli: Cli, options: str, found: list[str]
) -> None:
    outcome = cli("runs", "list", *options.split())
    assert names(outcome) == found
    if not found:
        assert "is of that kind" in outcome.err


@pytest.mark.parametrize(
    "option", ["--host", "--tag", "--gpu", "--verb", "--branch", "--provider", "--status"]
)
@pytest.mark.parametrize("word", ["\udcff", ", ", '", "', "\0", "%", "'"], ids=ascii)
def test_that_a_word_that_no_run_has_finds_none(
    cli: Cli, runs: Runs, option: str, word: str
) -> None:
    assert cli("runs", "tag", FIRST, "best").code == 0
    outcome = cli("runs", "list", option, word)
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    assert "is of that kind" in outcome.err
    assert cli("history", word).code == 2


def test_that_a_name_in_git_that_looks_like_a_commit_is_that_name(
    cli: Cli, runs: Runs, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-q", "-b", "facade")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "a change")
    git(tmp_path, "tag", "20261122")
    here = commit(tmp_path, "HEAD").digest
    made = runs.home("20261105-101530-h100-bench", revisions=at(here)).name
    for name in ("facade", "20261122", here[:7], here):
        assert cli("runs", "list", "--commit", name).out.split()[0] == made, name
    assert cli("runs", "list", "--commit", COMMITS[0][:6]).out.split()[0] == FIRST


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--columns run,size", "unknown column 'size'; known: run, status"),
        ("--sort size", "there is no column 'size'; known: run, status"),
        ("--since yesterday", "'yesterday' is no time; expected 2026-11-22"),
        ("--since 20261122", "'20261122' is no time; expected 2026-11-22"),
        ("--since 2026-W47", "'2026-W47' is no time; expected 2026-11-22"),
        ("--since 999999w", "'999999w' is no time; expected 2026-11-22"),
        ("--since 0001-01-01T00:00:00+14:00", "is no time; expected 2026-11-22"),
        ("--limit 0", "expected a whole number from 1"),
        ("--json --csv", "--json and --csv are two forms"),
        ("--commit nothing", "error: --commit nothing: "),
    ],
)
def test_that_what_a_list_cannot_do_is_said(cli: Cli, words: str, complaint: str) -> None:
    outcome = cli("runs", "list", *words.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert complaint in outcome.err


def test_that_a_host_is_not_asked_for_what_only_we_know(cli: Cli) -> None:
    outcome = cli("runs", "--host", "local", "--tag", "paper")
    assert outcome.code == 2
    assert "runs list --host local --tag" in outcome.err


def test_that_programs_get_json_and_csv_with_all_there_is(cli: Cli) -> None:
    listed: list[dict[str, Any]] = cli("runs", "list", "--json").json
    assert [row["run"] for row in listed] == [FIRST, SECOND, THIRD, LAST]
    second = listed[1]
    assert (second["commit"], second["clean"], second["branch"]) == (COMMITS[1], False, "x")
    assert (second["gpu"], second["providers"]) == (synthetic.H100, ["sdpa", "sparsek"])
    assert (second["status"], second["reason"], second["changed"]) == ("ok", "", "")
    assert len(second["cases"]) == 6
    rows = [*csv.DictReader(io.StringIO(cli("runs", "list", "--csv").out))]
    assert [row["run"] for row in rows] == [FIRST, SECOND, THIRD, LAST]
    assert rows[1]["commit"] == f"{COMMITS[1][:10]}+"
    assert rows[2]["what"] == "it is wrong"
    few = cli("runs", "list", "--columns", "run,tags", "--csv").out
    assert few.splitlines()[:2] == ["run,tags", f"{FIRST},paper"]
    (row,) = cli("runs", "list", "--columns", "run,tags", "--json", "--tag", "paper").json
    assert row == {"run": FIRST, "tags": "paper"}
    assert cli("runs", "list", "--json", "--tag", "none").json == []


def test_that_a_table_fits_the_terminal(cli: Cli, tmp_path: Path) -> None:
    command = ("sh", "-c", f"exec {sys.executable} -m orchestrator runs >/dev/tty")
    environment = {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "80"}
    with on_terminal(command, tmp_path, environment) as terminal:
        assert terminal.exit_status() == 0
        terminal.read_for(0.2)
        shown = terminal.shown
    lines = [line for line in shown.replace("\r", "").splitlines() if line.startswith("2026")]
    assert len(lines) == 4
    assert max(map(len, lines)) <= 80
    assert "paper" in lines[0]
    assert f"{COMMITS[1][:10]}+" in lines[1]
    assert lines[1].endswith("…")


def test_that_tags_and_notes_are_given_found_and_taken_off(cli: Cli, runs: Runs) -> None:
    assert cli("runs", "tag", THIRD, "best", "old").out == f"{THIRD}: best, old\n"
    assert cli("runs", "show", "best").out.splitlines()[0].split() == ["run", THIRD]
    assert cli("runs", "tag", "best", "old", "--remove").out == f"{THIRD}: best\n"
    assert cli("runs", "note", "best", "with a slow clock").out == f"{THIRD}: with a slow clock\n"
    shown = cli("runs", "show", "best").out
    assert "tags      best\nnote      with a slow clock\n" in shown
    assert "changed" not in shown
    assert cli("report", "best").code == 0
    assert names(cli("runs", "list", "--tag", "best")) == [THIRD]
    assert cli("runs", "note", "best", "").out == f"{THIRD}: no note\n"
    for words in (("best", "latest"), ("best", "-x"), ("best", "a b"), ("best", "")):
        assert cli("runs", "tag", "--", *words).code == 2
    assert cli("runs", "tag", "best", "10.20.30.40").code == 2
    for verb in ("check", "deploy"):
        refused = cli(verb, "--host", "local", "--tag", "10.20.30.40")
        assert refused.code == 2
        assert "'10.20.30.40' looks like an address" in refused.err
    with pytest.raises(UsageError, match="looks like an address"):
        runs.made("20261105-101530-h100-bench", tags=("10.20.30.40",))
    assert runs.store.load(runs.store.folder(THIRD)).card.tags == ("best",)


def test_that_pruning_spares_what_is_tagged_and_what_is_not_home(
    cli: Cli, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("runs", "prune").code == 2
    told = cli("runs", "prune", "--keep", "0", "--dry-run")
    assert told.out.splitlines() == [f"would remove {SECOND}", f"would remove {THIRD}"]
    assert len(runs.entries()) == 4
    assert cli("runs", "prune", "--older-than", "2026-11-01", "--yes").out == ""
    assert cli("runs", "prune", "--keep", "2", "--yes").out == f"removed {SECOND}\n"
    assert cli("runs", "prune", "--keep", "0", "--verb", "bench", "--yes").out == ""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    kept = cli("runs", "prune", "--keep", "0")
    assert "all kept" in kept.err, "nobody answered"
    assert names(cli("runs")) == [FIRST, THIRD, LAST]


def test_that_pruning_tells_truly_what_became_of_a_run_while_it_asked(
    cli: Cli, runs: Runs, tmp_path: Path
) -> None:
    command = (sys.executable, "-m", "orchestrator", "runs", "prune", "--keep", "0")
    with on_terminal(command, tmp_path, {"PYTHONPATH": str(REPOSITORY)}) as terminal:
        terminal.read_until("[y/N]")
        assert cli("runs", "rm", SECOND, "--yes").code == 0
        assert cli("runs", "tag", THIRD, "best").code == 0
        terminal.type("y")
        assert terminal.exit_status() == 0
        terminal.read_for(0.2)
        assert f"{SECOND} is gone already" in terminal.shown
        assert f"kept {THIRD}, which has a tag by now" in terminal.shown
    assert THIRD in names(cli("runs"))


def test_that_pruning_by_time_spares_the_day_itself_and_what_has_no_time(
    cli: Cli, runs: Runs
) -> None:
    unknown = runs.home("mine-h100-bench", created_at="unknown").name
    for never in ("2026-11-02", "2026-10-01T00:00:00Z", "999w"):
        told = cli("runs", "prune", "--older-than", never, "--dry-run")
        assert (told.code, told.out) == (0, ""), never
    for then in ("2026-11-03", "2026-11-02T11:15:31+01:00"):
        told = cli("runs", "prune", "--older-than", then, "--dry-run")
        assert told.out == f"would remove {SECOND}\n", then
    assert unknown not in cli("runs", "list", "--until", "2026-11-30").out


def test_that_runs_are_packed_and_taken_in_again(cli: Cli, runs: Runs, tmp_path: Path) -> None:
    packed = cli("runs", "archive", "paper")
    assert packed.out == f"{FIRST}.tar.gz: 1 run, 4 files\n"
    assert cli("runs", "archive", "paper").code == 2, "it is there already"
    assert cli("runs", "archive", "paper", SECOND).code == 2
    assert cli("runs", "archive", "paper", SECOND, "--to", "both.zip").code == 2
    assert cli("runs", "archive", "paper", SECOND, "--to", "both.tgz").code == 0
    assert cli("runs", "rm", "paper", "--yes").out == f"removed {FIRST}\n"
    taken = cli("runs", "import", "both.tgz")
    assert taken.out == f"{tmp_path / 'runs' / FIRST}\n"
    assert f"{SECOND} is here already" in taken.err
    assert names(cli("runs", "list", "--tag", "paper")) == [FIRST]
    assert cli("--runs", "elsewhere", "runs", "import", f"{FIRST}.tar.gz").code == 0
    assert names(cli("--runs", "elsewhere", "runs")) == [FIRST]
    assert cli("runs", "import", "nothing.tar.gz").code == 2


def test_that_a_list_loads_nothing_that_it_has_no_use_for(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text("hosts: {h100: {transport: local}}\n")
    time.sleep(0.1)  # what was written a moment ago is looked at again
    assert cli("runs").code == 0
    probe = (
        "import json, sys; from orchestrator.cli.app import run; run(['runs'])\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    *lines, loaded = told.stdout.splitlines()
    assert len(lines) == 4
    heavy = {
        "numpy",
        "scipy",
        "pydantic",
        "paramiko",
        "matplotlib",
        "ruamel.yaml",
        "jinja2",
        "rich",
    }
    heavy |= {
        f"orchestrator.{room}" for room in ("report", "performance", "transport", "workflows")
    }
    heavy |= {"orchestrator.store.inventory.reading", "orchestrator.store.runs.run_store"}
    assert not heavy & set(json.loads(loaded))


def test_that_words_which_become_private_are_masked_from_then_on(
    cli: Cli, runs: Runs, tmp_path: Path
) -> None:
    failed = replace(RESULTS["cpu"], status=Status.FAILED, reason="no answer from gpu-box-17 there")
    runs.home("20261105-101530-h100-bench", result=failed, summarised=False)
    assert "gpu-box-17" in cli("runs").out
    (tmp_path / "inventory.yaml").write_text(
        "hosts: {h100: {transport: ssh, address: gpu-box-17, user: me}}\n"
    )
    for form in ((), ("--json",), ("--csv",)):
        listed = cli("runs", *form).out
        assert "gpu-box-17" not in listed
        assert "no answer from (private) there" in listed
