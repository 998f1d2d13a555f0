"""A transport for tests of the rooms above: it answers from a script and touches nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from orchestrator.values.command import Command
from orchestrator.values.completed import Completed
from orchestrator.values.host import Host

Answer = Callable[[Command, bytes], Completed]
Script = Callable[[Command], Iterable[bytes | Exception]]


class ScriptedChannel:
    """Receives a script's pieces in turn, raises the exceptions among them, keeps what is sent."""

    def __init__(self, pieces: Iterable[bytes | Exception]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        self.sent = bytearray()

    def send(self, data: bytes) -> None:
        self.sent += data

    def close_send(self) -> None: ...

    def receive(self, limit: int, timeout_s: float) -> bytes:
        piece = self._rest or next(self._pieces, b"")
        if isinstance(piece, Exception):
            raise piece
        self._rest = piece[limit:]
        return piece[:limit]

    def stderr_tail(self) -> str:
        return ""

    def exit_status(self, timeout_s: float) -> int | None:
        return 0

    def is_alive(self) -> bool:
        return False  # a script that raises LinkLost means it

    def close(self) -> None: ...


class ScriptedTransport:
    """run() asks `answer`, stream() plays `script`; `commands` and `channels` keep the record."""

    def __init__(self, host: Host, answer: Answer, script: Script = lambda command: ()) -> None:
        self.host = host
        self._answer, self._script = answer, script
        self.commands: list[Command] = []
        self.channels: list[ScriptedChannel] = []

    def open(self) -> None: ...

    def run(self, command: Command, *, stdin: bytes = b"", timeout_s: float = 60.0) -> Completed:
        self.commands.append(command)
        return self._answer(command, stdin)

    @contextmanager
    def stream(self, command: Command) -> Iterator[ScriptedChannel]:
        self.commands.append(command)
        self.channels.append(ScriptedChannel(self._script(command)))
        yield self.channels[-1]

    def close(self) -> None: ...

    def __enter__(self) -> ScriptedTransport:
        return self

    def __exit__(self, *error: object) -> None: ...
