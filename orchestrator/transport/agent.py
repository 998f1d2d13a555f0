"""The near end of an agent: a Python program sent inside its command line, spoken to in frames.

Noise that login shells print before the agent's hello line is skipped; nothing is sent before
it. `remote_payload/agent/wire.py` is the far end and describes the frames.
"""

from __future__ import annotations

import json
import re
import secrets
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from typing import Any

from orchestrator.errors import HostUnfit, HostUnreachable, LinkLost
from orchestrator.transport.base import Channel, Transport
from orchestrator.values import host_limits
from orchestrator.values.command import Command, Program, python_program
from orchestrator.values.host import Host
from orchestrator.values.text import one_line
from remote_payload.contract import codec

# What a login may take before our program speaks: without a word, and in all.
HELLO_LIMIT_S = 15.0
_LOGIN_LIMIT_S = 30.0
_NOISE_LIMIT_BYTES = 16 << 20
_NOISE_KEPT_BYTES = 4096  # for people; longer than any hello
SILENCE_LIMIT_S = 60.0
# A frame that comes more slowly than this comes from nobody who means it.
_SLOWEST_BYTES_PER_S = 4096
_CHUNK_BYTES = 4 << 20
# Far above what any agent sends at once: a host that lies cannot fill the memory here.
_FRAME_LIMIT_BYTES = 64 << 20
# What our agents send: JSON; of a job its log and its heartbeats; of a file bytes, packed ones.
_KINDS = (b"J", b"L", b"H", b"B", b"Z")
# Of what an agent says in words, for people: some messages hold a whole log.
SAID_CHARACTERS = 2000
_TOO_OLD = 86
_OLDER_STILL = "Unknown option: -I"  # of Python 2, and of 3 before 3.4
# What an agent's text begins with, behind `first`; `wire` alone where nothing else is said.
_PARTS = {
    "receive": ("wire", "snapshot", "pruning"),
    "job": ("wire", "snapshot", "processes", "cancelling"),
    "doctor": ("wire", "toolkits", "places"),
    "compile": ("wire", "toolkits"),
    "warm": ("wire", "snapshot"),
}
# Those that are modules of the payload as well.
_MODULES = ("snapshot",)
_STARTING = ("job", "watchdog")
# A comment behind a line; with a quote after it, it may be part of a text.
_REMARK = re.compile(r"  # [^'\"\n]*$", re.MULTILINE)
_QUOTES = '"""'
_LINE_SHOWN = 200
_NOT_FOUND = (126, 127)
_NOT_FOUND_BY_CSH = ": Command not found."  # with status 1
_FOR_TERMINALS = "In ~/.bashrc, `[ -t 0 ] || return` above such lines keeps them for terminals."


@lru_cache
def program(name: str) -> Program:
    """The agent program `name`: the shared parts, `wire` first, then the agent's own text.

    All of it is a string to what stands before it, `first`, so that a Python that is too old to
    read it gets to say so.
    """
    payload = resources.files("remote_payload")
    parts = ("first", *_PARTS.get(name, ("wire",)), name)
    folders = (payload / "processes" if part in _MODULES else payload / "agent" for part in parts)
    first, *rest = (
        _carried((folder / f"{part}.py").read_text("utf-8"))
        for folder, part in zip(folders, parts, strict=True)
    )
    return Program(name, f"{first}exec({''.join(rest)!a})\n")


def _carried(text: str) -> str:
    """An agent's text without what only its reader here needs, comments and docstrings: it has to
    fit into a command line's first packets.

    By its lines, as to parse it takes longer than a sync: a docstring begins a line. An agent
    therefore holds no text block with a `#` that looks like a comment's.
    """
    kept, inside = [], ""
    for line in text.splitlines(keepends=True):
        turns = line.count(_QUOTES) % 2 == 1
        begins = not inside and line.lstrip().startswith(_QUOTES)
        if not begins and inside != "docstring" and not line.lstrip().startswith("#"):
            kept.append(line)
        if turns:
            inside = "" if inside else "docstring" if begins else "text"
    return "".join(_REMARK.sub("", line) for line in kept)


def command(host: Host, name: str, nonce: str, *arguments: str) -> Command:
    """The exact command that starts agent `name` on `host`."""
    return python_program(host.python, program(name), nonce, *arguments)


