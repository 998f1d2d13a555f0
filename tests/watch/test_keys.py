"""Keys without an echo, and a terminal that is as it was: after the end, after Ctrl-Z, while another
program has it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tests.faults.conftest import wait_until
from tests.interrupts.conftest import environment
from tests.ssh.terminal import Terminal, on_terminal

READS = """
import sys
from pathlib import Path
from orchestrator.cli.screen import questions, signals
from orchestrator.errors import NobodyToAsk
from orchestrator.cli.watching.events import Events, Kind
from orchestrator.cli.watching.keys import Keys

signals.install()
print("can ask" if questions.can_type() else "cannot", file=sys.stderr, flush=True)
with Keys() as keys, Events(keys) as events:
    print("ready", file=sys.stderr, flush=True)
    while True:
        for event in events.wait(1):
            if event.key == "q":
                sys.exit(0)
            if event.key == "a":
                assert not questions.can_type()
                assert not questions.ask_about_host_key("Trust it?", "a key")
                for ask in (questions.ask_passphrase, lambda said: questions.ask_answers(said, ())):
                    try:
                        ask("Passphrase for x: ")
                    except NobodyToAsk as error:
                        print(error.message, file=sys.stderr, flush=True)
            if event.key == "l":
                with keys.lent():
                    assert questions.can_type()
                    print("lent", file=sys.stderr, flush=True)
                    sys.stdin.readline()
            print(f"<{event.key!r}>", file=sys.stderr, flush=True)
"""
WORDS = (sys.executable, "-c", READS)


def test_that_keys_come_one_by_one_without_an_echo_and_the_modes_come_back(tmp_path: Path) -> None:
    with on_terminal(WORDS, tmp_path, environment(), whole=True) as terminal:
        terminal.read_until("ready")
        assert not terminal.echoes
        terminal.press("b\n")
        terminal.read_until("<'b'>")
        terminal.read_until("<'\\n'>")
        assert "b\r\n" not in terminal.shown
        terminal.press("l")
        terminal.read_until("lent")
        wait_until(lambda: terminal.echoes)
        terminal.type("whatever")
        terminal.read_until("<'l'>")
        assert not terminal.echoes
        terminal.press("q")
        assert terminal.exit_status() == 0
        assert terminal.echoes


def test_that_a_login_that_was_told_it_may_ask_asks_nobody_while_keys_are_read(
    tmp_path: Path,
) -> None:
    with on_terminal(WORDS, tmp_path, environment(), whole=True) as terminal:
        terminal.read_until("can ask")
        terminal.read_until("ready")
        terminal.press("a")
        terminal.read_until("<'a'>")
        assert terminal.shown.count("while keys are read: Passphrase for x") == 2
        assert "Trust it?" not in terminal.shown
        terminal.press("q")
        assert terminal.exit_status() == 0


def test_that_a_signal_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with on_terminal(WORDS, tmp_path, environment(), whole=True) as terminal:
        terminal.read_until("ready")
        terminal.send(signal.SIGTERM)
        terminal.exit_status()
        assert terminal.echoes


def test_that_ctrl_z_lends_the_terminal_to_the_shell(tmp_path: Path) -> None:
    (tmp_path / "reads.py").write_text(READS)
    line = f"set -m; {sys.executable} reads.py; echo stopped; read go; fg"
    words = ("bash", "-c", line)
    with on_terminal(words, tmp_path, environment(), whole=True) as terminal:
        terminal.read_until("ready")
        terminal.press_ctrl_z()
        terminal.read_until("stopped")
        goes_on(terminal)


def test_that_keys_are_read_again_after_bg_and_fg_of_which_the_shell_tells_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "reads.py").write_text(READS)
    line = f"set -m; {sys.executable} reads.py; bg; echo behind; read go; fg"
    words = ("bash", "-c", line)
    with on_terminal(words, tmp_path, environment(), whole=True) as terminal:
        terminal.read_until("ready")
        terminal.press_ctrl_z()
        terminal.read_until("behind")
        terminal.read_for(0.5)
        goes_on(terminal)


def goes_on(terminal: Terminal) -> None:
    """The shell has the terminal, with an echo; once it says `go`, keys are read again."""
    assert terminal.echoes
    terminal.type("go")
    wait_until(lambda: not terminal.echoes)
    terminal.press("b")
    terminal.read_until("<'b'>")
    terminal.press("q")
    terminal.exit_status()
    assert terminal.echoes
