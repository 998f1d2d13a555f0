"""Runs that a host keeps: listed, fetched into another store, and their logs read."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from tests.cli.conftest import REPOSITORY, Project
from tests.cli.quick import quick_payload
from tests.ssh.server import SshServer

STAYS = "print('began', flush=True)\ntime.sleep(300)\n"


@pytest.fixture
def elsewhere(project: Project, sshd: SshServer, tmp_path: Path) -> tuple[str, ...]:
    """The options of a second laptop, for which a first one made a run on the host."""
    project.add_ssh_host(sshd)
    quick_payload(project.root)
    assert project.orchestrator("check").code == ExitCode.OK
    return ("--runs", str(tmp_path / "second laptop"))


def the_run(project: Project) -> str:
    return next((project.root / "runs").glob("[!.]*")).name


def test_a_run_started_elsewhere_is_listed_and_fetched_with_its_report(
    project: Project, elsewhere: tuple[str, ...], tmp_path: Path
) -> None:
    run = the_run(project)
    listed = project.orchestrator(*elsewhere, "runs", "--host", "pod", "--json").json
    assert listed == [
        {
            "run": run,
            "state": "ended",
            "words": "ended by itself with status 0",
            "exit_status": 0,
            "here": "only there",
        }
    ]
    plain = project.orchestrator(*elsewhere, "runs", "--host", "pod")
    assert plain.err.endswith(f" runs fetch {run} --host pod\n")
    assert f"next: orchestrator --runs '{elsewhere[1]}' " in plain.err
    fetched = project.orchestrator(*elsewhere, "runs", "fetch", run[:12], "--host", "pod")
    assert fetched.code == ExitCode.OK, fetched.err
    there, here = project.root / "runs" / run, tmp_path / "second laptop" / run
    for name in ("result.json", "request.json", "log.txt", "end.json"):
        assert (here / name).read_bytes() == (there / name).read_bytes()
    assert Path(fetched.out.strip()) == here / "report.md"
    card = project.orchestrator(*elsewhere, "runs", "show", run, "--json").json["card"]
    mine = project.orchestrator("runs", "show", run, "--json").json["card"]
    same = ("run_id", "verb", "snapshot", "workspace", "created_at", "host", "operator", "cases")
    assert mine["cases"], "or there was nothing to keep"
    assert {key: card[key] for key in same} == {key: mine[key] for key in same}
    assert card["reproduce"] == "unknown"
    assert {entry.name for entry in here.parent.iterdir()} == {run}


@pytest.mark.parametrize(
    ("verb", "more"), [("deploy", ()), ("ceilings", ()), ("prove", ()), ("bench", ("--heads", "8"))]
)
def test_every_verb_that_makes_runs_is_told_after_they_were_fetched(
    project: Project, sshd: SshServer, tmp_path: Path, verb: str, more: tuple[str, ...]
) -> None:
    project.add_ssh_host(sshd)
    quick_payload(project.root)
    project.orchestrator(verb, *more)
    run, other = the_run(project), ("--runs", str(tmp_path / "second"))
    fetched = project.orchestrator(*other, "runs", "fetch", run, "--host", "pod")
    assert fetched.code == ExitCode.OK, fetched.err
    report = Path(fetched.out.strip()).read_text()
    (ran,) = [line for line in report.splitlines() if "ran? |" in line]
    assert run in ran
    assert run.endswith(f"-pod-{verb}")
    assert f"\nverb      {verb}\n" in project.orchestrator(*other, "runs", "show", run).out
    assert project.orchestrator(*other, "attach", run, "--json").json["run"] == run
    assert Path(fetched.out.strip()).read_text() == report, "as before"


def test_fetch_all_brings_what_is_missing_and_a_second_time_nothing(
    project: Project, elsewhere: tuple[str, ...]
) -> None:
    assert project.orchestrator("check").code == ExitCode.OK
    first = project.orchestrator(*elsewhere, "runs", "fetch", "--all", "--host", "pod")
    assert first.code == ExitCode.OK, first.err
    again = project.orchestrator(*elsewhere, "runs", "fetch", "--all", "--host", "pod")
    assert len(first.out.splitlines()) >= 2
    assert again.out == ""
    assert "is here already" in again.err


def test_a_run_started_here_whose_download_was_lost_is_fetched_with_its_own_card(
    project: Project, elsewhere: tuple[str, ...]
) -> None:
    folder = project.root / "runs" / the_run(project)
    card, whole = (folder / "run.json").read_bytes(), (folder / "result.json").read_bytes()
    (folder / "end.json").unlink()
    (folder / "result.json").unlink()
    listed = project.orchestrator("runs", "--host", "pod", "--json").json
    assert "started here, not pulled" in {row["here"] for row in listed}
    assert project.orchestrator("runs", "fetch", folder.name, "--host", "pod").code == ExitCode.OK
    assert (folder / "result.json").read_bytes() == whole
    assert (folder / "run.json").read_bytes() == card


def test_a_run_that_left_no_result_is_fetched_with_its_log_and_says_so(
    project: Project, sshd: SshServer, tmp_path: Path
) -> None:
    project.add_ssh_host(sshd)
    quick_payload(project.root, "print('about to fail', flush=True)\nsys.exit(7)\n")
    assert project.orchestrator("check").code != ExitCode.OK
    other = ("--runs", str(tmp_path / "second"))
    run = the_run(project)
    fetched = project.orchestrator(*other, "runs", "fetch", run, "--host", "pod")
    assert fetched.code == ExitCode.OK, fetched.err
    assert "NO RESULT" in Path(fetched.out.strip()).read_text()
    assert "about to fail" in project.orchestrator(*other, "logs", run).out
    assert project.orchestrator(*other, "runs", "--json").json[0]["status"] == "lost"


@pytest.fixture
def going_on(project: Project, sshd: SshServer) -> Iterator[str]:
    """A run of another laptop that goes on until the test ends."""
    project.add_ssh_host(sshd)
    quick_payload(project.root, STAYS)
    words = [sys.executable, "-m", "orchestrator", "--runs", "first", "check"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        words, cwd=project.root, env=environment, stderr=subprocess.PIPE
    ) as other:
        try:
            log = wait_for_log(project.root / "first")
            yield log.parent.name
            cancelled = project.orchestrator("--runs", "first", "cancel", log.parent.name)
            assert cancelled.code == ExitCode.OK, cancelled.err
        finally:
            other.kill()


def wait_for_log(runs: Path) -> Path:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for log in runs.glob("*/log.txt"):
            if b"began" in log.read_bytes():
                return log
        time.sleep(0.05)
    raise AssertionError("the run did not begin")


def test_a_run_that_goes_on_is_listed_so_read_but_not_fetched(
    project: Project, going_on: str
) -> None:
    listed = project.orchestrator("runs", "--host", "pod", "--json").json
    assert {row["run"]: row["state"] for row in listed}[going_on] == "running"
    refused = project.orchestrator("runs", "fetch", going_on, "--host", "pod")
    assert refused.code == ExitCode.USAGE
    assert "still goes on" in refused.err
    assert not (project.root / "runs" / going_on).exists()
    read = project.orchestrator("logs", going_on, "--host", "pod")
    assert read.out == "began\n"
    assert f"run {going_on} goes on" in read.err


def test_a_run_that_waits_says_for_which(project: Project, going_on: str) -> None:
    words = [sys.executable, "-m", "orchestrator", "--runs", "second", "check"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        words, cwd=project.root, env=environment, stderr=subprocess.PIPE
    ) as other:
        try:
            deadline = time.monotonic() + 20
            waits = f"waits for {going_on} to leave the device"  # for a moment it is but queued
            while ("queued", waits) not in (seen := states(project)):
                assert time.monotonic() < deadline, seen
        finally:
            other.kill()


def states(project: Project) -> list[tuple[str, str]]:
    rows = project.orchestrator("runs", "--host", "pod", "--json").json
    return [(row["state"], row["words"]) for row in rows]


@pytest.mark.parametrize("words", [(), ("one", "--all")])
def test_fetch_wants_one_run_or_all(project: Project, words: tuple[str, ...]) -> None:
    assert project.orchestrator("runs", "fetch", *words, "--host", "local").code == ExitCode.USAGE


def test_a_run_the_host_does_not_know_is_an_error_that_says_where_to_look(project: Project) -> None:
    missing = project.orchestrator("runs", "fetch", "2099", "--host", "local")
    assert missing.code == ExitCode.USAGE
    assert "orchestrator runs --host local" in missing.err


def test_logs_shows_text_without_progress_marks_or_control_characters(project: Project) -> None:
    quick_payload(
        project.root,
        "from remote_payload.contract.words import PROGRESS_MARK\n"
        'print(PROGRESS_MARK + \'{"stage": "check", "done": 1, "total": 2, "label": "x"}\')\n'
        "print('\\x1b]0;owned\\x07red \\x1b[31m\\u202e end')\n"
        "sys.stdout.buffer.write(b'\\xff\\n')\n"
        "print('last, without a line end', end='')\n"
        "answer()\n",
    )
    assert project.orchestrator("check").code == ExitCode.OK
    shown = project.orchestrator("logs")
    assert shown.out.splitlines() == [
        "\\x1b]0;owned\\x07red \\x1b[31m\\u202e end",
        "\N{REPLACEMENT CHARACTER}",
        "last, without a line end",
    ]
    run = the_run(project)
    assert shown.err == f"next: orchestrator report {run}\n"
    followed = project.orchestrator("logs", run, "-f")
    assert followed.out == shown.out
    assert "ended by itself with status 0" in followed.err
