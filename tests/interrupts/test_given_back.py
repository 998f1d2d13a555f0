"""However a command ends, the terminal is as others left it: with its echo, or a pager's."""

from __future__ import annotations

import signal
import sys
import time

import pytest

from tests.faults.conftest import wait_until
from tests.interrupts.conftest import CURSOR, Desk, Mute, environment
from tests.ssh.server import Keys, SshServer
from tests.ssh.terminal import on_terminal

HIDDEN = "\x1b[?25l"
# As less: it wants every key for itself, and Ctrl-C is a key of its own.
PAGER = """
import pathlib, signal, sys, termios, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
time.sleep(1.5)
modes = termios.tcgetattr(2)
modes[3] &= ~(termios.ECHO | termios.ICANON)
termios.tcsetattr(2, termios.TCSANOW, modes)
print("paging", file=sys.stderr, flush=True)
sys.stdin.read()
print("kept" if not termios.tcgetattr(2)[3] & termios.ECHO else "lost", file=sys.stderr)
"""


def test_signals_in_a_hurry_at_a_passphrase(desk: Desk, sshd: SshServer, keys: Keys) -> None:
    """It is asked in a thread of its own, which nobody waits for."""
    desk.on(sshd)
    desk.describe(identity_file=str(keys.encrypted))
    with desk.types("deploy") as terminal:
        terminal.read_until("Passphrase for ")
        wait_until(lambda: not terminal.echoes)
        for _ in range(10):
            terminal.send(signal.SIGTERM)
            time.sleep(0.004)
        assert terminal.exit_status() == 128 + signal.SIGTERM
        assert terminal.echoes
        assert CURSOR.findall(terminal.shown)[-1:] == ["h"], repr(terminal.shown)


def test_a_terminal_that_was_stopped_holds_nobody(desk: Desk, sshd: SshServer, keys: Keys) -> None:
    """By Ctrl-S: whoever writes to it waits."""
    desk.on(sshd)
    desk.describe(identity_file=str(keys.encrypted))
    with desk.types("deploy") as terminal:
        terminal.read_until("Passphrase for ")
        wait_until(lambda: not terminal.echoes)
        terminal.stop()
        terminal.send(signal.SIGTERM)
        assert terminal.exit_status(20) == 128 + signal.SIGTERM
        assert terminal.echoes


@pytest.mark.parametrize("name", ["USR1", "ALRM", "XCPU", "ABRT"])
def test_any_signal_that_ends_a_program_is_told_and_gives_the_cursor_back(
    name: str, desk: Desk, mute: type[Mute]
) -> None:
    desk.describe(port=mute().port)
    number = signal.Signals[f"SIG{name}"]
    with desk.types("deploy") as terminal:
        terminal.read_until(HIDDEN)
        terminal.send(number)
        assert terminal.exit_status(20) == 128 + number
        assert "ended by SIG" in terminal.shown
        assert CURSOR.findall(terminal.shown)[-1:] == ["h"], repr(terminal.shown)


def test_ctrl_z_lends_the_shell_its_cursor_and_the_bars_go_on_without(
    desk: Desk, mute: type[Mute]
) -> None:
    desk.describe(port=mute().port)
    line = f"set -m; {sys.executable} -m orchestrator deploy; echo stopped $?; read go; fg"
    with on_terminal(("bash", "-c", f"exec >&2; {line}"), desk.root, environment()) as terminal:
        terminal.read_until(HIDDEN)
        terminal.press_ctrl_z()
        terminal.read_until("stopped 148")
        assert CURSOR.findall(terminal.shown)[-1:] == ["h"], repr(terminal.shown)
        terminal.shown = ""
        terminal.type("go")
        terminal.read_until(HIDDEN)
        terminal.press_ctrl_c()
        assert terminal.exit_status() == 130
        assert CURSOR.findall(terminal.shown)[-1:] == ["h"], repr(terminal.shown)


def test_a_pager_keeps_the_terminal_that_it_has_set_up(desk: Desk, mute: type[Mute]) -> None:
    desk.describe(port=mute().port)
    (desk.root / "pager.py").write_text(PAGER)
    line = f"{sys.executable} -m orchestrator doctor | {sys.executable} pager.py"
    with on_terminal(("bash", "-c", line), desk.root, environment()) as terminal:
        terminal.read_until("paging")
        terminal.press_ctrl_c()
        terminal.exit_status()
        assert "interrupted" in terminal.shown
        assert "kept" in terminal.shown
