"""The transport protocol, documented here once: ssh, local and scripted all obey it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

from orchestrator.values.command import Command
from orchestrator.values.completed import Completed
from orchestrator.values.host import Host


class Channel(Protocol):
    """A running command with its three streams; binary, without a terminal."""

    def send(self, data: bytes) -> None:
        """Write all of data to the command's stdin; LinkLost if the far end has gone."""

    def close_send(self) -> None:
        """Tell the command that its stdin has ended."""

    def receive(self, limit: int, timeout_s: float) -> bytes:
        """Return 1..limit bytes of stdout, b"" at its end; LinkLost after timeout_s of silence."""

    def stderr_tail(self) -> str:
        """Return the last few KB of stderr seen so far, as text; never blocks for more."""

    def exit_status(self, timeout_s: float) -> int | None:
        """Wait for the end; None when the far end gave no status (killed, or the link died)."""

    def is_alive(self) -> bool:
        """Whether the far end is there, though its command may say nothing; takes 3 s at most."""

    def close(self) -> None:
        """Stop talking; the command's stdin and stdout close. Safe to call twice, and while another
        thread sends or receives, to which it is a LinkLost."""


class Transport(Protocol):
    """One open way to one host. Opens lazily, once; used for everything; closed once."""

    host: Host

    def open(self) -> None:
        """Connect now; HostUnreachable or a leaf of it says why not. Safe to call twice."""

    def run(self, command: Command, *, stdin: bytes = b"", timeout_s: float = 60.0) -> Completed:
        """Run a short command to its end. LinkLost when it outlives timeout_s or the link dies."""

    def stream(self, command: Command) -> AbstractContextManager[Channel]:
        """Start a command and talk with it; leaving the block closes the channel."""

    def close(self) -> None:
        """Let go of the connection. Safe to call twice; the next use opens it again."""

    def __enter__(self) -> Transport:
        """Return self, unopened."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
