"""Real things that misbehave a little, for faults that cannot be provoked from outside."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from orchestrator.errors import AuthenticationError, LinkLost
from orchestrator.transport.base import Channel, Transport
from orchestrator.values.command import Command
from orchestrator.values.completed import Completed


class RefusingOnce:
    """A real transport whose link drops at its second command, and then during the login."""

    def __init__(self, transport: Transport) -> None:
        self._transport, self.host = transport, transport.host
        self._commands = self.times = 0

    @contextlib.contextmanager
    def stream(self, command: Command) -> Iterator[Channel]:
        self._commands += 1
        if self._commands in (2, 3):
            self.times += 1
            kind = LinkLost if self._commands == 2 else AuthenticationError
            raise kind(f"{self.host.where} hung up")
        with self._transport.stream(command) as channel:
            yield channel

    def run(self, command: Command, *, stdin: bytes = b"", timeout_s: float = 60.0) -> Completed:
        return self._transport.run(command, stdin=stdin, timeout_s=timeout_s)

    def open(self) -> None:
        self._transport.open()

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Said:
    """Progress that keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        return

    def say(self, line: str) -> None:
        self.lines.append(line)