class AgentSession:
    """A conversation with a started agent. noise_bytes: what the login printed before it.

    starts: it starts what goes on without it, and may have, whatever ends it: a LinkLost.
    """

    def __init__(self, channel: Channel, host: Host, nonce: str, starts: bool = True) -> None:
        self._channel = channel
        self._host, self._starts = host, starts
        self._mark = b"\n@@BSK1 " + nonce.encode() + b"\n"
        self._buffer = bytearray()
        self.noise_bytes = 0

    def wait_for_hello(self) -> None:
        """Skip login noise up to the agent's hello.

        HostUnfit says why none came. HostUnreachable: the login does not come to an end. LinkLost:
        the connection died meanwhile.
        """
        began = time.monotonic()
        while (start := self._buffer.find(self._mark)) < 0:
            self._forget(len(self._buffer) - _NOISE_KEPT_BYTES)
            if self.noise_bytes > _NOISE_LIMIT_BYTES:
                raise self._stuck(f"its login has printed {self.noise_bytes / 1e6:.0f} MB so far")
            if time.monotonic() - began > _LOGIN_LIMIT_S:
                raise self._stuck(f"its login has gone on for {_LOGIN_LIMIT_S:g} s")
            if not self._noise_came():
                raise self._no_hello()
        self._forget(start)
        del self._buffer[: len(self._mark)]

    def _forget(self, count: int) -> None:
        if count > 0:
            self.noise_bytes += count
            del self._buffer[:count]

    def _noise_came(self) -> bool:
        try:
            return self._fill(HELLO_LIMIT_S)
        except LinkLost:
            if not self._channel.is_alive():
                raise
            raise self._stuck(f"it has said nothing for {HELLO_LIMIT_S:g} s") from None

    def send(self, kind: bytes, body: bytes = b"") -> None:
        """Send one frame of raw bytes."""
        self._channel.send(kind + struct.pack(">I", len(body)) + body)

    def send_json(self, value: Any) -> None:
        """Send one J frame."""
        self.send(b"J", zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1))

    def receive(self, timeout_s: float = SILENCE_LIMIT_S) -> tuple[bytes, bytes]:
        """Return the next frame as (kind, body); LinkLost if the agent went away."""
        head = self._read(5, timeout_s, timeout_s)
        kind, size = struct.unpack(">cI", head)
        if kind not in _KINDS or size > _FRAME_LIMIT_BYTES:
            seen = (head + self._buffer[:_LINE_SHOWN]).decode("utf-8", "replace")
            raise mixed_up(self._host, f"in place of the next part came {one_line(seen)}")
        return kind, self._read(size, timeout_s, timeout_s + size / _SLOWEST_BYTES_PER_S)

    def receive_json(self, timeout_s: float = SILENCE_LIMIT_S) -> Any:
        """Return the value of the next J frame."""
        kind, body = self.receive(timeout_s)
        if kind != b"J":
            raise LinkLost(f"{self._host.where} answered out of turn ({kind!r})")
        return unpack_json(self._host, body)

    def _read(self, size: int, timeout_s: float, limit_s: float) -> bytes:
        """size bytes: with timeout_s for the next of them, and limit_s for all."""
        deadline = time.monotonic() + limit_s
        while len(self._buffer) < size:
            if time.monotonic() > deadline:
                raise LinkLost(
                    f"{self._host.where} sent {len(self._buffer)} of {size} bytes of an answer in "
                    f"{limit_s:.0f} s",
                    hint="The line or the host is too slow to work with; try again later.",
                )
            if not self._fill(timeout_s):
                raise self._broke_off()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _broke_off(self) -> LinkLost | HostUnfit:
        tail = self._channel.stderr_tail().strip()
        limit, mend = host_limits.met(tail)
        if limit:
            kind = LinkLost if self._starts else HostUnfit
            return kind(f"{self._host.where} leaves our program too little: {limit}", hint=mend)
        return LinkLost(
            f"the connection to {self._host.where} ended in the middle of an answer"
            + (f": {tail}" if tail else ""),
            hint="Run the same command again; nothing half-done is kept.",
        )

    def _fill(self, timeout_s: float) -> bool:
        data = self._channel.receive(_CHUNK_BYTES, timeout_s)
        self._buffer += data
        return bool(data)

    def _stuck(self, how: str) -> HostUnreachable:
        seen = f"{self._buffer.decode('utf-8', 'replace')}\n{self._channel.stderr_tail()}"
        lines = [line.strip() for line in seen.splitlines() if line.strip()]
        last = f"; the last of it: {lines[-1][-_LINE_SHOWN:]}" if lines else ""
        return HostUnreachable(
            f"{self._host.where} lets us in, but our program does not start there: {how}{last}",
            hint="Something in its login (~/.bashrc, ForceCommand) sleeps, waits for input, prints "
            "without end or starts another program; plain `ssh` with the command `true` shows it "
            f"too. {_FOR_TERMINALS}",
        )

    def _no_hello(self) -> HostUnfit:
        status = self._channel.exit_status(5.0)
        seen = (self._channel.stderr_tail() or self._buffer.decode("utf-8", "replace")).strip()
        last = "\n".join(seen.splitlines()[-10:])
        how = "no exit status" if status is None else f"exit {status}"
        limit, mend = host_limits.met(last)
        if limit:
            return HostUnfit(f"{self._host.where} did not start our agent: {limit}", hint=mend)
        if status in _NOT_FOUND or last == f"{self._host.python}{_NOT_FOUND_BY_CSH}":
            return HostUnfit(
                f"{self._host.where} has no {self._host.python!r}: {last}",
                hint="Install Python 3.9+ there, or set `python:` for this host in the inventory.",
            )
        if status == _TOO_OLD or _OLDER_STILL in seen:
            found = last if status == _TOO_OLD else "need 3.9, and it is older than 3.4"
            return HostUnfit(
                f"{self._host.where}: {self._host.python} is too old: {found}",
                hint="Set `python:` for this host in the inventory to a Python 3.9 or newer.",
            )
        if "support PTY" in last:
            return HostUnfit(
                f"{self._host.where} is an interactive-only SSH proxy; it runs no commands",
                hint="Use the pod's direct TCP address ('SSH over exposed TCP' in the dashboard).",
            )
        return HostUnfit(
            f"{self._host.where} did not start our agent ({how}): {last or 'no output'}",
            hint=f"Check that `{self._host.python} --version` works over a plain ssh command.",
        )


