"""A real ssh-agent, and what may stand between it and us."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

LISTS, SIGNS = 11, 13
_LISTED = 12
_SUCCESS, _LOCK = 6, 22


@dataclass(frozen=True)
class SshAgent:
    """A running agent behind the socket `place`."""

    place: Path

    def add(self, key: Path, *options: str) -> None:
        """ssh-add; options such as `-c` (confirm each use) or `-t 1` (for a second)."""
        environment = {**os.environ, "SSH_AUTH_SOCK": str(self.place)}
        words = ["ssh-add", "-q", *options, str(key)]
        subprocess.run(words, check=True, env=environment, capture_output=True)

    def lock(self, password: str) -> None:
        """ssh-add -x, which would ask at a terminal."""
        with socket.socket(socket.AF_UNIX) as near:
            near.connect(str(self.place))
            near.sendall(text(bytes([_LOCK]) + text(password.encode())))
            assert _message(near) == bytes([_SUCCESS])


@contextlib.contextmanager
def ssh_agent(directory: Path, confirmed_by: Path | None = None) -> Iterator[SshAgent]:
    """Run ssh-agent. confirmed_by: a program whose exit status says yes or no to `ssh-add -c`."""
    place = directory / "agent"
    environment = dict(os.environ)
    if confirmed_by:
        environment |= {"SSH_ASKPASS": str(confirmed_by), "DISPLAY": "none:0"}
    words = ["ssh-agent", "-D", "-a", str(place)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=environment)
    try:
        deadline = time.monotonic() + 10
        while not _listens(place):  # the socket is there before the agent listens
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield SshAgent(place)
    finally:
        process.terminate()
        process.wait()


def _listens(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as near:
        return near.connect_ex(str(place)) == 0


def confirming(directory: Path, yes: bool) -> Path:
    """A program that says yes or no to every use of a key, and notes that it was asked."""
    program = directory / "confirms"
    program.write_text(
        f"#!/bin/sh\necho asked >> {directory}/confirmations\nexit {0 if yes else 1}\n"
    )
    program.chmod(0o755)
    return program


def text(data: bytes) -> bytes:
    """An SSH string."""
    return struct.pack(">I", len(data)) + data


# A security key that is not plugged in, a kind of another age, and one of an age to come.
DEVICE_KEY = text(b"sk-ssh-ed25519@openssh.com") + text(bytes(range(32))) + text(b"ssh:")
STRANGE_KEYS = (
    text(DEVICE_KEY) + text(b"security key"),
    text(text(b"ssh-dss") + text(b"\x01" * 10) * 4) + text("r\xe9sum\xe9".encode("latin-1")),
    text(text(b"ssh-of-tomorrow@example.org") + text(b"?")) + text(b"tomorrow"),
)
# No keys at all.
BROKEN_KEYS = (text(b"\xff\xfe") + text(b""), text(text(b"ssh-ed25519") + text(b"cut")) + text(b""))


@contextlib.contextmanager
def between(
    agent: SshAgent,
    directory: Path,
    more_keys: tuple[bytes, ...] = (),
    before: Callable[[int], bool] = lambda request: True,
) -> Iterator[Path]:
    """A socket that leads to the agent, with more_keys listed before its own.

    before: is told the number of each request; False hangs up.
    """
    place = directory / "between"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    listener.listen()

    def serve(near: socket.socket) -> None:
        far = socket.socket(socket.AF_UNIX)
        far.connect(str(agent.place))
        with contextlib.suppress(OSError, EOFError), near, far:
            while True:
                asked = _message(near)
                if not before(asked[0]):
                    return
                far.sendall(text(asked))
                near.sendall(text(_lengthened(_message(far), more_keys)))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=serve, args=(near,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield place
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _lengthened(answer: bytes, more_keys: tuple[bytes, ...]) -> bytes:
    if answer[0] != _LISTED:
        return answer
    (count,) = struct.unpack_from(">I", answer, 1)
    head = bytes([_LISTED]) + struct.pack(">I", count + len(more_keys))
    return head + b"".join(more_keys) + answer[5:]


def _message(end: socket.socket) -> bytes:
    (size,) = struct.unpack(">I", _read(end, 4))
    return _read(end, size)


def _read(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = end.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data
