"""What a person at a real terminal sees and types while a command logs in."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Project
from tests.cli.quick import quick_payload
from tests.conftest import SshdVariant
from tests.ssh.second_factor import CODE, DEVICE, KEY_AND_CODE, second_factor, why_not
from tests.ssh.server import PASSPHRASE, Keys, SshServer
from tests.ssh.terminal import Terminal, on_terminal

REPOSITORY = Path(__file__).parents[2]
CHECK = (sys.executable, "-m", "orchestrator", "check", "--host", "pod")
needs_pam = pytest.mark.skipif(bool(why_not()), reason=why_not())

# Bars that move all the time in one thread, and a question in another.
BARS_AND_A_QUESTION = """
import threading, time
from orchestrator.cli.screen import console, questions
from orchestrator.transport.login.trust import Question

given = []
def ask():
    given.extend(questions.ask_answers("pod wants a code:", (Question("Code: ", SEEN),)))
with console.progress() as progress:
    asks = threading.Thread(target=ask)
    for done in range(10**6):
        progress.step("sync", done, 10**6, "file")
        time.sleep(0.01)
        if done == 30:
            asks.start()
            progress.say("a line from another thread")
        if given:
            break
    asks.join()
    progress.say("after the answer")
print(given)
"""


@pytest.fixture
def asking(sshd_variant: SshdVariant, tmp_path: Path) -> SshServer:
    rules = second_factor(tmp_path / "factor", asks_device=True)
    return sshd_variant(*KEY_AND_CODE, environment=rules.environment)


@pytest.fixture
def plain_project(project: Project) -> Project:
    quick_payload(project.root)
    return project


def within(terminal: Terminal, after: str, before: str) -> str:
    return terminal.shown.split(after, 1)[1].split(before, 1)[0]


@needs_pam
def test_a_second_factor_is_typed_at_the_terminal_and_the_run_goes_on(
    plain_project: Project, asking: SshServer
) -> None:
    plain_project.add_ssh_host(asking)
    with on_terminal(CHECK, plain_project.root, {"PYTHONPATH": str(REPOSITORY)}) as terminal:
        terminal.read_until("Device name: ")
        assert "accepted the key" in terminal.shown
        assert terminal.echoes
        terminal.type(DEVICE)
        terminal.read_until("[31mcode: ")
        assert "\\x1b[31mcode" in terminal.shown
        terminal.read_for(0.2)
        assert not terminal.echoes
        terminal.type(CODE)
        assert terminal.exit_status() == 0, terminal.shown
        assert CODE not in terminal.shown
        assert terminal.echoes
        assert "code" not in terminal.stdout.lower()


@needs_pam
def test_ctrl_c_at_a_hidden_question_leaves_a_terminal_that_echoes(
    plain_project: Project, asking: SshServer
) -> None:
    plain_project.add_ssh_host(asking)
    with on_terminal(CHECK, plain_project.root, {"PYTHONPATH": str(REPOSITORY)}) as terminal:
        terminal.read_until("Device name: ")
        terminal.type(DEVICE)
        terminal.read_until("[31mcode: ")
        terminal.read_for(0.2)
        assert not terminal.echoes
        terminal.press_ctrl_c()
        assert terminal.exit_status(20) == 130
        assert terminal.echoes
        assert "Traceback" not in terminal.shown


@needs_pam
def test_without_a_terminal_the_command_says_what_the_host_wants(
    plain_project: Project, asking: SshServer
) -> None:
    plain_project.add_ssh_host(asking)
    done = plain_project.orchestrator("check", "--host", "pod")
    assert done.code == 3
    assert "wants keyboard-interactive as well; nobody can be asked here" in done.err
    assert "Run the command in a terminal" in done.err


def test_without_a_terminal_nobody_is_asked_for_a_passphrase(
    plain_project: Project, sshd: SshServer, keys: Keys
) -> None:
    plain_project.add_ssh_host(sshd, identity_file=str(keys.encrypted))
    done = plain_project.orchestrator("check", "--host", "pod")
    assert done.code == 3
    assert "needs a passphrase, and nobody can be asked here" in done.err
    assert f"ssh-add {keys.encrypted}" in done.err


def test_a_passphrase_is_typed_at_the_terminal_while_stderr_is_a_file(
    plain_project: Project, sshd: SshServer, keys: Keys
) -> None:
    plain_project.add_ssh_host(sshd, identity_file=str(keys.encrypted))
    words = ("sh", "-c", f"{' '.join(CHECK)} 2> stderr")
    with on_terminal(words, plain_project.root, {"PYTHONPATH": str(REPOSITORY)}) as terminal:
        terminal.read_until(f"Passphrase for {keys.encrypted}: ")
        terminal.read_for(0.2)
        terminal.type(PASSPHRASE)
        assert terminal.exit_status() == 0, terminal.shown
        assert PASSPHRASE not in terminal.shown


# What a terminal in Latin-1 sends for "pässwort".
NO_UTF_8 = "p\udce4sswort"


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_a_passphrase_that_is_no_utf_8_is_taken_byte_for_byte(
    plain_project: Project, sshd_variant: SshdVariant, tmp_path: Path, locale: str
) -> None:
    key = tmp_path / "key"
    words = ("ssh-keygen", "-q", "-a", "1", "-t", "ed25519", "-N", NO_UTF_8, "-f", str(key))
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    server = sshd_variant(f"AuthorizedKeysFile {key}.pub")
    plain_project.add_ssh_host(server, identity_file=str(key))
    environment = {"PYTHONPATH": str(REPOSITORY), "LC_ALL": locale, "PYTHONCOERCECLOCALE": "0"}
    with on_terminal((*CHECK[:3], "runs", "--host", "pod"), plain_project.root, environment) as at:
        for answer in ("w\udcffrong", NO_UTF_8):
            at.read_until("Passphrase for")
            at.read_for(0.3)
            assert not at.echoes
            at.shown = ""
            at.type(answer)
        assert at.exit_status() == 0, at.shown


@needs_pam
def test_an_answer_that_is_no_utf_8_is_a_wrong_one(
    plain_project: Project, asking: SshServer
) -> None:
    plain_project.add_ssh_host(asking)
    with on_terminal(CHECK, plain_project.root, {"PYTHONPATH": str(REPOSITORY)}) as terminal:
        terminal.read_until("Device name: ")
        terminal.type(NO_UTF_8)
        for code in (NO_UTF_8, CODE):
            terminal.read_until("did not accept that, once more:\r\n    Device name: ")
            terminal.shown = ""
            terminal.type(DEVICE)
            terminal.read_until("[31mcode: ")
            terminal.read_for(0.3)
            terminal.type(code)
        assert terminal.exit_status() == 0, terminal.shown


# The connection asks in its thread, and the bars come while it does.
A_QUESTION_AND_THEN_BARS = """
import threading
from orchestrator.cli.screen import console, questions
asked, drawn = threading.Event(), threading.Event()
given = []
def ask():
    with console.undisturbed():
        asked.set()
        drawn.wait(10)
        given.append(questions.confirm("Trust [red]it[/red]?"))
