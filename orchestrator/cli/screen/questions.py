"""What a person is asked: yes or no on stderr; and while we log in, at the terminal itself, so that
stdout stays clean.

A connection opens in the background, so the questions may come from another thread while bars are
drawn; those make room until the answer is there.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from orchestrator.cli.screen import console, leaving, terminal
from orchestrator.cli.screen.terminal import Gate
from orchestrator.errors import NobodyToAsk
from orchestrator.here.local_fault import told
from orchestrator.values.text import one_line

if TYPE_CHECKING:
    from orchestrator.transport.login.trust import Question

_TRIES = 3
_KEYS = threading.Event()  # what is typed are keys of somebody else's


def can_type() -> bool:
    """Whether somebody sits at a terminal that is ours to read: not of a job in the background, nor
    while keys are read from it."""
    if _KEYS.is_set():
        return False
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):  # closed, or no terminals on this system
        return False


@contextlib.contextmanager
def taken() -> Iterator[None]:
    """While the block lasts what is typed is read as keys: no login may ask anything, though it was
    told before that it may."""
    _KEYS.set()
    try:
        yield
    finally:
        _KEYS.clear()


def confirm(*lines: str) -> bool:
    """A yes-or-no question whose default is no, as is Ctrl-D, an empty stdin, and what is neither
    when it has been asked _TRIES times."""
    question = "\n".join(map(one_line, lines))
    with console.undisturbed(), _waited_for(sys.stdin):
        for left in reversed(range(_TRIES)):
            # Not input(), and so not click: a Ctrl-C while that flushes what it wrote is swallowed.
            terminal.write(f"{question} [y/N]: ", err=True)
            typed = sys.stdin.readline()
            if not typed:
                terminal.write("\n", err=True)
            if (answer := typed.strip().lower()) in ("y", "yes", "n", "no", ""):
                return answer in ("y", "yes")
            terminal.write(f"{'Please answer y or n' if left else 'Taken for a no'}.\n", err=True)
    return False


def choose(question: str, known: Mapping[str, str], default: str) -> str:
    """One of the words of `known`, each told with what it means; the default is an empty line,
    Ctrl-D, and what is none of them when it has been asked _TRIES times."""
    width = max(map(len, known))
    rows = [f"  {word:<{width}}  {what}" for word, what in known.items()]
    text = "\n".join([question, *rows, f"[{default}]"])
    for _ in range(_TRIES):
        answer = ask(text)
        if not answer or answer in known:
            return answer or default
        text = f"Please answer {', '.join(known)} [{default}]"
    return default


def ask(question: str) -> str:
    """The line that is typed, without blanks around it; empty for Ctrl-D."""
    with console.undisturbed(), _waited_for(sys.stdin):
        terminal.write(f"{question}: ", err=True)
        typed = sys.stdin.readline()
        if not typed:
            terminal.write("\n", err=True)
        return typed.strip()


@contextlib.contextmanager
def _waited_for(source: TextIO) -> Iterator[None]:
    """While the block lasts a read waits for what is typed: a program before us may have left the
    terminal so that it does not, and no answer yet would pass for none."""
    waits = True
    with contextlib.suppress(OSError, ValueError, AttributeError):  # no file, closed, or none
        waits = os.get_blocking(source.fileno())
        os.set_blocking(source.fileno(), True)
    try:
        yield
    finally:
        if not waits:
            os.set_blocking(source.fileno(), False)


def ask_about_host_key(question: str, fingerprint: str) -> bool:
    """Put first contact to the person; anything but yes is no."""
    return not _KEYS.is_set() and confirm(question, f"Trust {fingerprint} from now on?")


def ask_passphrase(question: str) -> str:
    """Ask for a key's passphrase without echo; "" if none is given. NobodyToAsk."""
    _require_a_person(question)
    with console.undisturbed(), _terminal() as (source, sink):
        return _typed(source, sink, question, seen=False) or ""  # Ctrl-D: none, as for ssh


def ask_answers(said: str, questions: tuple[Question, ...]) -> list[str]:
    """Show what a host says, and ask what it wants to know, one answer for each question.
    NobodyToAsk."""
    _require_a_person(said)
    with console.undisturbed(), _terminal() as (source, sink):
        sink.write(f"{said}\n")
        sink.flush()
        return [_answer(source, sink, question) for question in questions]


def _require_a_person(question: str) -> None:
    if _KEYS.is_set():
        raise NobodyToAsk(
            f"the login asks something, and nobody can be asked while keys are read: {question}",
            hint="Begin anew: then it may ask. Or let an ssh-agent hold the key.",
        )


def _answer(source: TextIO, sink: TextIO, question: Question) -> str:
    typed = _typed(source, sink, question.text, question.seen)
    if typed is None:
        raise click.Abort
    return typed


def _typed(source: TextIO, sink: TextIO, question: str, seen: bool) -> str | None:
    """The line that is typed, without its end; None for Ctrl-D."""

    def ask() -> None:
        sink.write(question)
        sink.flush()

    with contextlib.nullcontext() if seen else _hidden(source.fileno(), ask):
        ask()
        line = source.readline()
    if not seen:
        sink.write("\n")
        sink.flush()
    return line.rstrip("\r\n") if line else None


@contextlib.contextmanager
def _hidden(descriptor: int, ask: Callable[[], None]) -> Iterator[None]:
    """Without an echo. Not getpass: it reads in the characters of the locale and in no others.

    A person who presses Ctrl-C ends the program, and with it the thread that hid the echo; one who
    comes back after Ctrl-Z is asked again: what was half typed is gone.
    """
    import termios

    before = termios.tcgetattr(descriptor)
    hidden = termios.tcgetattr(descriptor)
    hidden[3] &= ~termios.ECHO

    def become(modes: list[Any]) -> bool:
        # Only who is in front may: a job in the background would be stopped for trying.
        if os.tcgetpgrp(descriptor) != os.getpgrp():
            return False
        termios.tcflush(descriptor, termios.TCIFLUSH)
        termios.tcsetattr(descriptor, termios.TCSANOW, modes)
        return True

    def show() -> None:
        become(before)

    def hide_anew() -> None:
        if become(hidden):
            ask()

    with leaving.giving_back(show, hide_anew):
        try:
            become(hidden)
            yield
        finally:
            with contextlib.suppress(OSError, termios.error):  # the terminal has gone
                show()


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[TextIO, TextIO]]:
    """The terminal, whatever stdin and stderr are; left as it was found, whatever happens.

    Not sys.stdin: Python cannot end while another thread waits in it. What is typed is no UTF-8 on
    some terminals: such bytes stand as surrogates, so that they can be sent as they came. Without a
    buffer, in which a signal might find us: after Ctrl-Z we ask again.
    """
    import termios

    place = Path("/dev/tty")
    try:
        with (
            place.open(encoding="utf-8", errors="surrogateescape") as source,
            io.TextIOWrapper(place.open("wb", buffering=0), write_through=True) as sink,
        ):
            yield source, cast(TextIO, Gate(sink))
    except (OSError, termios.error) as error:  # told here: for a login it is no network's
        raise told(OSError(*error.args[:2], str(place))) from error
