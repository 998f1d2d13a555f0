"""Jobs of a host whose names or results are not what they ought to be, on the command line."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.errors import ExitCode
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.workflows.test_remote_runs import ENDED, REQUEST, alive, job

AT = "2026-11-22T10:15:30Z"
FIRST, OTHER = "20261122-101530-h100-bench", "20261123-101530-h100-bench"

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line in a folder whose inventory has one host; (exit code, stdout, stderr)."""
    host = {"transport": "local", "workspace": str(tmp_path / "w"), "python": sys.executable}
    (tmp_path / "inventory.yaml").write_text(json.dumps({"hosts": {"pod": host}}))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(("--inventory", "inventory.yaml", *arguments))
        seen = capsys.readouterr()
        return int(code), seen.out, seen.err

    return call


def measured(run_id: str, workspace: Path, owner: str = "a" * 32) -> Path:
    """A job that has ended with a result, as its host keeps it."""
    request = replace(REQUEST, run_id=run_id)
    result = codec.dumps(Result(request, Status.OK, "", AT, AT))
    folder = job(workspace, run_id, end=ENDED, request=codec.dumps(request), result=result)
    (folder / "owner").write_text(owner)
    return folder


def owned_by_another(folder: Path) -> None:
    card = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(card | {"owner": "b" * 32}))


def test_a_hosts_job_called_latest_never_becomes_what_latest_means(
    cli: Cli, tmp_path: Path
) -> None:
    measured(FIRST, tmp_path / "w")
    measured("latest", tmp_path / "w")
    measured("latest-2", tmp_path / "w")
    code, out, said = cli("runs", "--host", "pod", "--json")
    assert [row["run"] for row in json.loads(out)] == [FIRST, "latest-2"]
    assert "no run of ours, and passed over in jobs/ of pod (this machine): 'latest'" in said
    code, _, said = cli("runs", "fetch", "latest", "--host", "pod")
    assert (code, "keeps no run 'latest'" in said) == (ExitCode.USAGE, True)
    assert cli("runs", "fetch", "--all", "--host", "pod")[0] == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [FIRST, "latest-2"]


def test_latest_is_the_run_made_last_also_where_a_folder_is_called_so(
    cli: Cli, tmp_path: Path
) -> None:
    """Older versions brought a job of that name here."""
    for name in (FIRST, OTHER):
        measured(name, tmp_path / "w")
    assert cli("runs", "fetch", "--all", "--host", "pod")[0] == 0
    (tmp_path / "runs" / FIRST).rename(tmp_path / "runs" / "latest")
    assert cli("runs", "show", "latest")[1].splitlines()[0].split() == ["run", OTHER]
    assert cli("runs", "show", "runs/latest")[1].splitlines()[0].split() == ["run", FIRST]
    assert cli("runs", "rm", "latest", "--yes")[1] == f"removed {OTHER}\n"


@pytest.mark.parametrize("request_there", [None, "{"], ids=["no request", "a damaged one"])
@pytest.mark.parametrize("verb", [("runs", "fetch"), ("attach",)], ids=" ".join)
def test_a_result_that_names_another_run_is_refused_also_where_nothing_tells_what_was_asked(
    cli: Cli, tmp_path: Path, verb: tuple[str, ...], request_there: str | None
) -> None:
    theirs = measured(OTHER, tmp_path / "w")
    mine = measured(FIRST, tmp_path / "w")
    (mine / "result.json").write_bytes((theirs / "result.json").read_bytes())
    (mine / "request.json").unlink()
    if request_there:
        (mine / "request.json").write_text(request_there)
    code, _, said = cli(*verb, FIRST, "--host", "pod")
    assert code == ExitCode.USAGE, said
    assert f"run_id is '{OTHER}', not '{FIRST}': this is the result of another run" in said


def test_a_result_of_the_run_itself_tells_what_was_asked_where_nothing_else_does(
    cli: Cli, tmp_path: Path
) -> None:
    (measured(FIRST, tmp_path / "w") / "request.json").unlink()
    assert cli("runs", "fetch", FIRST, "--host", "pod")[0] == 0
    kept = (tmp_path / "runs" / FIRST / "request.json").read_text()
    assert codec.loads(Request, kept) == replace(REQUEST, run_id=FIRST)


