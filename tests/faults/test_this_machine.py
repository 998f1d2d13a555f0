"""The disk, the rights and the limits of the laptop fail, or somebody tells us to end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.disks import immutable
from tests.faults.conftest import (
    COUNTS,
    FINISH,
    REPOSITORY,
    Laptop,
    Outcome,
    ended,
    processes_of,
    wait_until,
)
from tests.ssh.terminal import on_terminal

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


def assert_told(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 2, outcome.err
    assert "Traceback" not in outcome.err
    assert "bug of ours" not in outcome.err
    for word in words:
        assert word in outcome.err, outcome.err


def test_a_run_that_cannot_be_kept_here_is_not_started_and_leaves_no_folder(
    laptop: Laptop, small_disk: Path
) -> None:
    (laptop.root / "runs").symlink_to(small_disk)
    free = os.statvfs(small_disk)
    (small_disk / "full").write_bytes(bytes(free.f_bavail * free.f_frsize))
    outcome = laptop.run("profile")
    assert_told(outcome, "no run was made", "No space left on device", "hint: Make room")
    assert "goes on" not in outcome.err
    assert [item.name for item in small_disk.iterdir()] == ["full"]
    assert not (laptop.workspace / "jobs").exists()


def gone(laptop: Laptop) -> None:
    """In one step: what is written meanwhile would keep its folder."""
    moved(laptop)
    shutil.rmtree(laptop.root / "elsewhere")


def moved(laptop: Laptop) -> None:
    (laptop.root / "runs").rename(laptop.root / "elsewhere")


@pytest.mark.parametrize("spoil", [gone, moved])
def test_a_run_whose_folder_goes_while_it_is_followed_goes_on_and_can_be_fetched(
    laptop: Laptop, spoil: Callable[[Laptop], None]
) -> None:
    process = laptop.start("profile")
    laptop.wait_for_log()
    run_id = laptop.folder().name
    spoil(laptop)
    outcome = ended(process)
    assert_told(outcome, run_id, "The job goes on at pod")
    step = re.search(r"Then: orchestrator --inventory \S+ (runs fetch .*)", outcome.err)
    assert step is not None, outcome.err
    wait_until((laptop.job() / "end.json").exists)
    fetched = laptop.run(*step[1].split())
    assert fetched.code == 0, fetched.err
    laptop.assert_whole()


def test_a_disk_that_becomes_read_only_while_a_run_is_followed_is_told(
    laptop: Laptop, small_disk: Path
) -> None:
    (laptop.root / "runs").symlink_to(small_disk)
    words = ["mount", "-o", "remount,ro", str(small_disk)]
    process = laptop.start("profile")
    laptop.wait_for_log()
    # A file that is open for writing at this moment holds it off.
    wait_until(lambda: subprocess.run(words, capture_output=True, check=False).returncode == 0)
    outcome = ended(process)
    assert_told(outcome, "Read-only file system", "The job goes on at pod", "yaml attach 2")
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert laptop.run("attach").code == 0
    laptop.assert_whole()


def test_files_that_may_not_come_into_the_runs_folder_stay_safe_on_the_host(
    laptop: Laptop,
) -> None:
    laptop.payload(COUNTS + "artifact('a.bin', b'x' * 1000)\n" + FINISH)
    process = laptop.start("profile")
    laptop.wait_for_log()
    with immutable(laptop.folder()):
        outcome = ended(process)
    assert_told(outcome, "Operation not permitted", "The job is safe on its host", "attach")
    assert not list(laptop.folder().rglob("*.partial"))
    assert laptop.run("attach").code == 0
    laptop.assert_whole()


def test_a_store_of_host_keys_that_cannot_be_written_is_named(laptop: Laptop) -> None:
    laptop.describe(host_key=None)
    (laptop.root / ".orchestrator").write_text("a file where the folder should be")
    outcome = laptop.run("deploy", "--no-build", "--accept-new-host-key")
    assert_told(outcome, ".orchestrator")
    assert "network" not in outcome.err
    (laptop.root / ".orchestrator").unlink()
    assert laptop.run("deploy", "--no-build", "--accept-new-host-key").code == 0
    known = laptop.root / ".orchestrator" / "known_hosts"
    laptop.run("hosts", "trust", "pod")
    known.chmod(0o444)
    outcome = laptop.run("deploy", "--no-build", "--accept-new-host-key")
    assert_told(outcome, "known_hosts cannot be written: it is read-only")


def test_too_many_open_files_are_told_as_that(laptop: Laptop, tmp_path: Path) -> None:
    place = tmp_path / "here"
    (laptop.root / "inventory.yaml").write_text(
        f"hosts: {{here: {{transport: local, workspace: {place}}}}}\n"
    )
    line = f"ulimit -n 8; exec {sys.executable} -m orchestrator --inventory "
    line += f"{laptop.root}/inventory.yaml deploy --no-build"
    words = ["sh", "-c", line]
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert_told(Outcome(done.returncode, done.stdout, done.stderr), "Too many open files", "ulimit")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_is_told_with_what_goes_on_and_the_way_back(
    laptop: Laptop, number: signal.Signals
) -> None:
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.send_signal(number)
    outcome = ended(process)
    assert outcome.code == 128 + number
    assert f"ended by {number.name}" in outcome.err
    assert "The job goes on at pod" in outcome.err
    # As it is pasted: with the inventory, without which nothing is found from here.
    inventory = laptop.root / "inventory.yaml"
    assert f"orchestrator --inventory {inventory} attach {laptop.folder().name}" in outcome.err
    assert laptop.run("attach").code == 0
    laptop.assert_whole()


def test_a_signal_before_the_job_was_asked_for_leaves_nothing_behind(laptop: Laptop) -> None:
    (laptop.root / "csrc" / "weights.bin").write_bytes(os.urandom(40_000_000))
    process = laptop.start("profile")
    wait_until((laptop.workspace / "snapshots").exists)
    process.terminate()
    outcome = ended(process)
    assert outcome.code == 128 + signal.SIGTERM, outcome.err
    assert "goes on" not in outcome.err
    assert not list((laptop.root / "runs").glob("*"))
    assert not (laptop.workspace / "jobs").exists()


def test_a_hang_up_that_is_to_be_ignored_is(laptop: Laptop) -> None:
    words = ["nohup", sys.executable, "-m", "orchestrator", "--inventory"]
    process = subprocess.Popen(
        [*words, str(laptop.root / "inventory.yaml"), "profile"],
        cwd=laptop.root.parent,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    laptop.started.append(process)
    laptop.wait_for_log()
    process.send_signal(signal.SIGHUP)
    assert ended(process).code == 0
    laptop.assert_whole()


@pytest.mark.parametrize("times", [1, 2])
def test_the_cursor_comes_back_when_a_signal_ends_the_program(laptop: Laptop, times: int) -> None:
    words = [sys.executable, "-m", "orchestrator", "--inventory"]
    words += [str(laptop.root / "inventory.yaml"), "profile"]
    with on_terminal(words, laptop.root.parent, {"PYTHONPATH": str(REPOSITORY)}) as terminal:
        terminal.read_until(HIDE_CURSOR)
        laptop.wait_for_log()
        for _ in range(times):
            terminal.send(signal.SIGTERM)
        assert terminal.exit_status() == 128 + signal.SIGTERM
        assert terminal.shown.rindex(SHOW_CURSOR) > terminal.shown.rindex(HIDE_CURSOR)
        if times == 1:
            assert "ended by SIGTERM" in terminal.shown
            assert f"inventory.yaml attach {laptop.folder().name}" in terminal.shown
    wait_until((laptop.job() / "end.json").exists)
    assert processes_of(laptop.job()) == []


def test_work_that_does_not_let_go_is_ended_all_the_same(laptop: Laptop, tmp_path: Path) -> None:
    """Cleaning up hangs, as behind a dead network disk."""
    program = tmp_path / "hangs.py"
    program.write_text(
        "import sys, time\n"
        "from orchestrator.cli.screen import signals\n"
        "signals._CLEANING_UP_S = 0.3\n"
        "signals.install()\n"
        "try:\n    print('ready', flush=True); time.sleep(60)\n"
        "finally:\n    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(program)],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    laptop.started.append(process)
    assert process.stdout is not None
    process.stdout.readline()
    began = time.monotonic()
    process.terminate()
    assert process.wait(30) == 128 + signal.SIGTERM
    assert time.monotonic() - began < 20
