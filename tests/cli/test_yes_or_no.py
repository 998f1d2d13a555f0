"""A question that is answered by yes or no, at a real terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.ssh.terminal import on_terminal

ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[2])}
ASKING = f"{sys.executable} -c 'from orchestrator.cli.screen import questions; " + (
    'print(questions.confirm("Go on?"))\''
)
NOT_WAITED_FOR = f"{sys.executable} -c 'import os; os.set_blocking(0, False)'"
IS_WAITED_FOR = f"{sys.executable} -c 'import os; print(os.get_blocking(0))'"


def test_an_answer_is_waited_for_where_a_program_before_us_left_a_terminal_that_does_not_wait(
    tmp_path: Path,
) -> None:
    line = f"{NOT_WAITED_FOR}; {ASKING}; {IS_WAITED_FOR}"
    with on_terminal(("sh", "-c", line), tmp_path, ENVIRONMENT) as terminal:
        terminal.read_until("[y/N]")
        terminal.read_for(0.3)
        terminal.type("y")
        assert terminal.exit_status(10) == 0, terminal.shown
        assert terminal.stdout == "True\nFalse\n"


def test_after_three_answers_that_are_none_it_is_a_no(tmp_path: Path) -> None:
    with on_terminal(("sh", "-c", ASKING), tmp_path, ENVIRONMENT) as terminal:
        for _ in range(3):
            terminal.read_until("[y/N]: ")
            terminal.shown = ""
            terminal.type("perhaps")
        assert terminal.exit_status(10) == 0, terminal.shown
        assert "Taken for a no." in terminal.shown
        assert terminal.stdout == "False\n"
