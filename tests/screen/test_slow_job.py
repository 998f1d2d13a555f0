"""A job that takes its time: whoever waits sees at once, and ever again, what goes on."""

from __future__ import annotations

import fcntl
import itertools
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import Project
from tests.cli.quick import quick_payload
from tests.ssh.terminal import Terminal, on_terminal

# Two seconds with something to tell at first, and one with nothing.
SLOW = """
from remote_payload.processes.announce import step
for stage in request.stages:
    step(stage, 0, 0, "")
for number in range(4):
    step(Stage.CHECK, number, 5, f"sdpa number {number} of a few")
    time.sleep(0.25)
time.sleep(1.25)
answer(stages=tuple(StageReport(stage, Status.OK, seconds=60.0) for stage in request.stages))
"""
EVERY_S = 0.4
UNDECIDED = 6  # as the job checks nothing
# The program, with less patience than ten seconds.
PROGRAM = f"""
from orchestrator.cli.screen import console
console.LINE_EVERY_S = {EVERY_S}
from orchestrator.__main__ import main
main()
"""
CHECK = (sys.executable, "-c", PROGRAM, "check")
MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*[39][0-7]m")
# Imported by nobody before somebody is told that something goes on.
LATER = ("rich", "paramiko", "fabric", "jinja2", "orchestrator.workflows.profile")


@pytest.fixture
def slow(project: Project) -> Project:
    quick_payload(project.root, SLOW)
    return project


def lines_in_time(words: Sequence[str], cwd: Path) -> list[tuple[float, str]]:
    """What comes on stderr, off a terminal, each line with when it came."""
    seen = []
    with subprocess.Popen(
        words, cwd=cwd, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            seen.append((time.monotonic(), line.rstrip("\n")))
    assert process.returncode == UNDECIDED, seen
    return seen


def resize(terminal: Terminal, columns: int) -> None:
    fcntl.ioctl(terminal._far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    terminal.send(signal.SIGWINCH)


def drawn(text: str) -> list[str]:
    """The lines that were drawn, one after the other, without colours and moves."""
    return [line for line in re.split(r"[\r\n]+", MOVES.sub("", text)) if line.strip()]


def test_off_a_terminal_a_line_comes_ever_again_and_on_one_bars_know_how_long_it_took(
    slow: Project,
) -> None:
    seen = lines_in_time(CHECK, slow.root)
    said = [line for _, line in seen]
    assert said[0] == "connecting to local …"
    assert sum(line.startswith("check 3/5, ") for line in said) >= 2, said
    assert not any("left" in line for line in said), said
    gaps = [after - before for (before, _), (after, _) in itertools.pairwise(seen)]
    assert max(gaps) < EVERY_S + 1.0, seen

    with on_terminal((sys.executable, "-m", "orchestrator", "check"), slow.root) as terminal:
        resize(terminal, 100)
        terminal.read_until("sdpa number 3")
        resize(terminal, 36)
        terminal.read_for(0.5)
        wide = terminal.shown
        assert terminal.exit_status() == UNDECIDED, terminal.shown
    narrow = drawn(terminal.shown[len(wide) :])
    rows = drawn(wide)
    assert rows[0] == "connecting to local …"
    left = r"0:0\d  about (?:1:00|0:5\d) left"
    for row in (rf"   check  ━+─+  3/5  {left}  sdpa number 3", rf"   total  {left}$"):
        assert any(re.match(row, shown) for shown in rows), rows
    assert max(len(row) for row in rows if "sdpa" in row or "left" in row) <= 100
    bars = [row for row in narrow if re.match(r" +(build|check|total) ", row)]
    assert bars
    assert max(map(len, bars)) <= 36
    assert COLOUR.search(terminal.shown)


@pytest.mark.parametrize("setting", ["NO_COLOR=1", "TERM=dumb"])
def test_a_terminal_without_colours_or_moves_is_sent_none(slow: Project, setting: str) -> None:
    words = ("env", setting, *CHECK)
    with on_terminal(words, slow.root) as terminal:
        assert terminal.exit_status() == UNDECIDED, terminal.shown
    assert not COLOUR.search(terminal.shown), terminal.shown
    if setting == "TERM=dumb":
        assert not MOVES.search(terminal.shown), terminal.shown
        assert "check 3/5, 0:0" in terminal.shown
    else:
        assert "   check  ━━━" in terminal.shown


def test_nobody_who_reads_stderr_changes_nothing(slow: Project) -> None:
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *CHECK, "--json"], cwd=slow.root, capture_output=True
    )
    assert ended.returncode == UNDECIDED
    assert ended.stdout.startswith(b"{")
    assert ended.stderr == b""


def test_whoever_waits_is_told_before_anything_slow_is_loaded(slow: Project) -> None:
    program = (
        "import sys\n"
        "from orchestrator.cli.screen import terminal\n"
        "whole = terminal.write\n"
        "def write(text, **more):\n"
        "    whole(text, **more)\n"
        f"    print([name for name in {LATER!r} if name in sys.modules], flush=True)\n"
        "    import os; os._exit(0)\n"
        "terminal.write = write\n"
        "from orchestrator.__main__ import main\n"
        "main()\n"
    )
    for verb in ("check", "profile"):
        told = subprocess.run(
            [sys.executable, "-c", program, verb], cwd=slow.root, capture_output=True, text=True
        )
        assert (told.stderr, told.stdout) == ("connecting to local …\n", "[]\n")


def test_the_first_words_come_within_half_a_second(slow: Project) -> None:
    """By the CPU time that it takes, as others may keep the machine busy; of Python's own files
    compiled before, as they are after the first time."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(slow.root.parent / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    took: list[float] = []
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-m", "orchestrator", "profile"],
            cwd=slow.root,
            env=environment,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stderr is not None
            assert process.stderr.readline().decode() == "connecting to local …\n"
            process.kill()
            process.wait()
            before = sum(took)
            took.append(_of_children_s() - before)
    assert min(took[1:]) < 0.5, took


def _of_children_s() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


def test_a_dry_run_says_nothing_of_connecting(slow: Project) -> None:
    for words in (("check", "--dry-run"), ("check", "--dry-run", "--json")):
        assert "connecting" not in slow.orchestrator(*words).err
