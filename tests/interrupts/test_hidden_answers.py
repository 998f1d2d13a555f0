"""What is typed unseen stays so after a pause, and a shell has its echo meanwhile."""

from __future__ import annotations

import re
import shutil
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.conftest import wait_until
from tests.interrupts.conftest import Desk, environment
from tests.ssh.server import PASSPHRASE, Keys, SshServer
from tests.ssh.terminal import Terminal, on_terminal

LINE = f"{sys.executable} -m orchestrator runs --host pod"
PLAIN = ("bash", "--norc", "--noediting", "-i")
SHELLS = [PLAIN, ("bash", "--norc", "-i"), ("dash", "-i"), ("zsh", "-f", "-i")]


@pytest.fixture
def locked(desk: Desk, sshd: SshServer, keys: Keys) -> Desk:
    """Whoever goes to the host is asked for a passphrase."""
    desk.on(sshd)
    desk.describe(identity_file=str(keys.encrypted))
    return desk


@contextmanager
def asked(desk: Desk, *words: str) -> Iterator[Terminal]:
    """A terminal where `words`, or a shell that is told to, asks; what it shows from then on."""
    with on_terminal(words or LINE.split(), desk.root, environment()) as terminal:
        if "-i" in words:
            terminal.type(LINE)
        is_asked(terminal)
        yield terminal


def is_asked(terminal: Terminal) -> None:
    terminal.read_until("Passphrase for ", 10)
    terminal.read_until("encrypted: ", 10)
    wait_until(lambda: not terminal.echoes)
    terminal.shown = ""


def echo(terminal: Terminal) -> None:
    """As a shell, or another program, that has the terminal meanwhile."""
    modes = termios.tcgetattr(terminal._far)
    modes[3] |= termios.ECHO
    termios.tcsetattr(terminal._far, termios.TCSANOW, modes)


def press_ctrl_z(terminal: Terminal) -> None:
    terminal.press_ctrl_z()
    while not re.search("topped|suspended", terminal.shown):
        terminal.read_for(0.1)
    terminal.read_for(0.3)


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_after_ctrl_z_and_fg_a_passphrase_is_asked_for_once_more_and_not_shown(
    shell: tuple[str, ...], locked: Desk
) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"no {shell[0]} here")
    with asked(locked, *shell) as terminal:
        press_ctrl_z(terminal)
        terminal.type("fg")
        is_asked(terminal)
        terminal.type(PASSPHRASE)
        terminal.read_until("keeps no runs", 10)
        assert PASSPHRASE not in terminal.shown


def test_after_bg_a_passphrase_is_asked_for_when_the_command_is_in_front_again(
    locked: Desk,
) -> None:
    with asked(locked, *PLAIN) as terminal:
        press_ctrl_z(terminal)
        terminal.shown = ""
        terminal.type("bg")
        terminal.type("jobs")
        terminal.read_for(0.5)
        assert terminal.echoes
        assert "Passphrase for " not in terminal.shown
        terminal.type("fg")
        is_asked(terminal)


def test_ctrl_z_at_a_passphrase_leaves_a_shell_that_shows_what_is_typed(locked: Desk) -> None:
    """Also one without a line editor, which sets no echo by itself, and when we never come back."""
    line = f"set -m; {LINE}; echo stopped >&2; read go; kill -9 %1; echo killed >&2; read go"
    with asked(locked, "bash", "-c", line) as terminal:
        press_ctrl_z(terminal)
        assert terminal.echoes
        terminal.type("go")
        terminal.read_until("killed", 10)
        assert terminal.echoes


def test_a_program_that_was_stopped_by_force_hides_the_answer_anew(locked: Desk) -> None:
    with asked(locked) as terminal:
        terminal.send(signal.SIGSTOP)
        echo(terminal)
        terminal.send(signal.SIGCONT)
        is_asked(terminal)


def test_ctrl_z_where_nothing_can_be_stopped_hides_the_answer_anew(locked: Desk) -> None:
    """As in a container whose only program we are: the kernel stops nobody whom no shell awaits."""
    with asked(locked) as terminal:
        terminal.press_ctrl_z()
        is_asked(terminal)
        terminal.type(PASSPHRASE)
        assert terminal.exit_status() == 0, terminal.shown
        assert PASSPHRASE not in terminal.shown
        assert terminal.echoes


@pytest.mark.parametrize("verb", ["doctor", "deploy --no-build"])
def test_a_terminal_that_goes_at_a_passphrase_is_told_as_that(verb: str, locked: Desk) -> None:
    """Under nohup, where the SIGHUP of it is nothing."""
    line = f"trap '' HUP; {sys.executable} -m orchestrator {verb} 2> err; echo $? > code"
    with asked(locked, "bash", "-c", line) as terminal:
        terminal.hang_up()
        code = locked.root / "code"
        wait_until(lambda: code.exists() and code.read_text())
    said = (locked.root / "err").read_text()
    assert "error: /dev/tty: Input/output error" in said
    assert "the terminal has gone" in said
    assert code.read_text() == "2\n"
