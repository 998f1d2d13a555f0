"""The only quoting in the program, against a real shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.values.command import Command, Program, python_program

WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
PRINT_ARGV = "import sys, os; sys.stdout.buffer.write(b'\\0'.join(map(os.fsencode, sys.argv[1:])))"


@settings(max_examples=25, deadline=None)
@given(st.lists(WORD, min_size=1, max_size=4))
def test_any_words_reach_the_program_as_they_are(words: list[str]) -> None:
    line = Command((sys.executable, "-c", PRINT_ARGV, *words)).shell_line()
    seen = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True).stdout
    assert seen.decode().split("\0") == words


SHELLS = ("sh", "dash", "bash", "zsh", "fish", "tcsh", "csh", "busybox", "ksh", "mksh")
HOSTILE = (
    "a\\\\b", "a\\", "\\'", "a\\tb", "x!!y", "!", "it's", 'q"q', "$HOME $(id) `id`", "~root", "new\nline",
    "\n", "trailing\n\n", "tab\t", "\x1b\x7f", "é 日本", "\udcff", "=ls", "%self", "%s%n", "* ?", "{a,b}",
    "", "-n", "^a^b", "#x", ";&|<>", "[a-z]", "x" * 20_000,
)  # fmt: skip


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
@pytest.mark.parametrize("shell", SHELLS)
def test_every_login_shell_passes_hostile_words_on_as_they_are(shell: str, locale: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    line = Command((sys.executable, "-IS", "-c", PRINT_ARGV, *HOSTILE)).shell_line()
    words = [program, "sh"] if shell == "busybox" else [program]
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": locale}
    seen = subprocess.run([*words, "-c", line], capture_output=True, env=environment, check=True)
    assert [os.fsdecode(word) for word in seen.stdout.split(b"\0")] == list(HOSTILE)


@settings(max_examples=25, deadline=None)
@given(st.lists(WORD, min_size=1, max_size=4))
def test_no_word_leaves_what_shells_read_differently_in_a_command_line(words: list[str]) -> None:
    """Quotes, printable ASCII, and a backslash only before an octal digit: all agree on these."""
    line = Command((*("python", "x"), *words)).shell_line()
    assert line.isascii()
    assert line.isprintable()
    assert "!" not in line
    assert not re.search(r"\\(?!0[0-7]{3})", line)


def test_words_that_all_shells_read_alike_need_no_other_shell() -> None:
    line = Command(("python", "-c", "print('it is')", "/workspace/it's here", "~/w")).shell_line()
    assert line.startswith("exec python -c ")


def test_a_program_travels_inside_its_command_line_and_runs() -> None:
    program = Program("greet", "import sys\nprint('hello', sys.argv[1])\n")
    line = python_program(sys.executable, program, "it's me; $(x)").shell_line()
    seen = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True, text=True)
    assert seen.stdout == "hello it's me; $(x)\n"


def test_a_secret_word_is_masked_when_printed_but_not_when_sent() -> None:
    command = Command(("login", "hunter2"), secrets=frozenset({"hunter2"}))
    assert str(command) == "login '***'"
    assert command.shell_line() == "exec login hunter2"


@pytest.mark.parametrize("argv", [(), ("",), ("a\0b",)])
def test_words_that_no_command_line_can_carry_are_refused(argv: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):
        Command(argv)
