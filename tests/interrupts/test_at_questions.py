"""Ctrl-C where a person is asked: the echo is back, and nothing was decided."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.comparing import store
from tests.conftest import SshdVariant
from tests.faults.conftest import wait_until
from tests.interrupts.conftest import REPOSITORY, Desk, environment, interrupted, ran
from tests.ssh.second_factor import KEY_AND_CODE, second_factor, why_not
from tests.ssh.server import Keys, SshServer

VERBS = pytest.mark.parametrize("verb", ["doctor", "deploy"])
needs_pam = pytest.mark.skipif(bool(why_not()), reason=why_not())


@VERBS
def test_at_the_question_for_a_new_host_key(verb: str, desk: Desk, sshd: SshServer) -> None:
    desk.on(sshd)
    desk.describe(host_key=None)
    with desk.types(verb) as terminal:
        terminal.read_until("from now on?")
        terminal.read_for(0.2)
        interrupted(terminal)
        assert not (desk.root / ".orchestrator" / "known_hosts").exists()


@VERBS
def test_at_the_passphrase(verb: str, desk: Desk, sshd: SshServer, keys: Keys) -> None:
    desk.on(sshd)
    desk.describe(identity_file=str(keys.encrypted))
    with desk.types(verb) as terminal:
        terminal.read_until("Passphrase for ")
        wait_until(lambda: not terminal.echoes)
        interrupted(terminal)


@needs_pam
@VERBS
def test_at_a_second_factor(
    verb: str, desk: Desk, sshd_variant: SshdVariant, tmp_path: Path
) -> None:
    rules = second_factor(tmp_path / "factor")
    desk.on(sshd_variant(*KEY_AND_CODE, environment=rules.environment))
    with desk.types(verb) as terminal:
        terminal.read_until("code: ")
        wait_until(lambda: not terminal.echoes)
        interrupted(terminal, times=3)


def test_at_the_question_before_runs_are_removed(desk: Desk) -> None:
    names = [f"20261122-10153{n}-pod-check" for n in range(2)]
    for name in names:
        store(desk.root, name, None)
    with desk.types("runs", "rm", *names) as terminal:
        terminal.read_until("Remove")
        terminal.read_for(0.1)
        interrupted(terminal)
    assert all((desk.root / "runs" / name / "run.json").is_file() for name in names)


# As Python reads a line: here comes a signal after it last looked for one, and before it reads.
LATE = """#include <signal.h>
#include <unistd.h>
extern "C" void read_just_after(int number) {
  char byte;
  raise(number);
  (void)!read(0, &byte, 1);
}
"""
# In the place of a whole command, in which all but that wait would be real.
WAITING = """import ctypes, sys
from orchestrator import __main__
from orchestrator.cli import app
late = ctypes.CDLL(sys.argv[1])
app.run = lambda _: late.read_just_after(int(sys.argv[2]))
__main__.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_just_before_any_wait_of_a_command_does_not_wait_for_its_end(
    tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "late.cpp").write_text(LATE)
    words = ("c++", "-shared", "-fPIC", "-o", "late.so", "late.cpp")
    subprocess.run(words, cwd=tmp_path, check=True)
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, str(tmp_path / "late.so"), str(int(number))],
        cwd=REPOSITORY,
        env=environment(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        assert waiting.stderr is not None
        try:
            assert waiting.wait(20) == 128 + number, waiting.stderr.read()
        finally:
            waiting.kill()


# Whoever asks writes, and what is written calls on our gate: a signal may come wherever it does.
AT_A_FLUSH = """import io, os, signal, sys
from orchestrator.cli.screen import questions
class Stderr(io.StringIO):
    flushes = 0
    def flush(self):
        self.flushes += 1
        if self.flushes == int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGINT)
sys.stderr = Stderr()
try:
    given = questions.confirm("Go on?")
except BaseException:
    print("interrupted", flush=True)
else:
    print(given, sys.stderr.flushes, flush=True)
os._exit(0)  # Python itself flushes once more at its end
"""


def test_a_ctrl_c_while_the_question_is_being_written_is_not_swallowed() -> None:
    said = [ran(AT_A_FLUSH, flush, typed="y\n").stdout for flush in range(1, 5)]
    assert said[0] == "interrupted\n"
    flushes = said.count("interrupted\n")
    assert said[flushes:] == [f"True {flushes}\n"] * (4 - flushes)
