"""Signals while modules are loaded, while Python clears up, and one on the heels of another."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from orchestrator.cli.screen import signals
from orchestrator.errors import EndedBySignal
from tests.cli.comparing import store
from tests.interrupts.conftest import RAISES, Desk, Mute, environment, ran
from tests.interrupts.test_in_a_run import RUN, pressed

READY = "from orchestrator.__main__ import main; print('ready', flush=True); main()"


@pytest.mark.parametrize("words", [("report", "latest"), ("compare", "latest", RUN), ("doctor",)])
def test_at_any_moment_of_a_command(words: tuple[str, ...], desk: Desk, mute: type[Mute]) -> None:
    """Also while modules are loaded, once or three times: it is over, in order."""
    desk.describe(port=mute().port)
    store(desk.root, RUN, None)
    moments = random.Random(20261128)
    for number in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", READY, *words],
            cwd=desk.root,
            env={**os.environ, **environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.4))
        for _ in range(number % 3):
            process.send_signal(signal.SIGINT)
            time.sleep(moments.uniform(0.0, 0.02))
        outcome = pressed(process)
        assert outcome.code in (130, 0, 2), outcome
        assert outcome.err.strip()
        assert "Exception ignored" not in outcome.err
        assert not list(desk.root.rglob("*.partial"))


# What is raised in a `__del__` Python ignores, and says so.
CLEARS_UP = """import os, sys, time
from orchestrator.cli.screen import leaving
leaving.keep_interrupts()
from orchestrator.cli.screen import signals
signals.install()
class Odd:
    def __del__(self):
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(1)
try:
    Odd()
    time.sleep(4)
except BaseException as error:
    print(type(error).__name__)
"""


@RAISES
def test_a_signal_that_python_would_ignore_comes_again(number: signal.Signals, error: str) -> None:
    done = ran(CLEARS_UP, int(number))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{error}\n", "")


# The module of the commands is loaded when everybody is told to end.
LOADING = """import os, signal, sys
from orchestrator.__main__ import main
class Told:
    def find_spec(self, name, path, target=None):
        if name == "orchestrator.cli.app":
            os.kill(os.getpid(), int(sys.argv[1]))
sys.meta_path.insert(0, Told())
main()
"""


@pytest.mark.parametrize("name", ["TERM", "USR1", "HUP"])
def test_a_signal_while_modules_are_loaded_is_told(name: str) -> None:
    number = signal.Signals[f"SIG{name}"]
    done = ran(LOADING, int(number))
    assert (done.returncode, done.stderr) == (128 + number, f"error: ended by SIG{name}\n")


# Python's end takes its signals' handlers away, and then clears up the modules.
ENDS = """import signal, time
from orchestrator import __main__ as program
from orchestrator.cli.screen import leaving
class Last:
    def __del__(self, sleep=time.sleep):
        sleep(0.2)
last = Last()
def run():
    leaving.send_again(signal.SIGINT)
    return 0
program._run = run
program.main()
"""


def test_a_signal_that_would_come_again_after_the_end_changes_no_exit_code() -> None:
    done = ran(ENDS)
    assert (done.returncode, done.stderr) == (0, "")


# The kernel gives a signal of the process to any of its threads, and the main thread hears of it.
ENDS_WHAT_WORKS = """import contextlib, signal, sys, threading, time
from orchestrator import __main__ as program
from orchestrator.here import children
def ends():
    signal.pthread_kill(beside.ident, signal.SIGINT)
    time.sleep(0.1)
held = contextlib.ExitStack()
beside = threading.Thread(target=time.sleep, args=(20,), daemon=True)
def run():
    beside.start()
    held.enter_context(children.at_the_end(ends))
    return int(sys.argv[1])
program._run = run
program.main()
"""


@pytest.mark.parametrize("code", [0, 130])
def test_a_ctrl_c_while_all_that_works_is_ended_changes_no_exit_code(code: int) -> None:
    done = ran(ENDS_WHAT_WORKS, code)
    assert (done.returncode, done.stderr) == (code, "")


def test_a_signal_that_a_library_tells_of_in_its_own_words_is_still_one() -> None:
    class Odd(Exception):
        pass

    wrapped = signals.wrapped(Odd('Error building "model" validator:\n  KeyboardInterrupt: '))
    assert isinstance(wrapped, KeyboardInterrupt)
    ended = signals.wrapped(Odd(f"while building: EndedBySignal: {EndedBySignal(15)}"))
    assert isinstance(ended, EndedBySignal)
    assert ended.exit_code == 143
    assert signals.wrapped(Odd("ended by SIGTERM, says a host")) is None
    assert signals.wrapped(ValueError("no number")) is None


# The thread comes back to Python again and again: at Python's own end that is what may abort it.
BESIDE_A_THREAD = """import atexit, sys, threading, time
from orchestrator.cli.screen import leaving
def works():
    while True: time.sleep(0)
if sys.argv[1]: threading.Thread(target=works, daemon=True).start()
atexit.register(print, "cleared up")
print("all of it", end=" ")
leaving.leave_beside_threads(3)
print("Python ends it")
"""


@pytest.mark.parametrize(
    ("thread", "code", "said"),
    [("daemon", 3, "all of it cleared up"), ("", 0, "all of it Python ends it\ncleared up")],
)
def test_beside_a_thread_that_nobody_waits_for_all_is_printed_and_the_code_is_kept(
    thread: str, code: int, said: str
) -> None:
    argv = [sys.executable, "-c", BESIDE_A_THREAD, thread]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (code, said, "")
