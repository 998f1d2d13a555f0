"""The only quoting in the program, against a real shell."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.command import Command, Program, python_program

WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
PRINT_ARGV = "import sys, os; sys.stdout.buffer.write(b'\\0'.join(map(os.fsencode, sys.argv[1:])))"


@settings(max_examples=25, deadline=None)
@given(st.lists(WORD, min_size=1, max_size=4))
def test_any_words_reach_the_program_as_they_are(words: list[str]) -> None:
    line = Command((sys.executable, "-c", PRINT_ARGV, *words)).shell_line()
    seen = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True).stdout
    assert seen.decode().split("\0") == words


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
