"""The end of this process, or Ctrl-C, when a program of it is at work that it hardly knows of."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.interrupts.conftest import RAISES, ran
from tests.processes import left_at_work_in, needs_proc

# As on a busy machine: the program runs, and whoever started it does not get to go on.
STARTS = """import os, subprocess, sys, threading, time
from orchestrator.cli.screen import signals
from orchestrator.here import children
signals.install()
runs = threading.Event()
class Slow(subprocess.Popen):
    def __init__(self, *words, **more):
        super().__init__(*words, **more)
        runs.set()
        os.kill(os.getpid(), int(sys.argv[2]))
        time.sleep(0.5)
subprocess.Popen = Slow
def start():
    with children.started(["/bin/sh", "-c", "sleep 60 & sleep 61", sys.argv[1]]) as child:
        child.wait()
"""
BESIDE = """
threading.Thread(target=start, daemon=True).start()
runs.wait()
children.end_all()
os._exit(0)
"""
HERE = """
try:
    start()
except BaseException as error:
    print(type(error).__name__)
"""
TOO_LATE = """
children.end_all()
try:
    start()
except RuntimeError as error:
    print(error)
"""


@needs_proc
def test_the_end_of_this_process_ends_a_program_that_another_thread_just_starts(
    tmp_path: Path,
) -> None:
    assert ran(STARTS + BESIDE, tmp_path, 0).returncode == 0
    assert left_at_work_in(tmp_path) == []


@needs_proc
@RAISES
def test_a_signal_ends_a_program_that_is_just_being_started(
    tmp_path: Path, number: signal.Signals, error: str
) -> None:
    assert ran(STARTS + HERE, tmp_path, int(number)).stdout == f"{error}\n"
    assert left_at_work_in(tmp_path) == []


def test_no_program_is_started_once_this_process_ends(tmp_path: Path) -> None:
    done = ran(STARTS + TOO_LATE, tmp_path, 0)
    assert done.stdout == "this process is about to end\n", done.stderr
