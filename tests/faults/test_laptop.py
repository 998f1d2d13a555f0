"""The laptop's side ends early, is interrupted, or has no room."""

from __future__ import annotations

import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.conftest import (
    COUNTS,
    FINISH,
    Laptop,
    WhenSeen,
    ended,
    held,
    kill_sessions,
    processes_of,
)
from tests.ssh.server import Keys, serve

KILLS = 10
NEVER_STARTED = "knows no run"


def test_a_profile_killed_at_ten_random_moments_is_brought_home_by_attach(laptop: Laptop) -> None:
    laptop.payload(
        "artifact('a.bin', os.urandom(2_000_000))\n" + COUNTS.replace("0.02", "0.005") + FINISH
    )
    began = time.monotonic()
    assert laptop.run("profile").code == 0
    usual_s = time.monotonic() - began
    shutil.rmtree(laptop.root / "runs")
    moments = random.Random(20261122)
    whole = 0
    for _ in range(KILLS):
        process = laptop.start("profile")
        time.sleep(moments.uniform(0.2, 1.0) * usual_s)
        process.kill()
        process.wait()
        runs = list((laptop.root / "runs").glob("*/run.json"))
        for run in (card.parent for card in runs):
            outcome, there = laptop.run("attach", run.name), laptop.workspace / "jobs" / run.name
            if NEVER_STARTED in outcome.err:
                # Killed before the job was submitted: nothing runs there, and it says so.
                assert not there.exists()
                continue
            assert outcome.code == 0, outcome.err
            assert (run / "result.json").read_bytes() == (there / "result.json").read_bytes()
            assert (run / "log.txt").read_bytes() == (there / "log.txt").read_bytes()
            assert (run / "artifacts/a.bin").read_bytes() == (
                there / "artifacts/a.bin"
            ).read_bytes()
            assert not list(run.rglob("*.partial"))
            assert processes_of(there) == []
            whole += 1
        for run in (card.parent for card in runs):
            shutil.rmtree(run)
    assert whole > 0


SMALL = ("--batch", "1", "--heads", "2", "--seq", "64", "--providers", "sdpa")
REAL_PROFILE = ("profile", *SMALL, "--arch", "sm_90a", "--rounds", "20", "--starts", "2")
# What the host has reached when the laptop's side is killed.
BUILT, CHECKED, TIMING = "build: ", "check: ok", "cold start 1 of 2, round 1 of "


# Two real builds at once: nvcc alone takes a minute of CPU time each.
@pytest.mark.timeout(600)
def test_a_profile_killed_three_times_whose_port_changes_ends_with_the_undisturbed_report(
    laptop: Laptop, second_laptop: Laptop, keys: Keys, tmp_path: Path
) -> None:
    """With the payload as it is shipped, and torch on the CPU."""
    laptop.payload_as_shipped()
    shutil.rmtree(second_laptop.root / "remote_payload")
    shutil.copytree(laptop.root / "remote_payload", second_laptop.root / "remote_payload")
    second_laptop.workspace = tmp_path / "undisturbed"  # with a build of its own, as the other
    second_laptop.describe(workspace=str(second_laptop.workspace))
    undisturbed = second_laptop.start(*REAL_PROFILE)
    with serve(tmp_path / "before", keys) as server:
        laptop.describe(port=server.port)
        process = laptop.start(*REAL_PROFILE)
        for reached in (BUILT, CHECKED, TIMING):
            laptop.wait_for_log(reached, 240)
            assert process.poll() is None
            process.kill()
            process.wait()
            process = laptop.start("attach")
        process.kill()
        process.wait()
    with serve(tmp_path / "after", keys) as server:
        laptop.describe(port=server.port)
        outcome = laptop.run("attach")
        assert outcome.code == 0, outcome.err
    assert ended(undisturbed, 240).code == 0
    laptop.assert_whole()
    assert report(laptop) == report(second_laptop)


# Said by a loaded machine only; a quiet one has time for all of them.
_LESS = "(?:calls|warm-ups) per sample|samples per round|threads of torch"
CUT = rf"(?m)^- Cut short, bench: .*(?:{_LESS}).*\n"
# What may differ between two reports of the same work, and nothing else: see `report`.
MASKED = (
    # The run: its name, its moments, and the bits of a library that was compiled twice.
    (r"\d{8}-\d{6}-pod-profile", "RUN"),
    (r"(?m)^(\| (?:Created|Started|Finished|Library digest) \| ).*", r"\1…"),
    # How long the compiler took.
    (r"(?m)^(\| sm_90a \| ok \| )[\d.]+", r"\1…"),
    # Figures of the bench: the headline's, those of Method, and doubts about them.
    (
        r"(?m)^# (?:OK|UNSTEADY)( on .*: sdpa takes ).*( on B=1 H=2 S=64 .*)",
        r"# …\1…\2",
    ),
    (r"(?m)^(sparsek was not timed; ).*", r"\1…"),
    (r"(?m)^(\| Can.I.trust.it\? \| ).*", r"\1…"),
    (r"(?m)^(\| What.ran\? \| .*, )(?:\d+ min )?\d+ s \|", r"\1… |"),
    (r"(?m)^- Doubt: .*\n", ""),
    (r"(?m)^(- Noise floor, \w+: up to )[\d.,]+ %", r"\1…"),
    (r"(?m)^(\| torch \| .*, )\d+ threads?", r"\1… threads"),
    # What the machine did meanwhile.
    (r"looking took [\d.]+ % of one CPU", "looking took … of one CPU"),
    (r"(?m)^(\| B=1 [^|]*\| \w+ \| )\d+ .*", r"\1…"),
    # By how long a call took: how many to warm up with, and to time.
    (r"\d+ warm-ups?, \d+ calls? per sample", "… calls per sample"),
    (CUT, ""),
    (r"(?m)^\| [\d.]+ ±.*", "| … |"),
    (r"(Method: how figures were taken, and ).*(?=<)", r"\1…"),
    # A row of results: median, p20/p80, CV, starts × rounds, TFLOPS.
    (r"(?m)^(\| sdpa \| B=1 [^|]*)((?: \|[^|]*){5})( \| no roof known)", r"\1…\3"),
)