def unpack_json(host: Host, body: bytes) -> Any:
    """The value of a J frame's body. LinkLost: it was mixed with other output, or unpacks to
    more than it may. HostUnfit: it arrived whole and is no JSON, which no new try would change."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(body, _FRAME_LIMIT_BYTES + 1)
    except zlib.error as error:
        raise mixed_up(host, "one part cannot be unpacked") from error
    if len(text) > _FRAME_LIMIT_BYTES:
        raise LinkLost(f"{host.where} answered with more than {_FRAME_LIMIT_BYTES / 1e6:.0f} MB")
    if not unpacker.eof:
        raise mixed_up(host, "one part cannot be unpacked to its end")
    return understood_json(host, text)


def mixed_up(host: Host, how: str) -> LinkLost:
    """SSH lets no damage through: the bytes were mixed where they were written. how: it is seen."""
    return LinkLost(
        f"something else at {host.where} prints into our program's answer: {how}",
        hint="Something that its login starts (~/.bashrc, ForceCommand) goes on to print beside "
        f"our program; plain `ssh` with the command `sleep 9` shows it too. {_FOR_TERMINALS}",
    )


def understood_json(host: Host, text: bytes) -> Any:
    """The value of a host's JSON text, read strictly; HostUnfit if it is none."""
    try:
        return codec.parse(text)
    except codec.CodecError as error:
        raise HostUnfit(
            f"{host.where} sent an answer that makes no sense: {error.problem}",
            hint="Something else answers in its place; see what `python:` of this host starts.",
        ) from error


@contextmanager
def open_agent(transport: Transport, name: str, *arguments: str) -> Iterator[AgentSession]:
    """Start agent `name` on the transport's host and wait for its hello."""
    nonce = secrets.token_hex(8)
    line = command(transport.host, name, nonce, *arguments)
    with transport.stream(line) as channel:
        session = AgentSession(channel, transport.host, nonce, starts=name in _STARTING)
        session.wait_for_hello()
        yield session