def test_a_job_of_another_with_the_name_of_a_run_here_keeps_fetch_all_from_nothing(
    cli: Cli, tmp_path: Path
) -> None:
    measured(FIRST, tmp_path / "w")
    assert cli("runs", "fetch", FIRST, "--host", "pod")[0] == 0
    owned_by_another(tmp_path / "runs" / FIRST)
    measured(OTHER, tmp_path / "w")
    code, out, said = cli("runs", "fetch", "--all", "--host", "pod")
    assert (code, OTHER in out) == (0, True), said
    assert f"not fetched, since another run here has the name: {FIRST}; " in said
    code, out, said = cli("runs", "fetch", "--all", "--host", "pod")
    assert (code, out) == (0, "")
    assert "every other ended run of pod is here already" in said
    assert FIRST in said


def renamed(cli: Cli, tmp_path: Path) -> Path:
    """A run that was brought home, in a folder of another name."""
    measured(FIRST, tmp_path / "w")
    assert cli("runs", "fetch", FIRST, "--host", "pod")[0] == 0
    mine = tmp_path / "runs" / "mine"
    return (tmp_path / "runs" / FIRST).rename(mine)


def test_a_run_whose_folder_was_renamed_is_here_and_not_fetched_once_more(
    cli: Cli, tmp_path: Path
) -> None:
    mine = renamed(cli, tmp_path)
    (row,) = json.loads(cli("runs", "--host", "pod", "--json")[1])
    assert row["here"] == "here"
    assert cli("runs", "--host", "pod")[1].split()[:4] == [FIRST, "here,", "in", "mine"]
    code, out, said = cli("runs", "fetch", "--all", "--host", "pod")
    assert (code, out) == (0, ""), said
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["mine"]
    owned_by_another(mine)
    assert cli("runs", "fetch", "--all", "--host", "pod")[0] == 0
    assert (tmp_path / "runs" / FIRST).is_dir(), "that one is another run"


@pytest.mark.parametrize(
    "words", [("runs", "fetch", "--all"), ("runs", "fetch", FIRST), ("attach", FIRST)], ids=" ".join
)
@pytest.mark.parametrize("place", ["free", "another's"])
def test_a_run_whose_folder_was_renamed_while_it_went_on_comes_home_into_that_folder(
    cli: Cli, tmp_path: Path, words: tuple[str, ...], place: str
) -> None:
    mine = renamed(cli, tmp_path)
    if place == "another's":
        shutil.copytree(mine, tmp_path / "runs" / FIRST)
        owned_by_another(tmp_path / "runs" / FIRST)
    for name in ("result.json", "end.json"):
        (mine / name).unlink()
    before = sorted((tmp_path / "runs").iterdir())
    assert json.loads(cli("runs", "--host", "pod", "--json")[1])[0]["here"].startswith("started")
    # A name that is taken here means what is here.
    words = ("attach", "mine") if words[0] == "attach" and place != "free" else words
    code, _, said = cli(*words, "--host", "pod")
    assert code == 0, said
    assert (mine / "result.json").is_file()
    assert "mine" in said.splitlines()[-1]
    assert sorted((tmp_path / "runs").iterdir()) == before


def test_of_two_copies_of_a_run_that_goes_on_neither_is_taken_for_it(
    cli: Cli, tmp_path: Path
) -> None:
    mine = renamed(cli, tmp_path)
    for name in ("result.json", "end.json"):
        (mine / name).unlink()
    shutil.copytree(mine, mine.with_name("copy"))
    assert cli("runs", "fetch", "--all", "--host", "pod")[0] == 0
    assert not (mine / "result.json").exists()
    assert (mine.with_name(FIRST) / "result.json").is_file()


def test_a_renamed_run_that_goes_on_is_named_by_its_folder_in_the_next_step(
    cli: Cli, tmp_path: Path
) -> None:
    mine = renamed(cli, tmp_path)
    (tmp_path / "w" / "jobs" / FIRST / "end.json").unlink()
    (tmp_path / "w" / "jobs" / FIRST / "status.json").write_text(json.dumps(alive("running")))
    for name in ("result.json", "end.json"):
        (mine / name).unlink()
    _, out, said = cli("runs", "--host", "pod")
    assert "started here, not pulled, in mine" in out
    assert said.endswith(" attach mine\n")
    assert cli("logs", FIRST, "--host", "pod")[2].endswith(" attach mine\n")


