"""Single keys of a person at a terminal, without an echo; the terminal's modes come back, however
this process ends or stops."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from orchestrator.cli.screen import leaving, questions

_READ_BYTES = 64
_NOT_OURS_S = 0.2


class Keys:
    """Of stdin, which is a terminal. Ctrl-C and Ctrl-Z keep their meaning."""

    def __init__(self) -> None:
        self._held = contextlib.ExitStack()
        self.descriptor = sys.stdin.fileno()

    def __enter__(self) -> Keys:
        self._take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """While the block lasts the terminal is another program's, with its modes as they were."""
        self._held.close()
        try:
            yield
        finally:
            self._take()

    def _take(self) -> None:
        self._held.enter_context(questions.taken())
        self._held.enter_context(_without_echo(self.descriptor))

    def keep(self) -> None:
        """Once in a while: take the modes again where a shell has changed them. The `fg` of some
        tells nothing to a job that runs already, as after `bg`."""
        import termios

        with contextlib.suppress(OSError, termios.error):  # the terminal has gone
            is_of_lines = termios.tcgetattr(self.descriptor)[3] & (termios.ECHO | termios.ICANON)
            if is_of_lines and os.tcgetpgrp(self.descriptor) == os.getpgrp():
                leaving.go_on()

    def pressed(self) -> str | None:
        """What is there to be read, each character a key; "" where the terminal is somebody else's
        at the moment; None where it has gone."""
        try:
            if os.tcgetpgrp(self.descriptor) != os.getpgrp():
                time.sleep(_NOT_OURS_S)
                return ""
            data = os.read(self.descriptor, _READ_BYTES)
        except OSError:
            return None
        return data.decode("utf-8", "ignore") if data else None


@contextlib.contextmanager
def _without_echo(descriptor: int) -> Iterator[None]:
    import termios

    before = termios.tcgetattr(descriptor)
    ours = termios.tcgetattr(descriptor)
    ours[3] &= ~(termios.ECHO | termios.ICANON)
    ours[6][termios.VMIN], ours[6][termios.VTIME] = 1, 0

    def become(modes: list[Any]) -> None:
        # Only who is in front may: a job in the background would be stopped for trying.
        if os.tcgetpgrp(descriptor) == os.getpgrp():
            termios.tcsetattr(descriptor, termios.TCSANOW, modes)

    with leaving.giving_back(lambda: become(before), lambda: become(ours)):
        try:
            become(ours)
            yield
        finally:
            with contextlib.suppress(OSError, termios.error):  # the terminal has gone
                become(before)
