"""What a person is asked while we log in: at the terminal itself, so that stdout stays clean.

A connection opens in the background, so the questions may come from another thread while bars are
drawn; those make room until the answer is there.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

import click

from orchestrator.cli import console, leaving, signals
from orchestrator.cli.terminal import Gate

if TYPE_CHECKING:
    from orchestrator.transport.trust import Question


def can_type() -> bool:
    """Whether somebody sits at a terminal that is ours to read: not of a job in the background."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):  # closed, or no terminals on this system
        return False


def ask_about_host_key(question: str, fingerprint: str) -> bool:
    """Put first contact to the person; anything but yes is no."""
    return console.confirm(question, f"Trust {fingerprint} from now on?")


def ask_passphrase(question: str) -> str:
    """Ask for a key's passphrase without echo; "" if none is given."""
    with console.undisturbed(), _terminal() as (_, sink):
        try:
            return getpass.getpass(question, sink)
        except EOFError:  # Ctrl-D: none is given, as for ssh
            return ""


def ask_answers(said: str, questions: tuple[Question, ...]) -> list[str]:
    """Show what a host says, and ask what it wants to know, one answer for each question."""
    with console.undisturbed(), _terminal() as (source, sink):
        sink.write(f"{said}\n")
        sink.flush()
        return [_typed(source, sink, question.text, question.seen) for question in questions]


def _typed(source: TextIO, sink: TextIO, question: str, seen: bool) -> str:
    if not seen:
        try:
            return getpass.getpass(question, sink)
        except EOFError:
            raise click.Abort from None
    sink.write(question)
    sink.flush()
    line = source.readline()
    if not line:
        raise click.Abort
    return line.rstrip("\r\n")


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[TextIO, TextIO]]:
    """The terminal, whatever stdin and stderr are; left as it was found, whatever happens.

    Not sys.stdin: Python cannot end while another thread waits in it.
    """
    place = Path("/dev/tty")
    with (
        place.open() as source,
        place.open("w") as sink,
        _echo_restored(source.fileno()),
        signals.heard(),
    ):
        yield source, cast(TextIO, Gate(sink))


@contextlib.contextmanager
def _echo_restored(descriptor: int) -> Iterator[None]:
    """A person who presses Ctrl-C ends the program, and with it the thread that hid the echo."""
    import termios

    before = termios.tcgetattr(descriptor)

    def restore() -> None:
        # Only who is in front may: a job in the background would be stopped for trying.
        if os.tcgetpgrp(descriptor) == os.getpgrp():
            termios.tcsetattr(descriptor, termios.TCSANOW, before)

    with leaving.giving_back(restore):
        try:
            yield
        finally:
            with contextlib.suppress(OSError, termios.error):  # the terminal has gone
                restore()
