"""Ctrl-C between the first and the last step of a run: what is said of the job is true."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.comparing import store
from tests.conftest import SshdVariant
from tests.faults.conftest import (
    COUNTS,
    FINISH,
    Laptop,
    Outcome,
    ended,
    laptop,
    processes_of,
    wait_until,
)
from tests.interrupts.conftest import AT_ONCE_S, Desk, Mute, interrupted
from tests.ssh.link import Loss, LossyLink
from tests.ssh.server import SshServer

__all__ = ["laptop"]
RUN = "20261122-101530-pod-check"
# What a second Ctrl-C is waited for.
SECOND_S = 2.0
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + COUNTS.replace(
    "100", "3000"
)


def pressed(process: subprocess.Popen[str], limit_s: float = AT_ONCE_S) -> Outcome:
    """What becomes of a command after a Ctrl-C."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    outcome = ended(process)
    assert time.monotonic() - began < limit_s, outcome.err
    assert "Traceback" not in outcome.err
    return outcome


def jobs_of(laptop: Laptop) -> list[Path]:
    jobs = laptop.workspace / "jobs"
    return list(jobs.iterdir()) if jobs.is_dir() else []


def test_before_the_host_has_heard_of_the_run_nothing_is_left_and_nothing_goes_on(
    laptop: Laptop, sshd_variant: SshdVariant
) -> None:
    """Its login hangs from the moment that the sources are there."""
    hold = f"ls -d {laptop.workspace}/snapshots/*/ >/dev/null 2>&1 && sleep 63"
    laptop.describe(port=sshd_variant(f'ForceCommand {hold}; eval "$SSH_ORIGINAL_COMMAND"').port)
    process = laptop.start("profile")
    wait_until(lambda: list((laptop.root / "runs").glob("*/run.json")), 30)
    time.sleep(0.5)
    outcome = pressed(process)
    assert outcome.code == 130
    assert "was not started; nothing is left" in outcome.err
    assert "goes on" not in outcome.err.replace("going on without a look", "")
    assert list((laptop.root / "runs").iterdir()) == []
    assert jobs_of(laptop) == []


def test_while_the_host_is_asked_it_is_not_known_whether_the_run_goes_on(laptop: Laptop) -> None:
    """A supervisor that takes its time leaves the question without an answer."""
    (laptop.root / "remote_payload" / "runner.py").write_text("import time; time.sleep(8)\n")
    process = laptop.start("profile")
    wait_until(lambda: jobs_of(laptop), 30)
    time.sleep(0.5)
    outcome = pressed(process, SECOND_S + AT_ONCE_S)
    assert outcome.code == 130
    assert "may have been started or not" in outcome.err
    assert "goes on" not in outcome.err
    assert f"inventory.yaml attach {laptop.folder().name}" in outcome.err


def test_while_a_host_cannot_be_reached_nobody_says_that_the_run_goes_on(
    desk: Desk, mute: type[Mute]
) -> None:
    server = mute()
    desk.describe(port=server.port)
    store(desk.root, RUN, None)
    with desk.types("attach", RUN, "--host", "pod") as terminal:
        assert server.met.wait(20)
        terminal.read_for(0.2)
        said = interrupted(terminal, limit_s=SECOND_S + AT_ONCE_S)
    assert "nobody has told how it is" in said
    assert "goes on" not in said


def test_while_another_terminal_follows_the_run_it_is_left_to_that(desk: Desk) -> None:
    store(desk.root, RUN, None)
    handle = os.open(desk.root / "runs" / RUN, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with desk.types("attach", RUN, "--host", "pod") as terminal:
        terminal.read_until("another terminal follows")
        said = interrupted(terminal)
    os.close(handle)
    assert "is left to the terminal that follows it" in said
    assert "goes on" not in said


def test_while_results_come_home_the_run_has_ended(laptop: Laptop, sshd: SshServer) -> None:
    laptop.payload("artifact('big.bin', os.urandom(9_000_000))\n" + FINISH)
    link = LossyLink(sshd.port, loss=Loss(share=0.0, bytes_per_s=1_500_000, round_trip_s=0.01))
    laptop.describe(port=link.port)
    process = laptop.start("profile")
    wait_until(lambda: list((laptop.root / "runs").glob("*/artifacts/*.partial")), 30)
    outcome = pressed(process)
    link.close()
    assert outcome.code == 130
    assert "has ended, and not all that it left is here yet" in outcome.err
    assert "goes on" not in outcome.err
    laptop.describe(port=sshd.port)
    assert laptop.run("attach").code == 0
    laptop.assert_whole()


def test_a_third_ctrl_c_leaves_while_the_job_is_being_cancelled(laptop: Laptop) -> None:
    laptop.payload(STUBBORN)
    process = laptop.start("profile")
    laptop.wait_for_log()
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.7)
    outcome = pressed(process)
    assert outcome.code == 130
    assert "may go on or not: it was being cancelled" in outcome.err
    assert f"orchestrator attach {laptop.folder().name}" in outcome.err
    wait_until(lambda: not processes_of(laptop.job()), 60)


def test_while_a_log_is_followed(laptop: Laptop) -> None:
    laptop.payload(COUNTS.replace("100", "500") + FINISH)
    run = laptop.start("profile")
    laptop.wait_for_log()
    process = laptop.start("logs", "latest", "-f")
    assert process.stdout is not None
    process.stdout.readline()
    assert pressed(process).code == 130
    assert run.poll() is None
    assert laptop.run("cancel").code == 0


def test_while_the_sources_go_into_a_line_that_swallows_everything(
    laptop: Laptop, sshd: SshServer
) -> None:
    (laptop.root / "csrc" / "noise.cu").write_bytes(random.Random(1).randbytes(30_000_000))
    link = LossyLink(sshd.port, loss=Loss(share=0.0, bytes_per_s=4_000_000, round_trip_s=0.01))
    laptop.describe(port=link.port)
    process = laptop.start("deploy", "--no-build")
    wait_until(lambda: list(laptop.workspace.glob("snapshots/.*")), 30)
    link.blackhole()
    time.sleep(1.0)
    outcome = pressed(process)
    link.close()
    assert outcome.code == 130
    assert "interrupted" in outcome.err


def test_while_git_hangs(desk: Desk) -> None:
    programs = desk.home / "bin"
    programs.mkdir()
    (programs / "git").write_text("#!/bin/sh\nsleep 64\n")
    (programs / "git").chmod(0o755)
    (desk.root / ".git").mkdir()
    with desk.types("deploy", "--dry-run", PATH=f"{programs}:{os.environ['PATH']}") as terminal:
        terminal.read_for(1.2)
        assert "interrupted" in interrupted(terminal)


@pytest.mark.parametrize("words", [("hosts", "status"), ("doctor",)])
def test_while_runpod_says_nothing(words: tuple[str, ...], desk: Desk, mute: type[Mute]) -> None:
    server = mute()
    desk.describe(address=None, port=None, runpod={"pod": "7h9k2m4n6p"})
    api = {"RUNPOD_API_URL": f"http://127.0.0.1:{server.port}", "RUNPOD_API_KEY": "rpa_1234567890"}
    with desk.types(*words, **api) as terminal:
        assert server.met.wait(20)
        terminal.read_for(0.2)
        assert "interrupted" in interrupted(terminal)
