"""A machine that lets nobody start a thread, or load a library: told as that, also after Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.comparing import MADE, store
from tests.interrupts.conftest import RAISES
from tests.interrupts.test_odd_moments import CLEARS_UP
from tests.ssh.terminal import on_terminal

ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[2])}
# Each thread wants a stack of that size, and there is less room than that.
NO_THREAD = 'ulimit -s 4000000 && ulimit -v 2000000 && exec "$@"'
SHELL = ("sh", "-c", NO_THREAD, "sh", sys.executable)
COMMAND = (*SHELL, "-m", "orchestrator")
INVENTORY = """hosts:
  pod:
    transport: ssh
    address: 127.0.0.1
    port: 1
    workspace: ~/w
"""


def run(words: tuple[str, ...], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [("doctor",), ("runs", "--host", "pod"), ("deploy",)])
def test_that_no_thread_can_be_started_is_told_with_what_limits_it(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    for part in ("csrc", "remote_payload"):
        (tmp_path / part).mkdir()
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    done = run((*COMMAND, *words), tmp_path)
    assert done.returncode == 2, done.stderr
    assert "error: this process may not start another thread" in done.stderr
    assert "`ulimit -u`" in done.stderr


def test_without_a_thread_a_question_is_asked_and_answered(tmp_path: Path) -> None:
    store(tmp_path, MADE, None)
    with on_terminal((*COMMAND, "runs", "rm", MADE), tmp_path, ENVIRONMENT) as terminal:
        terminal.read_until("[y/N]", 10)
        terminal.type("y")
        assert terminal.exit_status(10) == 0, terminal.shown
    assert not (tmp_path / "runs" / MADE).exists()


@pytest.mark.parametrize(
    ("number", "said"),
    [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "ended by SIGTERM")],
    ids=["SIGINT", "SIGTERM"],
)
def test_without_a_thread_a_signal_ends_a_command_as_ever(
    number: signal.Signals, said: str, tmp_path: Path
) -> None:
    store(tmp_path, MADE, None)
    with on_terminal((*COMMAND, "runs", "rm", MADE), tmp_path, ENVIRONMENT) as terminal:
        terminal.read_until("[y/N]", 10)
        terminal.read_for(0.2)
        terminal.send(number)
        assert terminal.exit_status(10) == 128 + number, terminal.shown
        assert said in terminal.shown
        assert "Traceback" not in terminal.shown
        assert "bug" not in terminal.shown


@RAISES
def test_without_a_thread_a_signal_that_python_would_ignore_comes_again(
    number: signal.Signals, error: str, tmp_path: Path
) -> None:
    done = run((*SHELL, "-c", CLEARS_UP, str(int(number))), tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{error}\n", "")


# The library is there and has been found, and whatever tells of it is loaded.
LOADING = """import importlib.util, resource, sys
LIBRARY = "cryptography.hazmat.bindings._rust"
importlib.util.find_spec(LIBRARY)
from orchestrator.cli import verb
from orchestrator.cli.app import cli, run
def limited():
    pages = int(open("/proc/self/statm").read().split()[0])
    limit = {"AS": pages * resource.getpagesize() + 1_500_000, "NOFILE": 3}[sys.argv[1]]
    resource.setrlimit(getattr(resource, f"RLIMIT_{sys.argv[1]}"), (limit, limit))
    __import__(LIBRARY)
verb.importlib.import_module = lambda name: limited()
sys.exit(run(["hosts"]))
"""


@pytest.mark.parametrize(
    ("limit", "said"), [("AS", "Cannot allocate memory"), ("NOFILE", "Too many open files")]
)
def test_a_library_that_there_is_no_room_for_is_told_as_a_limit(
    limit: str, said: str, tmp_path: Path
) -> None:
    done = run((sys.executable, "-c", LOADING, limit), tmp_path)
    assert done.returncode == 2, done.stderr
    assert f"error: {said}" in done.stderr
    assert "ulimit" in done.stderr
