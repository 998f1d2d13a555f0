"""A ProxyCommand of ssh_config(5): a program of the user's that carries the connection.

Paramiko's own never reads what the program says on stderr: so the program stops when it has said
64 KB, and nobody learns why it ended.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from dataclasses import dataclass

from orchestrator.errors import UsageError
from orchestrator.values.command import Command
from orchestrator.values.text import printable

_TAIL_BYTES = 2000
_LAST_LINES = 3  # some shells say what is wrong first, and then show the place
_END_S = 1.0
_ENDED_S = 0.2  # one that has closed its end ends within that, and what it said is here


@dataclass
class ProxyCommand:
    """The program while it runs. socket: what ends at the host."""

    socket: socket.socket
    _process: subprocess.Popen[bytes]
    _said: bytearray
    _listener: threading.Thread

    @property
    def complaint(self) -> str:
        """What it said last on stderr, joined to one line; "" while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self._process.wait(_ENDED_S)
            self._listener.join(_ENDED_S)
            last = "; ".join(_words(self._said)[-_LAST_LINES:])
            return f"it ended with {status}{f': {last}' if last else ' and said nothing'}"
        return ""

    def close(self) -> None:
        """End the program, and what it holds."""
        self.socket.close()
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start(line: str) -> ProxyCommand:
    """Start a line of the user's ssh_config, as ssh does: by the user's shell, with exec.

    UsageError: that shell cannot be started.
    """
    shell = os.environ.get("SHELL") or "/bin/sh"
    near, far = socket.socketpair()
    with far:
        try:
            process = subprocess.Popen(
                Command((shell, "-c", f"exec {line}")).argv,
                stdin=far.fileno(),
                stdout=far.fileno(),
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            near.close()
            if error.filename is None:  # not of the shell: this machine has no room for a process
                raise
            raise UsageError(
                f"the ProxyCommand of ~/.ssh/config cannot be started: $SHELL is {shell}: "
                f"{error.strerror}",
                hint="ssh runs it by that shell, too: `export SHELL=/bin/sh`.",
            ) from error
    said = bytearray()
    listener = threading.Thread(target=_listen, args=(process, said), daemon=True)
    listener.start()
    return ProxyCommand(near, process, said, listener)


def _words(said: bytearray) -> list[str]:
    """Lines for people; those that only underline another are left out."""
    lines = (line.strip() for line in printable(said.decode("utf-8", "replace")).splitlines())
    return [line for line in lines if any(letter.isalnum() for letter in line)]


def _listen(process: subprocess.Popen[bytes], said: bytearray) -> None:
    assert process.stderr is not None
    with process.stderr as stream:
        while piece := os.read(stream.fileno(), 65536):
            said += piece
            del said[:-_TAIL_BYTES]
