"""Ctrl-C where money is at stake: what becomes of the pod is told."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tests.cli.quick import quick_payload
from tests.cloud.conftest import Project
from tests.cloud.renting import POD, STAYS, STOP, laptop, the_run, until, watchdogs
from tests.cloud.server import FakeRunPod
from tests.ssh.terminal import on_terminal

REPOSITORY = Path(__file__).parents[2]


def test_ctrl_c_at_the_question_whether_to_stop_the_pod_leaves_it_to_its_watchdog(
    rented: Project, fake: FakeRunPod
) -> None:
    quick_payload(rented.root, STAYS)
    words = (sys.executable, "-m", "orchestrator", "check", "--host", "pod", "--stop-after")
    with on_terminal(words, rented.root, {"PYTHONPATH": str(REPOSITORY)}) as terminal:
        until(lambda: any((rented.root / "runs").glob("*/log.txt")), 60)
        terminal.read_for(0.5)
        terminal.press_ctrl_c()
        terminal.read_until("Stop the pod now?")
        terminal.press_ctrl_c()
        assert terminal.exit_status(10) == 130
        assert "the pod stops itself in 45 min at the latest" in terminal.shown
        assert "Traceback" not in terminal.shown
    assert STOP not in fake.seen
    assert len(watchdogs(rented)) == 1
    rented.orchestrator("cancel", the_run(rented).name)


def test_ctrl_c_while_the_pod_is_being_stopped_tells_that_it_may_bill(
    rented: Project, fake: FakeRunPod
) -> None:
    quick_payload(rented.root, "print('began', flush=True)\ntime.sleep(1)\nanswer()\n")
    fake.stop_takes_s = 8.0
    process = laptop(rented, "check", "--host", "pod", "--stop-after")
    until(lambda: STOP in fake.seen, 60)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=6)
    assert process.returncode == 130, said
    assert f"interrupted: pod {POD} may still be on and bill" in said
    assert "the pod stops itself in" in said
    assert "Traceback" not in said