def report(laptop: Laptop) -> str:
    """The report but for what two runs of the same work need not have in common."""
    text = (laptop.folder() / "report.md").read_text()
    for pattern, instead in MASKED:
        text, found = re.subn(pattern, instead, text)
        assert found or "Doubt" in pattern or pattern == CUT, pattern
    return text


def test_ctrl_c_once_detaches_says_so_and_the_job_goes_on(laptop: Laptop) -> None:
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.send_signal(signal.SIGINT)
    outcome = ended(process)
    assert outcome.code == 130
    assert "press Ctrl-C again within 2 s to cancel" in outcome.err
    assert f"inventory.yaml attach {laptop.folder().name}" in outcome.err
    assert laptop.run("attach").code == 0
    laptop.assert_whole()


def test_ctrl_c_twice_cancels_and_brings_home_what_there_is(laptop: Laptop) -> None:
    laptop.payload(COUNTS * 20 + FINISH)
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    outcome = ended(process)
    assert "cancelling run" in outcome.err
    assert "was cancelled" in outcome.err + outcome.out
    assert processes_of(laptop.job()) == []
    here, there = laptop.folder() / "log.txt", laptop.job() / "log.txt"
    assert here.read_bytes() == there.read_bytes()


def test_ctrl_c_while_the_host_is_away_detaches_as_well(
    laptop: Laptop, keys: Keys, tmp_path: Path
) -> None:
    with serve(tmp_path / "sshd", keys) as server:
        laptop.describe(port=server.port)
        process = laptop.start("profile")
        laptop.wait_for_log()
        kill_sessions(server)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    outcome = ended(process)
    assert outcome.code in (130, 0)
    assert "Traceback" not in outcome.err


def test_a_full_disk_of_the_laptop_is_told_and_attach_finishes_when_there_is_room(
    laptop: Laptop, small_disk: Path
) -> None:
    laptop.payload("artifact('big.bin', os.urandom(6_000_000))\n" + FINISH)
    (laptop.root / "runs").symlink_to(small_disk)
    outcome = laptop.run("profile")
    assert outcome.code == 2, outcome.err
    assert "No space left on device" in outcome.err
    assert "The job is safe on its host" in outcome.err
    assert not list(laptop.folder().rglob("*.partial"))
    subprocess.run(["mount", "-o", "remount,size=32m", str(small_disk)], check=True)
    assert laptop.run("attach").code == 0
    laptop.assert_whole()


def test_a_file_here_that_differs_from_the_hosts_is_fetched_again(laptop: Laptop) -> None:
    laptop.payload("artifact('a.bin', b'0123456789' * 1000)\n" + FINISH)
    assert laptop.run("profile").code == 0
    file = laptop.folder() / "artifacts" / "a.bin"
    file.write_bytes(b"x" + file.read_bytes()[1:])
    assert laptop.run("attach").code == 0
    laptop.assert_whole()


def test_an_attach_from_a_second_terminal_disturbs_nobody(laptop: Laptop) -> None:
    first = laptop.start("profile")
    laptop.wait_for_log()
    second = laptop.start("attach")
    outcomes = [ended(process) for process in (first, second)]
    assert [outcome.code for outcome in outcomes] == [0, 0], outcomes
    assert "another terminal follows" in outcomes[1].err
    laptop.assert_whole()


def test_a_job_that_was_never_submitted_is_told_apart_from_a_lost_one(laptop: Laptop) -> None:
    """As a laptop leaves it that died between making the run and asking for the job."""
    assert laptop.run("profile").code == 0
    job = laptop.job()
    for name in held(job):
        (job / name).unlink()
    for folder in sorted((p for p in job.rglob("*") if p.is_dir()), reverse=True):
        folder.rmdir()
    job.rmdir()
    outcome = laptop.run("attach")
    assert outcome.code == 2
    assert NEVER_STARTED in outcome.err
    assert "never started there, or has been removed" in outcome.err


def test_watching_nothing_but_a_dead_terminal_ends_quietly(laptop: Laptop) -> None:
    process = laptop.start("profile")
    laptop.wait_for_log()
    assert process.stdout is not None
    process.stdout.close()
    hung_up = WhenSeen(
        lambda: "line 50" in laptop.job().joinpath("log.txt").read_text(),
        lambda: process.send_signal(signal.SIGHUP),
    )
    process.wait(30)
    assert hung_up.done
    assert laptop.run("attach").code == 0
    laptop.assert_whole()
