"""The three standard streams as a shell may hand them over: closed, full, unread, not UTF-8.

stdout carries the product. A reader that has gone (`| head`) has read enough, so the rest of it is
dropped and the command goes on to its own exit code; any other failure to write is told. stderr
is for people, and nothing fails because nobody can read it.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import select
import sys
from collections.abc import Callable
from typing import Any, TextIO, cast

import click

_WRITE_S = 1.0
_ANY = "ü…\udce9.\n"
_product: _Outlet | None = None


class _Outlet(io.RawIOBase):
    """A descriptor to write to that fails at most once. forgives: which failures are none."""

    def __init__(self, descriptor: int, name: str, forgives: Callable[[OSError], bool]) -> None:
        super().__init__()
        self._descriptor, self._name, self._forgives = descriptor, name, forgives
        self.dead = False

    def write(self, data: Any) -> int:
        while not self.dead:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:  # whoever shares the terminal has made it so
                select.select([], [self._descriptor], [], _WRITE_S)
            except OSError as error:
                self.dead = True
                if not self._forgives(error):
                    raise OSError(error.errno, error.strerror, self._name) from error
        return len(data)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)


def prepare() -> None:
    """Make the streams of this process so; for the program's start, before anything is opened."""
    global _product
    _open_closed_ones()
    _product = _Outlet(1, "stdout", lambda error: error.errno == errno.EPIPE)
    sys.stdout = _text(_product, sys.stdout)
    sys.stderr = _text(_Outlet(2, "stderr", lambda error: True), sys.stderr)


def until_nobody_reads(show: Callable[[str], None]) -> Callable[[str], None]:
    """`show`, for what has no end of its own: it ends the command when its reader has gone."""

    def shown(line: str) -> None:
        show(line)
        if _product is not None and _product.dead:
            raise click.exceptions.Exit(0)

    return shown


def has_reader() -> bool:
    """Whether anybody may still read stdout; asked without a word written to it."""
    poll = select.poll()
    # poll(2) tells unasked that a reader has gone, but macOS looks at what is asked for alone.
    poll.register(1, select.POLLOUT)
    return not any(told & (select.POLLERR | select.POLLHUP) for _, told in poll.poll(0))


def _open_closed_ones() -> None:
    """What is opened next would get a closed one's number, and be written to by mistake."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # open(2): the lowest number that is free
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    # What comes there are answers, and no data.
    answers = cast(io.TextIOWrapper, sys.stdin)
    answers.reconfigure(encoding=_encoding(answers), errors="replace")


def _text(outlet: _Outlet, before: TextIO | None) -> TextIO:
    buffer, encoding = io.BufferedWriter(outlet), _encoding(before)
    stream = io.TextIOWrapper(buffer, encoding, errors="backslashreplace", line_buffering=True)
    return cast(TextIO, stream)


def _encoding(stream: TextIO | None) -> str:
    """The encoding that the shell asked for, if any text can be written so; ASCII is taken for
    UTF-8, as by click: a terminal without a locale nearly always shows that."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    with contextlib.suppress(LookupError):
        encoding = "utf-8" if codecs.lookup(encoding).name == "ascii" else encoding
    try:
        _ANY.encode(encoding, "backslashreplace")
    except (LookupError, UnicodeError):  # as idna, which is for names of hosts alone
        return "utf-8"
    return encoding
