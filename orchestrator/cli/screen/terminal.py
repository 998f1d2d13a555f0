"""The only way to stdout, stderr and /dev/tty: whatever is written there passes a gate.

While a command runs, `guarded` stands in the place of both streams, so whoever writes (we, click, a
library, Python's own warnings and tracebacks) writes text that cannot play with a terminal. Colours
and moves of the cursor are made here and by the bars of `console`, around text that has passed.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

import click

from orchestrator.values.text import printable


class Gate:
    """A text stream that passes on what is harmless to see, in characters that the stream has.

    mask: what strangers may read of a text, where the stream is made to be passed on.
    """

    def __init__(self, stream: TextIO, mask: Callable[[str], str] | None = None) -> None:
        self.beyond = stream
        self._mask = mask

    def shown(self, text: str) -> str:
        """`text` as it would be written."""
        if not isinstance(text, str):
            raise TypeError(f"a terminal is written text, not {type(text).__name__}")
        harmless = printable(self._mask(text) if self._mask else text)
        if harmless.isascii():
            return harmless
        encoding = getattr(self.beyond, "encoding", None) or "utf-8"
        return harmless.encode(encoding, "backslashreplace").decode(encoding)

    def write(self, text: str) -> int:
        self.beyond.write(self.shown(text))
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.write(line)

    def styled(self, text: str, **style: Any) -> None:
        """Write `text` in a colour of ours, where the stream is a terminal that has any, and
        NO_COLOR is unset (no-color.org)."""
        color = False if os.environ.get("NO_COLOR") or _is_dumb() else None
        click.echo(click.style(self.shown(text), **style), file=self.beyond, nl=False, color=color)

    def __getattr__(self, name: str) -> Any:
        if name in ("buffer", "detach"):  # the ways around
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return getattr(self.beyond, name)


def gate(*, err: bool = False) -> Gate | None:
    """stdout or stderr, behind a gate; None where the descriptor was closed before we began."""
    stream: TextIO | Gate | None = sys.stderr if err else sys.stdout
    return stream if isinstance(stream, Gate | None) else Gate(stream)


def is_terminal(*, err: bool = False) -> bool:
    """Whether a person reads stdout or stderr as it comes."""
    stream = sys.stderr if err else sys.stdout
    return stream is not None and stream.isatty()


def columns() -> int:
    """How many stdout has; 0 where it is no terminal."""
    return shutil.get_terminal_size().columns if is_terminal() else 0


def can_be_drawn_on(*, err: bool = False) -> bool:
    """Whether it is a terminal on which the cursor can be moved."""
    return is_terminal(err=err) and not _is_dumb()


def _is_dumb() -> bool:
    return os.environ.get("TERM", "").lower() in ("dumb", "unknown")


def shown(text: str) -> str:
    """`text` as stderr shows it, for the bars, which write beyond the gate."""
    to = gate(err=True)
    return to.shown(text) if to else text


def write(text: str, *, err: bool = False, **style: Any) -> None:
    """Write `text` as it is shown, and see that it arrives; style: as click.style has it."""
    to = gate(err=err)
    if to is None:
        return
    if style:
        to.styled(text, **style)
    else:
        to.write(text)
    to.flush()


@contextmanager
def guarded(*, discreet: bool) -> Iterator[None]:
    """While the block lasts, all that is written to stdout and stderr passes a gate, whoever
    writes it. discreet: and on stderr nothing is shown that strangers must not read."""
    before = sys.stdout, sys.stderr
    if (out := gate()) is not None:
        sys.stdout = cast(TextIO, out)
    if (err := gate(err=True)) is not None:
        sys.stderr = cast(TextIO, Gate(err.beyond, _discreet) if discreet else err)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _discreet(text: str) -> str:
    from orchestrator.values.privacy.redaction import discreet

    return discreet(text)
