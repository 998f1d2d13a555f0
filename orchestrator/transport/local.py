"""This machine as a host: the same words through /bin/sh, so that quoting is exercised alike."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import cast

from orchestrator.errors import HostUnreachable
from orchestrator.here import local_fault
from orchestrator.transport.exchange import Tail, run_to_end
from orchestrator.transport.failures import lost
from orchestrator.values.command import Command
from orchestrator.values.completed import Completed
from orchestrator.values.host import Host

_SEND_LIMIT_S = 60.0
_GRACE_S = 0.3


class LocalChannel:
    """A child process in its own session; see base.Channel."""

    def __init__(self, host: Host, command: Command) -> None:
        self._host = host
        self.tail = Tail()
        # A session of its own, as under sshd: our Ctrl-C is not the command's.
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", command.shell_line()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path.home(),
            start_new_session=True,
            bufsize=0,
        )
        self._stdin = cast(FileIO, self._process.stdin)
        self._stdout = cast(FileIO, self._process.stdout)
        os.set_blocking(self._stdin.fileno(), False)
        # What is closed under a read or write may be another file by the time that it is made.
        self._using = threading.Lock()
        self._drain = threading.Thread(target=self._read_stderr, daemon=True)
        self._drain.start()

    def send(self, data: bytes) -> None:
        """Write all of data; LinkLost if the command no longer reads."""
        view = memoryview(data)
        try:
            while view:
                if not _ready(self._stdin.fileno(), selectors.EVENT_WRITE, _SEND_LIMIT_S):
                    raise lost(self._host, f"read nothing for {_SEND_LIMIT_S:g} s")
                with self._using:
                    view = view[self._stdin.write(view) or 0 :]
        except (OSError, ValueError) as error:  # ValueError: closed by us meanwhile
            raise lost(self._host, "stopped reading what we send") from error

    def close_send(self) -> None:
        """Close the command's stdin."""
        with self._using:
            self._stdin.close()

    def receive(self, limit: int, timeout_s: float) -> bytes:
        """Return some stdout, or b"" at its end; LinkLost after timeout_s of silence."""
        try:
            if not _ready(self._stdout.fileno(), selectors.EVENT_READ, timeout_s):
                raise lost(self._host, f"said nothing for {timeout_s:g} s")
            with self._using:
                return self._stdout.read(limit) or b""
        except ValueError as error:  # as above
            raise lost(self._host, "is no longer connected") from error

    def stderr_tail(self) -> str:
        """The last of stderr so far."""
        return str(self.tail)

    def exit_status(self, timeout_s: float) -> int | None:
        """Wait for the end; None after a signal, as over SSH, or when time is up."""
        try:
            status = self._process.wait(max(0.0, timeout_s))
        except subprocess.TimeoutExpired:
            return None
        self._drain.join(_GRACE_S)
        return status if status >= 0 else None

    def is_alive(self) -> bool:
        """This machine always is."""
        return True

    def close(self) -> None:
        """Close the pipes; a command that outlives them is ended with its whole group."""
        with self._using:
            self._stdin.close()
            self._stdout.close()
        for ending in (signal.SIGTERM, signal.SIGKILL):
            if self._ended_within(_GRACE_S):
                break
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, ending)
        self._process.wait()
        self._drain.join(_GRACE_S)

    def _ended_within(self, timeout_s: float) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        return self._process.returncode is not None

    def _read_stderr(self) -> None:
        with cast(FileIO, self._process.stderr) as stream:
            while data := stream.read(1 << 16):
                self.tail.add(data)


class LocalTransport:
    """Run commands on this machine; nothing to open, nothing to verify."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def open(self) -> None:
        """Nothing to do."""

    def run(self, command: Command, *, stdin: bytes = b"", timeout_s: float = 60.0) -> Completed:
        """Run a command to its end."""
        with self.stream(command) as channel:
            return run_to_end(self.host, channel, channel.tail, stdin, timeout_s)

    @contextlib.contextmanager
    def stream(self, command: Command) -> Iterator[LocalChannel]:
        """Start a command in the home directory, as a login would."""
        try:
            channel = LocalChannel(self.host, command)
        except OSError as error:
            what = f"{self.host.where} cannot start a shell"
            if local_fault.is_of_files(error) and error.filename is None:
                raise local_fault.told(error, what) from error
            raise HostUnreachable(f"{what}: {error}") from error
        try:
            yield channel
        finally:
            channel.close()

    def close(self) -> None:
        """Nothing to do."""

    def __enter__(self) -> LocalTransport:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _ready(descriptor: int, event: int, timeout_s: float) -> bool:
    with selectors.PollSelector() as selector:
        selector.register(descriptor, event)
        return bool(selector.select(max(0.0, timeout_s)))
