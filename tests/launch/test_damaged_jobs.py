"""A job whose own files are damaged, as one that writes where it should not leaves them: it hides
no other job, nothing waits for it without end, and it can be cancelled."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import HostUnfit
from orchestrator.launch.base import DAMAGED
from orchestrator.values.job import Ending
from tests.faults.conftest import alive, wait_until
from tests.launch.conftest import Bench

SLEEPS = "print('line', flush=True); time.sleep(300)\n"
AT_ONCE_S = 15.0
PROCESSES = Path(__file__).parents[2] / "remote_payload" / "agent" / "processes.py"


def _facts(job: Path) -> dict[str, object]:
    facts: dict[str, object] = json.loads((job / "status.json").read_text())
    return facts


def _a_word_for_a_number(job: Path) -> None:
    (job / "status.json").write_text(json.dumps({**_facts(job), "runner_pid": "one"}))


def _a_number_beyond_all(job: Path) -> None:
    (job / "status.json").write_text(json.dumps({**_facts(job), "runner_pid": 10**30}))


def _half(job: Path) -> None:
    (job / "status.json").write_text("{")


def _a_fifo(job: Path) -> None:
    (job / "status.json").unlink()
    os.mkfifo(job / "status.json")


DAMAGES = [_a_word_for_a_number, _a_number_beyond_all, _half, _a_fifo]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_job_hides_no_other(bench: Bench, damage: Callable[[Path], None]) -> None:
    bench.run("r1", "")
    (bench.job("r1") / "end.json").unlink()
    damage(bench.job("r1"))
    bench.run("r2", "sys.exit(1)")
    began = time.monotonic()
    one, other = bench.launcher.list_jobs()
    assert time.monotonic() - began < AT_ONCE_S
    assert (other.run_id, other.end and other.end.exit_status) == ("r2", 1)
    assert one.run_id == "r1"
    assert one.end is not None
    assert one.end.why is Ending.RUNNER_KILLED, "its status says that it was started"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_running_job_with_a_damaged_status_can_be_cancelled(
    bench: Bench, damage: Callable[[Path], None]
) -> None:
    bench.payload(SLEEPS)
    bench.launcher.submit(bench.spec("r1"), "{}")
    wait_until(lambda: "pid" in _facts(bench.job("r1")))
    facts = _facts(bench.job("r1"))
    damage(bench.job("r1"))
    assert bench.launcher.cancel("r1").why is Ending.CANCELLED
    assert not alive(int(str(facts["pid"])))
    wait_until(lambda: not alive(int(str(facts["runner_pid"]))), 3.0)


def test_a_log_that_was_swapped_for_a_fifo_is_not_waited_for(bench: Bench) -> None:
    bench.run("r1", "print('ran')")
    (bench.job("r1") / "log.txt").unlink()
    os.mkfifo(bench.job("r1") / "log.txt")
    began = time.monotonic()
    log, end, _ = bench.follow("r1")
    assert time.monotonic() - began < AT_ONCE_S
    assert (log, end.exit_status) == (b"", 0)


@pytest.mark.parametrize(("pid", "names_a_runner"), [(77, True), (0, False), (-1, False)])
def test_no_signal_goes_to_a_whole_group_whatever_a_status_says(
    pid: int, names_a_runner: bool
) -> None:
    """kill(-1) is for every process that one may signal, kill(2): none is sent for a test."""
    agent: dict[str, Any] = {"load": None}
    exec(compile(PROCESSES.read_text(), str(PROCESSES), "exec"), agent)
    agent["load"] = lambda run, name: {"boot": "x", "runner_ticks": None, "runner_pid": pid}
    assert bool(agent["noted"]("r1")) is names_a_runner


def test_what_somebody_calls_as_our_drafts_stops_no_submit(bench: Bench) -> None:
    (bench.root / "jobs" / ".new-notes").mkdir(parents=True)
    log, end = bench.run("r1", "print('ran')")
    assert (log, end.exit_status) == (b"ran\n", 0)


@pytest.mark.parametrize(
    "end",
    [
        '{"why": "exit", "exit_status": ' + "9" * 500 + "}",
        '{"why": "exit", "exit_status": 1e999}',
        '{"why": "exit", "exit_status": NaN}',
        '{"why": "exit", "exit_status": 0, "message": "\\ud800"}',
        '{"why": ' + "[" * 300 + "]" * 300 + "}",
        '{"why": "exit", "exit_status": 0, "at": ' + "9" * 30 + "}",
    ],
    ids=["digits", "infinite", "nan", "surrogate", "nested", "time"],
)
def test_an_end_that_no_answer_can_hold_hides_no_other_job(bench: Bench, end: str) -> None:
    bench.run("r1", "")
    (bench.job("r1") / "end.json").write_text(end)
    bench.run("r2", "sys.exit(1)")
    one, other = bench.launcher.list_jobs()
    assert (other.run_id, other.end and other.end.exit_status) == ("r2", 1)
    assert one.run_id == "r1"


@pytest.mark.parametrize("left", [b"", bytes(4096), b'{"why": "exit", "exi', b"{}", b'{"at": 1}'])
@pytest.mark.parametrize("status", ["kept", "of before a restart", "gone"])
def test_a_job_whose_record_of_its_end_is_damaged_is_never_said_to_be_lost(
    bench: Bench, left: bytes, status: str
) -> None:
    """A crash of the host leaves files empty, full of zeros, or short."""
    bench.run("r1", "print('ran')")
    (bench.job("r1") / "end.json").write_bytes(left)
    if status == "gone":
        (bench.job("r1") / "status.json").unlink()
    elif status == "of before a restart":
        _another_boot(bench.job("r1"))
    (one,) = bench.launcher.list_jobs()
    assert (one.end, one.beat.state) == (None, DAMAGED)
    for asked in (bench.follow, bench.launcher.cancel):
        with pytest.raises(HostUnfit, match="how run 'r1' ended cannot be told") as said:
            asked("r1")
        assert "jobs/ of the host's workspace" in said.value.hint
    assert (bench.job("r1") / "end.json").read_bytes() == left
    assert (bench.job("r1") / "log.txt").read_text() == "ran\n"


def _another_boot(job: Path) -> None:
    (job / "status.json").write_text(json.dumps({**_facts(job), "boot": "another"}))
