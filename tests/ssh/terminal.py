"""A program on a terminal of its own, with a person who types."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


def _without_size(environment: Mapping[str, str]) -> dict[str, str]:
    """The terminal tells its size itself."""
    return {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}


class Terminal:
    """What a program shows on its terminal, and a keyboard. stdout goes to a file instead, unless
    it is whole."""

    def __init__(
        self, words: Sequence[str], cwd: Path, environment: Mapping[str, str], whole: bool = False
    ) -> None:
        self._near, far = pty.openpty()
        self.shown = ""
        self._out = cwd / "stdout"
        with self._out.open("wb") as out:
            self._process = subprocess.Popen(
                words,
                cwd=cwd,
                env={**_without_size(environment), "TERM": "xterm"},
                stdin=far,
                stderr=far,
                stdout=far if whole else out,
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0) and None,
            )
        self._far = far

    def read_until(self, part: str, limit_s: float = 60.0) -> None:
        """Wait until the terminal shows `part`."""
        deadline = time.monotonic() + limit_s
        while part not in self.shown:
            assert time.monotonic() < deadline, f"{part!r} never came:\n{self.shown}"
            self._read()

    def read_for(self, seconds: float) -> None:
        """Read whatever comes meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._read()

    def type(self, line: str) -> None:
        """line: bytes that are no UTF-8 stand as surrogates."""
        os.write(self._near, f"{line}\n".encode("utf-8", "surrogateescape"))

    def press(self, keys: str) -> None:
        """Keys alone, without the one that ends a line."""
        os.write(self._near, keys.encode())

    def press_ctrl_c(self) -> None:
        os.write(self._near, b"\x03")

    def press_ctrl_z(self) -> None:
        os.write(self._near, b"\x1a")

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def stop(self) -> None:
        """As Ctrl-S does: from now on nothing more is shown."""
        termios.tcflow(self._far, termios.TCOOFF)

    def press_ctrl_d(self) -> None:
        os.write(self._near, b"\x04")

    @property
    def echoes(self) -> bool:
        """Whether what is typed can be read."""
        return bool(termios.tcgetattr(self._far)[3] & termios.ECHO)

    @property
    def stdout(self) -> str:
        return self._out.read_text()

    def exit_status(self, limit_s: float = 60.0) -> int:
        """Wait for the program's end."""
        deadline = time.monotonic() + limit_s
        while self._process.poll() is None:
            assert time.monotonic() < deadline, self.shown
            self._read()
        self._read()
        return self._process.returncode

    def hang_up(self) -> None:
        """As a window that is closed: from now on there is no terminal."""
        for end in (self._near, self._far):
            os.close(end)
        self._near = self._far = -1

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        if self._near >= 0:
            self.hang_up()

    def _read(self) -> None:
        if select.select([self._near], [], [], 0.05)[0]:
            self.shown += os.read(self._near, 65536).decode("utf-8", "replace")


@contextlib.contextmanager
def on_terminal(
    words: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    whole: bool = False,
) -> Iterator[Terminal]:
    """Run words on a terminal until the block ends. whole: stdout is it, too."""
    terminal = Terminal(words, cwd, {**os.environ, **(environment or {})}, whole)
    try:
        yield terminal
    finally:
        terminal.close()