def test_a_renamed_run_with_a_damaged_card_is_named_to_its_host_as_it_was_asked_for(
    cli: Cli, tmp_path: Path
) -> None:
    (renamed(cli, tmp_path) / "run.json").write_text("")
    said = cli("report", "mine")[2]
    assert " runs rm mine`, then `" in said
    assert f" attach {FIRST} --host NAME`" in said
    code, out, said = cli("cancel", "mine", "--host", "pod")
    assert (code, out) == (
        0,
        f"nothing cancelled: run {FIRST} ended by itself with status 1 before\n",
    )
    assert said.endswith(" runs rm mine\n")


def test_a_link_beside_the_job_that_it_leads_to_is_not_that_job_once_more(
    cli: Cli, tmp_path: Path
) -> None:
    jobs = measured(FIRST, tmp_path / "w").parent
    for name in ("0", "zz"):
        (jobs / name).symlink_to(FIRST)
    elsewhere = measured(OTHER, tmp_path / "w").rename(tmp_path / "on a larger disk")
    (jobs / OTHER).symlink_to(elsewhere)
    _, out, said = cli("runs", "--host", "pod", "--json")
    assert [row["run"] for row in json.loads(out)] == [FIRST, OTHER]
    assert "passed over in jobs/ of pod (this machine): '0', 'zz'" in said
    assert cli("runs", "fetch", "--all", "--host", "pod")[0] == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [FIRST, OTHER]


def test_a_fetch_that_is_refused_leaves_nothing_here(cli: Cli, tmp_path: Path) -> None:
    there = job(tmp_path / "w", FIRST, end=ENDED)
    (there / "log.txt").unlink()
    (there / "log.txt").mkdir()
    code, _, said = cli("runs", "fetch", FIRST, "--host", "pod")
    assert (code, "'log.txt' is not a file of a run" in said) == (ExitCode.UNFIT, True), said
    assert [*(tmp_path / "runs").iterdir()] == []


def test_a_job_of_which_only_the_request_cannot_be_taken_is_fetched_without_it(
    cli: Cli, tmp_path: Path
) -> None:
    there = job(tmp_path / "w", FIRST, end=ENDED)
    (there / "log.txt").unlink()
    os.mkfifo(there / "request.json")
    code, _, said = cli("runs", "fetch", FIRST, "--host", "pod")
    assert code == 0, said
    assert "'request.json' is no regular file" in said


@pytest.mark.parametrize("more", [(), ("--runs", "runs")], ids=["", "with --runs"])
def test_the_hint_that_keeps_anothers_run_elsewhere_is_accepted_as_it_is_printed(
    cli: Cli, tmp_path: Path, more: tuple[str, ...]
) -> None:
    measured(FIRST, tmp_path / "w")
    assert cli("runs", "fetch", FIRST, "--host", "pod")[0] == 0
    owned_by_another(tmp_path / "runs" / FIRST)
    code, _, said = cli(*more, "runs", "fetch", FIRST, "--host", "pod")
    assert code == ExitCode.USAGE
    found = re.search(r"elsewhere: (orchestrator .*)", said)
    assert found, said
    program, inventory, path, *words = shlex.split(found[1])
    assert (program, inventory, path) == ("orchestrator", "--inventory", "inventory.yaml")
    assert cli(*words)[0] == 0
    assert (tmp_path / "FOLDER" / FIRST / "result.json").is_file()


@pytest.mark.parametrize("what", [("--all",), (OTHER,)], ids=["all", "one"])
def test_a_run_whose_end_makes_no_sense_is_named_and_hides_no_other(
    cli: Cli, tmp_path: Path, what: tuple[str, ...]
) -> None:
    measured(FIRST, tmp_path / "w")
    odd = measured(OTHER, tmp_path / "w")
    (odd / "end.json").write_text(json.dumps({"why": "zzz", "exit_status": 0, "message": ""}))
    code, out, err = cli("runs", "fetch", *what, "--host", "pod")
    assert code == ExitCode.UNFIT, err
    assert f"run {OTHER} is damaged: what its host tells of it makes no sense" in err
    assert f"jobs/{OTHER} of the host's workspace" in err
    assert "goes on" not in err
    assert (FIRST in out) is (what == ("--all",))
    assert not (tmp_path / "runs" / OTHER).exists()