asks = threading.Thread(target=ask)
asks.start()
asked.wait(10)
with console.progress() as progress:
    drawn.set()
    while asks.is_alive():
        progress.step("sync", 1, 10, "file")
        asks.join(0.05)
    progress.say("after the answer")
print(given)
"""
A_QUESTION_UNDER_BARS = """
from orchestrator.cli.screen import console, questions
with console.progress() as progress:
    progress.step("sync", 1, 10, "[y/N].cu")
    given = [questions.confirm("Stop [bold]it[/bold]?")]
print(given)
"""


@pytest.mark.parametrize("program", [A_QUESTION_AND_THEN_BARS, A_QUESTION_UNDER_BARS])
def test_no_bracket_of_a_question_is_taken_for_a_style(program: str, tmp_path: Path) -> None:
    words = (sys.executable, "-c", program)
    with on_terminal(words, tmp_path, {"PYTHONPATH": str(REPOSITORY)}) as terminal:
        terminal.read_until("it[/")
        terminal.read_until("[y/N]")
        terminal.type("y")
        assert terminal.exit_status() == 0, terminal.shown
        assert (
            "[red]it[/red]? [y/N]" in terminal.shown or "[bold]it[/bold]? [y/N]" in terminal.shown
        )
        assert terminal.stdout.endswith("[True]\n")


def test_ctrl_d_at_the_host_key_question_is_a_no(plain_project: Project, sshd: SshServer) -> None:
    plain_project.add_ssh_host(sshd, host_key="")
    words = (*CHECK[:3], "runs", "--host", "pod")
    with on_terminal(words, plain_project.root, {"PYTHONPATH": str(REPOSITORY)}) as terminal:
        terminal.read_until("[y/N]")
        terminal.press_ctrl_d()
        assert terminal.exit_status() == 3, terminal.shown
        assert "--accept-new-host-key" in terminal.shown
        assert "interrupted" not in terminal.shown


def test_ctrl_d_at_a_passphrase_gives_the_advice_of_ssh_add(
    plain_project: Project, sshd: SshServer, keys: Keys
) -> None:
    plain_project.add_ssh_host(sshd, identity_file=str(keys.encrypted))
    words = (*CHECK[:3], "runs", "--host", "pod")
    with on_terminal(words, plain_project.root, {"PYTHONPATH": str(REPOSITORY)}) as terminal:
        terminal.read_until("Passphrase for")
        terminal.read_for(0.3)
        terminal.press_ctrl_d()
        assert terminal.exit_status() == 3, terminal.shown
        assert f"ssh-add {keys.encrypted}" in terminal.shown
        assert "interrupted" not in terminal.shown


@pytest.mark.parametrize("seen", [True, False])
def test_no_bar_is_drawn_and_no_line_said_while_somebody_types(seen: bool, tmp_path: Path) -> None:
    words = (sys.executable, "-c", BARS_AND_A_QUESTION.replace("SEEN", str(seen)))
    with on_terminal(words, tmp_path, {"PYTHONPATH": str(REPOSITORY)}) as terminal:
        terminal.read_until("Code: ")
        terminal.read_for(0.6)
        terminal.type(CODE)
        assert terminal.exit_status() == 0, terminal.shown
        typed = within(terminal, "Code: ", "\n").strip("\r")
        assert typed == (CODE if seen else "")
        assert "after the answer" in terminal.shown
        after = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.shown.split("Code: ", 1)[1])
        assert "sync" in after
        assert terminal.stdout == f"['{CODE}']\n"
